import { Failure } from '../sandbox/failure.ts';
import type { Checkout } from './checkout.ts';
import type { Turn } from './rounds.ts';
import { figure, type Figure } from './stats.ts';

/** Fewer than alone, so that both sides soon have their turn again. */
const ROUNDS = 2;

export type Figures = Record<string, Figure>;

export interface Pair {
  ours: Figures;
  theirs: Figures;
}

/** One benchmark by our services and by those of another commit, in turn, all else being the same. */
export async function compare(
  benchmark: (turn: Turn) => Promise<Figures>,
  { commit, dist }: Checkout,
  count: number,
): Promise<Figures> {
  const pairs: Pair[] = [];
  for (let pair = 1; pair <= count; pair++) {
    console.log(` pair ${pair} of ${count}, ours`);
    const ours = await benchmark({ rounds: ROUNDS });
    console.log(` pair ${pair} of ${count}, ${commit}`);
    pairs.push({ ours, theirs: await benchmark({ rounds: ROUNDS, dist }) });
  }
  return ratios(pairs, commit);
}

/** Ours / theirs of each figure, one ratio a pair. */
export function ratios(pairs: Pair[], commit: string): Figures {
  const ids = new Set(pairs.flatMap(({ ours, theirs }) => [...Object.keys(ours), ...Object.keys(theirs)]));
  if (ids.size === 0) throw new Failure(`Neither our services nor those of ${commit} gave a figure.`);
  return Object.fromEntries(
    [...ids].map(id => {
      const ours = pairs.map(pair => valueOf(pair.ours, id, 'Our services'));
      const theirs = pairs.map(pair => valueOf(pair.theirs, id, `The services of ${commit}`));
      const unit = `${pairs[0]?.ours[id]?.unit}: ours / ${commit}`;
      const perPair = ours.map((value, i) => value / (theirs[i] as number));
      return [`${id}.against`, figure(perPair, { unit, goal: 1, stretch: 1, details: { commit, ours, theirs } })];
    }),
  );
}

function valueOf(figures: Figures, id: string, whose: string): number {
  const value = figures[id]?.median;
  if (value === undefined || !Number.isFinite(value) || value <= 0)
    throw new Failure(`${whose} gave no figure ${id}${value === undefined ? '' : ` but ${value}`}.`);
  return value;
}
