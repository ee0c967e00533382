/** Comparisons that take a few milliseconds; longer texts are not worth stopping everything else. */
const MAX_CELLS = 2_000_000;

/** A letter that follows its predecessor in both texts tells more than one that stands alone. */
const IN_A_RUN = 3;

/** For each letter of `a` the index of the same letter in `b`, in order, as many as possible and rather in runs. */
export function align(a: string[], b: string[]): (number | undefined)[] {
  let same = 0;
  // Usually all is sung as it is written.
  while (same < a.length && a[same] === b[same]) same++;
  const pairs: (number | undefined)[] = a.map((_, i) => (i < same ? i : undefined));
  for (const [i, j] of longest(a.slice(same), b.slice(same))) pairs[same + i] = same + j;
  return pairs;
}

/** The best common subsequence by dynamic programming, as pairs of indexes. */
function longest(a: string[], b: string[]): [number, number][] {
  const width = b.length + 1;
  if (a.length * b.length > MAX_CELLS) return [];
  // The best up to here, and the best that ends with this pair.
  const best = new Int32Array((a.length + 1) * width);
  const paired = new Int32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const here = i * width + j;
      const diagonal = here - width - 1;
      if (a[i - 1] === b[j - 1]) {
        const run = paired[diagonal] as number;
        paired[here] = Math.max((best[diagonal] as number) + 1, run > 0 ? run + IN_A_RUN : 0);
      }
      best[here] = Math.max(best[here - width] as number, best[here - 1] as number, paired[here] as number);
    }
  }
  return traced(best, paired, width);
}

function traced(best: Int32Array, paired: Int32Array, width: number): [number, number][] {
  const pairs: [number, number][] = [];
  let inRun = false;
  for (let here = best.length - 1; here >= width && here % width > 0;) {
    const pair = paired[here] as number;
    if (pair > 0 && (inRun || pair === best[here])) {
      pairs.push([Math.floor(here / width) - 1, (here % width) - 1]);
      const diagonal = here - width - 1;
      inRun = pair === (paired[diagonal] as number) + IN_A_RUN && (paired[diagonal] as number) > 0;
      here = diagonal;
    } else if (best[here] === best[here - width]) here -= width;
    else here -= 1;
  }
  return pairs;
}
