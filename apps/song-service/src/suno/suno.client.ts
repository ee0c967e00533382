import { noAnswer, ProviderError, retryAfterMs } from '@castad/platform';
import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { AxiosResponse } from 'axios';
import { SongServiceConfig } from '../song-service.config.ts';
import type { SunoAlignedWords, SunoEnvelope, SunoRecord, SunoWordJson } from './suno.types.ts';

export interface SongRequest {
  title: string;
  style: string;
  sections: { label: string; lines: string[] }[];
  durationSeconds: number;
  callbackUrl: string;
}

export interface SunoFile {
  trackId: string;
  url: string;
  durationSeconds: number;
}

export type SunoState =
  | { state: 'running' }
  | { state: 'done'; tracks: [SunoFile, ...SunoFile[]] }
  | { state: 'failed'; failure: { code: string; reason: string; retryable: boolean } };

/** `echo` is the request as Suno kept it; it shows whether the job is ours. */
export type SunoJob = SunoState & { echo: string };

export interface SunoWord {
  text: string;
  start: number;
  end: number;
}

const MAX_STYLE = 1000;
const MAX_TITLE = 80;
const MAINTENANCE_MS = 5 * 60_000;
const NOT_FOUND = 'SUNO_NOT_FOUND';

/** Suno through the sunoapi.org gateway. */
@Injectable()
export class SunoClient {
  constructor(
    private readonly http: HttpService,
    private readonly config: SongServiceConfig,
  ) {}

  /** Orders a song: two tracks. Costs credits. @throws ProviderError, `refused` when surely nothing was ordered */
  async submit(request: SongRequest): Promise<string> {
    const { data } = await this.call<{ taskId?: string }>('POST', '/api/v1/generate', {
      customMode: true,
      instrumental: false,
      model: this.config.SUNO_MODEL,
      title: request.title.slice(0, MAX_TITLE),
      style: request.style.slice(0, MAX_STYLE),
      prompt: request.sections.map(({ label, lines }) => `[${capitalised(label)}]\n${lines.join('\n')}`).join('\n\n'),
      duration: request.durationSeconds,
      callBackUrl: request.callbackUrl,
    });
    if (typeof data?.taskId !== 'string' || !data.taskId) throw garbage();
    return data.taskId;
  }

  /** Undefined: Suno does not know the job, or does not yet. */
  async find(jobId: string): Promise<SunoJob | undefined> {
    const path = `/api/v1/generate/record-info?taskId=${encodeURIComponent(jobId)}`;
    const answer = await this.call<SunoRecord>('GET', path).catch((error: unknown) => {
      if (error instanceof ProviderError && error.code === NOT_FOUND) return undefined;
      throw error;
    });
    if (!answer) return undefined;
    if (!answer.data?.status) throw garbage();
    return { echo: answer.data.param ?? '', ...stateOf(answer.data) };
  }

  /** When each word of a track is sung; only words whose time is reliable. */
  async words(jobId: string, trackId: string): Promise<SunoWord[]> {
    const { data } = await this.call<SunoAlignedWords>('POST', '/api/v1/generate/get-timestamped-lyrics', {
      taskId: jobId,
      audioId: trackId,
    });
    return listed(data?.alignedWords).flatMap(wordOf);
  }

  private async call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<SunoEnvelope<T>> {
    const response = await this.http.axiosRef
      .request<unknown>({
        method,
        url: this.config.SUNO_BASE_URL + path,
        data: body,
        headers: { authorization: `Bearer ${this.config.SUNO_API_KEY}` },
      })
      .catch((error: unknown) => {
        throw noAnswer('suno', error);
      });
    return envelopeOf<T>(response);
  }
}

/** The job a callback speaks of. */
export function jobIdIn(body: unknown): string | undefined {
  const id = (body as { data?: { task_id?: unknown } } | null)?.data?.task_id;
  return typeof id === 'string' && id.length > 0 && id.length <= 100 ? id : undefined;
}

function envelopeOf<T>({ status, data, headers }: AxiosResponse<unknown>): SunoEnvelope<T> {
  const code = (data as SunoEnvelope<T> | null)?.code;
  if (status === 200 && code === 200) return data as SunoEnvelope<T>;
  if (status === 200 && typeof code !== 'number') throw garbage();
  throw errorOf(
    typeof code === 'number' ? code : status,
    typeof code === 'number',
    retryAfterMs(headers['retry-after']),
  );
}

/** Without an envelope a 429 is a proxy's rate limit; with one it means that the credits are used up. */
function errorOf(code: number, enveloped: boolean, retryAfter: number | undefined): ProviderError {
  const error = (
    name: string,
    message: string,
    options: { retriable?: boolean; refused?: boolean; account?: boolean; retryAfterMs?: number },
  ) =>
    new ProviderError(`SUNO_${name}`, message, {
      retryAfterMs: retryAfter,
      cause: new Error(`suno answered ${code}`),
      ...options,
    });
  if (code === 401) return error('UNAUTHORIZED', 'Suno refuses our key.', { refused: true });
  if (code === 429 && enveloped)
    return error('CREDITS_EXHAUSTED', 'The Suno credits are used up.', { refused: true, account: true });
  if (code === 429 || code === 430 || code === 405)
    return error('RATE_LIMITED', 'Suno is called too often.', { refused: true, retriable: true });
  if (code === 455)
    return error('MAINTENANCE', 'Suno is under maintenance.', {
      refused: true,
      account: true,
      retryAfterMs: retryAfter ?? MAINTENANCE_MS,
    });
  if (code === 404) return error('NOT_FOUND', 'Suno does not know what was asked for.', { refused: true });
  if (code === 413) return error('TOO_LONG', 'The lyric or style is too long for Suno.', { refused: true });
  if (code >= 400 && code < 500) return error('REFUSED', 'Suno refuses the request.', { refused: true });
  return error('SERVER_ERROR', 'Suno failed.', { retriable: true });
}

const garbage = () =>
  new ProviderError('SUNO_GARBAGE', 'Suno answered something that is not its API.', { retriable: true });

const failures: Record<string, { code: string; reason: string; retryable: boolean }> = {
  CREATE_TASK_FAILED: { code: 'SUNO_CREATE_FAILED', reason: 'Suno could not begin the song.', retryable: true },
  GENERATE_AUDIO_FAILED: {
    code: 'SUNO_GENERATION_FAILED',
    reason: 'Suno could not compose the song.',
    retryable: true,
  },
  SENSITIVE_WORD_ERROR: {
    code: 'SUNO_SENSITIVE_WORDS',
    reason: 'Suno refuses words of the lyric. Change the lyric.',
    retryable: false,
  },
};

function stateOf({ status, response }: SunoRecord): SunoState {
  const failure = failures[status];
  if (failure) return { state: 'failed', failure };
  // A callback that did not reach us does not make the music any worse.
  const finished = status === 'SUCCESS' || status === 'CALLBACK_EXCEPTION';
  const [first, ...others] = listed(response?.sunoData).flatMap(({ id, audioUrl, duration }) =>
    id && audioUrl && duration ? [{ trackId: id, url: audioUrl, durationSeconds: duration }] : [],
  );
  return finished && first ? { state: 'done', tracks: [first, ...others] } : { state: 'running' };
}

/** A list from outside: perhaps none, perhaps with holes. */
const listed = <T extends object>(list: (T | null)[] | null | undefined): T[] =>
  Array.isArray(list) ? list.filter((item): item is T => typeof item === 'object' && item !== null) : [];

function wordOf({ word, success, startS, endS }: SunoWordJson): SunoWord[] {
  const isReliable = success && Number.isFinite(startS) && Number.isFinite(endS);
  if (!isReliable || typeof word !== 'string') return [];
  return [{ text: word.replace(/\[[^\]]*\]/g, ''), start: Math.max(0, startS as number), end: endS as number }];
}

const capitalised = (label: string): string => label.charAt(0).toUpperCase() + label.slice(1);
