import { providerDetail, secondsIn, urlIn } from '@castad/platform';

/** Creatomate's own; any value may be missing or of another type than documented. */
export interface RenderJson {
  id?: unknown;
  status?: unknown;
  url?: unknown;
  snapshot_url?: unknown;
  duration?: unknown;
  error_message?: unknown;
  metadata?: unknown;
}

export interface RenderFailure {
  code: string;
  reason: string;
  retryable: boolean;
  detail?: string;
}

export type RenderState =
  | { state: 'running' }
  /** `durationSeconds` is absent where Creatomate does not say, or says what cannot be. */
  | { state: 'done'; url: string; posterUrl?: string; durationSeconds?: number }
  | { state: 'failed'; failure: RenderFailure };

const CANCELLED = { code: 'CREATOMATE_CANCELLED', reason: 'The render was cancelled at Creatomate.', retryable: true };
const ASSET_UNREACHABLE = {
  code: 'CREATOMATE_ASSET_UNREACHABLE',
  reason: 'Creatomate could not fetch a photo or the song.',
  retryable: true,
};
const RENDER_FAILED = {
  code: 'CREATOMATE_RENDER_FAILED',
  reason: 'Creatomate could not render the film.',
  retryable: true,
};
const NO_FILE = {
  code: 'CREATOMATE_NO_FILE',
  reason: 'Creatomate finished the render without a file that can be fetched.',
  retryable: true,
};

/** How a render stands. A status that is neither an end nor a failure by its name means: still working. */
export function stateOf(render: RenderJson, redact: (text: string) => string): RenderState {
  const status = String(render.status).toLowerCase();
  const failed = (failure: RenderFailure): RenderState => ({
    state: 'failed',
    failure: { ...failure, detail: providerDetail([render.status, render.error_message], redact) },
  });
  if (/^cancell?ed$/.test(status)) return failed(CANCELLED);
  if (/(failed|failure|error)$/.test(status))
    return failed(isAboutAsset(render.error_message) ? ASSET_UNREACHABLE : RENDER_FAILED);
  if (status !== 'succeeded') return { state: 'running' };
  const url = urlIn(render.url);
  return url ? { state: 'done', url, ...extrasOf(render) } : failed(NO_FILE);
}

/** A film is none the worse without a poster, and its length is known from what was ordered. */
function extrasOf({ snapshot_url, duration }: RenderJson): { posterUrl?: string; durationSeconds?: number } {
  const [posterUrl, durationSeconds] = [urlIn(snapshot_url), secondsIn(duration)];
  return { ...(posterUrl && { posterUrl }), ...(durationSeconds && { durationSeconds }) };
}

const isAboutAsset = (message: unknown): boolean =>
  typeof message === 'string' && /fetch|asset|download|source/i.test(message);
