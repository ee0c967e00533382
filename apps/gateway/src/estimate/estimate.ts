import type { Stage as StageName } from '@castad/contracts';

/** How long recent attempts at each stage took, in milliseconds, ascending. */
export type StageTimes = Record<StageName, number[]>;

export const UNMEASURED: StageTimes = { lyric: [], song: [], video: [] };

export interface Estimate {
  /** Half of the recent films would have ended by then. */
  expectedAt: Date;
  /** Nine of ten recent films would have ended by then. */
  latestAt: Date;
}

/** Fewer say nothing about the next one. */
const MIN_SAMPLES = 5;

/**
 * When the work that is left will have ended. The first of the stages has run since `since`; only attempts that took
 * longer than that tell how long it still takes. Undefined: too little, or nothing comparable, was measured.
 */
export function estimateOf(
  [first, ...later]: StageName[],
  since: Date,
  times: StageTimes,
  now: Date,
): Estimate | undefined {
  if (!first) return undefined;
  const elapsed = now.getTime() - since.getTime();
  const samples = [times[first].filter(ms => ms > elapsed), ...later.map(stage => times[stage])];
  if (samples.some(sample => sample.length < MIN_SAMPLES)) return undefined;
  const at = (share: number) =>
    new Date(since.getTime() + samples.reduce((sum, sample) => sum + quantile(sample, share), 0));
  return { expectedAt: at(0.5), latestAt: at(0.9) };
}

/** By linear interpolation between the two nearest. */
export function quantile(ascending: number[], share: number): number {
  const place = (ascending.length - 1) * share;
  const [below, above] = [Math.floor(place), Math.ceil(place)];
  const [low = 0, high = 0] = [ascending[below], ascending[above]];
  return low + (high - low) * (place - below);
}
