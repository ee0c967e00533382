/** A token bucket's measures. */
export interface RateLimit {
  perSecond: number;
  burst: number;
  /** How long a token is good for: a call that comes later takes another one. */
  freshMs: number;
}

/** A provider's account, shared by all processes of the service. */
export interface ProviderAccount {
  name: string;
  /** Absent: as many calls as there is work. */
  limit?: RateLimit;
}

/** From a token to its call, with a commit between them. */
const SLACK_SECONDS = 1;

/**
 * At most `calls` in any window of `seconds`, as the provider sees them: a fifth may come at once, the rest is spread
 * (a bucket that allowed all of it at once would let nearly twice as many through in one window), and the window is
 * stretched by the time that may pass between a token and its call.
 */
export function atMost(name: string, calls: number, seconds: number): ProviderAccount {
  const burst = Math.max(1, calls * 0.2);
  const perSecond = (calls + 1 - burst) / (seconds + SLACK_SECONDS);
  return { name, limit: { burst, perSecond, freshMs: SLACK_SECONDS * 1_000 } };
}
