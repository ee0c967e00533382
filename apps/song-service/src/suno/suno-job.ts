import { idIn, numberIn, providerDetail, secondsIn, urlIn } from '@castad/platform';
import type { SunoRecord, SunoTrack, SunoWordJson } from './suno.types.ts';

export interface SunoFile {
  trackId: string;
  url: string;
  /** Absent where Suno does not say, or says what cannot be: the file tells. */
  durationSeconds?: number;
}

export interface SunoFailure {
  code: string;
  reason: string;
  retryable: boolean;
  detail?: string;
}

/** `stalled`: there is nothing yet, and something may still come. */
export type SunoState =
  | { state: 'running' }
  | { state: 'done'; tracks: [SunoFile, ...SunoFile[]] }
  | { state: 'failed'; failure: SunoFailure }
  | { state: 'stalled'; failure: SunoFailure };

/** `echo` is the request as Suno kept it; it shows whether the job is ours. */
export type SunoJob = SunoState & { echo: string };

export interface SunoWord {
  text: string;
  start: number;
  end: number;
}

/** What one order yields. */
const MAX_TRACKS = 2;

/** A whole lyric in one word has no time that helps. */
const MAX_WORD = 1_000;

export const GENERATION_FAILED = 'SUNO_GENERATION_FAILED';

const failures = new Map<string, SunoFailure>([
  ['CREATE_TASK_FAILED', { code: 'SUNO_CREATE_FAILED', reason: 'Suno could not begin the song.', retryable: true }],
  ['GENERATE_AUDIO_FAILED', { code: GENERATION_FAILED, reason: 'Suno could not compose the song.', retryable: true }],
  [
    'SENSITIVE_WORD_ERROR',
    { code: 'SUNO_SENSITIVE_WORDS', reason: 'Suno refuses words of the lyric. Change the lyric.', retryable: false },
  ],
]);
const UNKNOWN_FAILURE = /_(FAILED|ERROR)$/;
const FAILED: SunoFailure = { code: 'SUNO_FAILED', reason: 'Suno could not make the song.', retryable: true };
const NO_TRACKS: SunoFailure = {
  code: 'SUNO_NO_TRACKS',
  reason: 'Suno finished the song without a track that can be used.',
  retryable: true,
};

export function stateOf(status: string, record: SunoRecord, redact: (text: string) => string): SunoState {
  const { response, errorCode, errorMessage } = record;
  const because = (failure: SunoFailure): SunoFailure => ({
    ...failure,
    detail: providerDetail([status, errorCode, errorMessage], redact),
  });
  const failure = failures.get(status) ?? (UNKNOWN_FAILURE.test(status) ? FAILED : undefined);
  if (failure) return { state: 'failed', failure: because(failure) };
  // A callback that did not reach us does not make the music any worse.
  const isException = status === 'CALLBACK_EXCEPTION';
  if (status !== 'SUCCESS' && !isException) return { state: 'running' };
  const [first, ...others] = tracksOf(listed(response?.sunoData));
  if (first) return { state: 'done', tracks: [first, ...others] };
  return { state: isException ? 'stalled' : 'failed', failure: because(NO_TRACKS) };
}

/** Those that can be used: one bad track of two costs only itself. */
function tracksOf(tracks: SunoTrack[]): SunoFile[] {
  const usable = tracks.flatMap(({ id, audioUrl, audio_url, duration }) => {
    const [trackId, url] = [idIn(id), urlIn(audioUrl ?? audio_url)];
    const seconds = secondsIn(duration) ?? 0;
    return trackId && url ? [{ trackId, url, ...(seconds > 0 && { durationSeconds: seconds }) }] : [];
  });
  return [...new Map(usable.map(track => [track.trackId, track])).values()].slice(0, MAX_TRACKS);
}

/** Nothing where its time is not reliable. */
export function wordOf({ word, success, startS, endS }: SunoWordJson): SunoWord[] {
  const [start, end] = [Math.max(0, numberIn(startS)), secondsIn(endS) ?? NaN];
  if (!success || typeof word !== 'string' || word.length > MAX_WORD || !(start <= end)) return [];
  return [{ text: word.replace(/\[[^\]]*\]/g, ''), start, end }];
}

/** A list from outside: perhaps none, perhaps with holes. */
export const listed = <T extends object>(list: (T | null)[] | null | undefined): T[] =>
  Array.isArray(list) ? list.filter((item): item is T => typeof item === 'object' && item !== null) : [];
