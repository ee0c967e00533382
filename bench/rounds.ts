/** A turn of a comparison: fewer rounds, by the services that were built in `dist` (ours when it is not given). */
export interface Turn {
  rounds: number;
  dist?: string;
}

/** One round after the other, each told when it begins. */
export async function inRounds<T>(count: number, round: (index: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let index = 0; index < count; index++) {
    console.log(`  round ${index + 1} of ${count}`);
    all.push(await round(index));
  }
  return all;
}
