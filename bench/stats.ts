import { Failure } from '../sandbox/failure.ts';

/** One figure: raw numbers per round, their median and spread, beside what we want. */
export interface Figure {
  rounds: number[];
  median: number;
  /** (max - min) / median. */
  spread: number;
  unit: string;
  goal: number;
  stretch: number;
  /** What else was counted in the same rounds. */
  details?: Record<string, unknown>;
}

export function median(values: number[]): number {
  return percentile(values, 50);
}

export function percentile(values: number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}

export function figure(rounds: number[], wanted: Pick<Figure, 'unit' | 'goal' | 'stretch' | 'details'>): Figure {
  if (rounds.length === 0 || !rounds.every(Number.isFinite))
    throw new Failure(`A figure in ${wanted.unit} has rounds that are no numbers: ${rounds.join(', ')}.`);
  const middle = median(rounds);
  return {
    rounds: rounds.map(rounded),
    median: rounded(middle),
    spread: rounded((Math.max(...rounds) - Math.min(...rounds)) / (middle || 1)),
    ...wanted,
  };
}

export const rounded = (value: number): number => Number(value.toPrecision(4));
