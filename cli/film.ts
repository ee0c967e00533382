import { createWriteStream, mkdirSync, openAsBlob, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '../sandbox/failure.ts';

const photoTypes: Record<string, string> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

interface Stage {
  stage: string;
  status: 'pending' | 'running' | 'completed' | 'failed';
  startedAt?: string;
  endedAt?: string;
}

interface Problem {
  code: string;
  reason: string;
  retryable: boolean;
}

interface Project {
  status: string;
  stages: Stage[];
  error?: Problem;
}

export interface Order {
  gatewayUrl: string;
  /** A file with the body of `POST /v1/projects`. */
  brief: string;
  /** A folder. */
  photos: string;
  signal: AbortSignal;
}

/** One film, ordered and followed as any client of the REST API would. */
export class Film {
  readonly #url: string;
  readonly #signal: AbortSignal;

  private constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  static async order({ gatewayUrl, brief, photos, signal }: Order): Promise<Film> {
    const form = await photoForm(photos);
    const projects = `${gatewayUrl}/v1/projects`;
    const headers = { 'content-type': 'application/json' };
    const created = await call(projects, { method: 'POST', headers, body: readFileSync(brief), signal });
    const { id } = (await created.json()) as { id: string };
    const film = new Film(`${projects}/${id}`, signal);
    await call(`${film.#url}/images`, { method: 'POST', body: form, signal });
    await call(`${film.#url}/run`, { method: 'POST', headers, body: '{}', signal });
    return film;
  }

  /** Tells of every stage when it begins and when it ends, until the film is there. */
  async follow(tell: (line: string) => void) {
    const told = new Map<string, string>();
    for (;;) {
      const response = await call(this.#url, { signal: this.#signal });
      const project = (await response.json()) as Project;
      for (const stage of project.stages) {
        if (stage.status === 'pending' || told.get(stage.stage) === stage.status) continue;
        told.set(stage.stage, stage.status);
        tell(`${stage.stage.padEnd(6)} ${stage.status}${duration(stage)}`);
      }
      if (project.status === 'completed') return;
      if (project.status !== 'processing') throw notMade(project);
      await pause(100, undefined, { signal: this.#signal });
    }
  }

  async download(file: string) {
    const { body } = await call(`${this.#url}/video`, { signal: this.#signal });
    if (!body) throw new Failure('The film is empty.');
    mkdirSync(dirname(file), { recursive: true });
    const draft = `${file}.part`;
    try {
      await pipeline(Readable.fromWeb(body), createWriteStream(draft), { signal: this.#signal });
      renameSync(draft, file);
    } finally {
      rmSync(draft, { force: true });
    }
  }
}

async function photoForm(folder: string): Promise<FormData> {
  const files = readdirSync(folder).filter(file => photoTypes[extname(file).toLowerCase()]);
  if (files.length === 0) {
    throw new Failure(`There is no photo in ${folder}.`, { next: 'put JPEG, PNG or WebP files there.' });
  }
  const form = new FormData();
  for (const file of files.sort()) {
    const type = photoTypes[extname(file).toLowerCase()];
    form.append('images', await openAsBlob(join(folder, file), { type }), basename(file));
  }
  return form;
}

async function call(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (response.ok) return response;
  const said = await response.text();
  throw new Failure(`${init.method ?? 'GET'} ${url} was answered with ${response.status}: ${said}`, {
    next: response.status < 500 ? 'correct what the answer names.' : 'read the logs of the services.',
  });
}

function duration({ startedAt, endedAt }: Stage): string {
  return startedAt && endedAt ? ` in ${seconds(Date.parse(endedAt) - Date.parse(startedAt))}` : '';
}

function notMade({ status, error, stages }: Project): Failure {
  const at = stages.find(stage => stage.status === 'failed')?.stage;
  const why = error ? `: ${error.reason} (${error.code})` : '';
  return new Failure(`The film is ${status}${at ? ` at the stage ${at}` : ''}${why}.`, {
    next: error?.retryable
      ? 'try again: the same order can succeed later.'
      : 'change what the reason names, and try again.',
  });
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
