const BASE_MS = 1_000;
const MAX_MS = 60_000;

/** Full jitter: a random wait up to a limit that doubles with each try, never shorter than the provider asked for. */
export const backOffMs = (tries: number, retryAfterMs = 0): number =>
  Math.max(retryAfterMs, Math.random() * Math.min(MAX_MS, BASE_MS * 2 ** tries));
