import { createWriteStream, mkdirSync, openAsBlob, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type Client,
  createClient,
  createProject,
  type CreateProjectDto,
  events,
  failed,
  getProject,
  getVideo,
  type ProjectView,
  runProject,
  type StageView,
  uploadImages,
} from '@castad/client';
import { Failure } from '../sandbox/failure.ts';

const photoTypes: Record<string, string> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

export interface Order {
  gatewayUrl: string;
  /** A file with the body of `POST /v1/projects`. */
  brief: string;
  /** A folder. */
  photos: string;
  signal: AbortSignal;
}

/** One film, ordered and followed by the client that others use too. */
export class Film {
  readonly #of: { client: Client; path: { projectId: string }; signal: AbortSignal };

  private constructor(client: Client, projectId: string, signal: AbortSignal) {
    this.#of = { client, path: { projectId }, signal };
  }

  static async order({ gatewayUrl, brief, photos, signal }: Order): Promise<Film> {
    const images = await photosIn(photos);
    const client = createClient({ baseUrl: gatewayUrl });
    const body = JSON.parse(readFileSync(brief, 'utf8')) as CreateProjectDto;
    const { id } = await answered(createProject({ client, body, signal }));
    const film = new Film(client, id, signal);
    await answered(uploadImages({ ...film.#of, body: { images } }));
    await answered(runProject({ ...film.#of, body: {} }));
    return film;
  }

  /** Tells of every stage when it begins and when it ends, until the film is there. */
  async follow(tell: (line: string) => void) {
    const told = new Map<string, string>();
    const isMade = async () => {
      const project = await answered(getProject(this.#of));
      for (const stage of project.stages) {
        if (stage.status === 'pending' || told.get(stage.stage) === stage.status) continue;
        told.set(stage.stage, stage.status);
        tell(`${stage.stage.padEnd(6)} ${stage.status}${duration(stage)}`);
      }
      if (!['completed', 'processing'].includes(project.status)) throw notMade(project);
      return project.status === 'completed';
    };
    if (await isMade()) return;
    const { client, path, signal } = this.#of;
    // What is told of the photos belongs to no order.
    for await (const { revision } of events({ client, ...path, signal })) if (revision > 0 && (await isMade())) return;
  }

  async download(file: string) {
    const { url } = await answered(getVideo({ ...this.#of, query: { as: 'json' } }));
    const { signal } = this.#of;
    const { ok, status, body } = await fetch(url, { signal });
    if (!ok || !body) throw new Failure(`The film cannot be read: its link answers ${status}.`);
    mkdirSync(dirname(file), { recursive: true });
    const draft = `${file}.part`;
    try {
      await pipeline(Readable.fromWeb(body), createWriteStream(draft), { signal });
      renameSync(draft, file);
    } finally {
      rmSync(draft, { force: true });
    }
  }
}

async function photosIn(folder: string): Promise<File[]> {
  const names = readdirSync(folder).filter(name => photoTypes[extname(name).toLowerCase()]);
  if (names.length === 0) {
    throw new Failure(`There is no photo in ${folder}.`, { next: 'put JPEG, PNG or WebP files there.' });
  }
  return Promise.all(
    names.sort().map(async name => {
      const type = photoTypes[extname(name).toLowerCase()];
      return new File([await openAsBlob(join(folder, name))], name, { type });
    }),
  );
}

async function answered<T>(answer: Promise<{ data?: T; error?: unknown; response?: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (data) return data;
  const { status, code, message, problem } = failed(error, response);
  throw new Failure([`The API answered ${status} ${code}: ${message}`, ...(problem?.errors ?? [])].join('\n'), {
    next: status < 500 ? 'correct what the answer names.' : 'read the logs of the services.',
  });
}

function duration({ startedAt, endedAt }: StageView): string {
  return startedAt && endedAt ? ` in ${seconds(Date.parse(endedAt) - Date.parse(startedAt))}` : '';
}

function notMade({ status, error, stages }: ProjectView): Failure {
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
