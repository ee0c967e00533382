import { setTimeout as pause } from 'node:timers/promises';
import { gather } from './evidence.ts';
import { violations, type Violation } from './invariants/index.ts';
import type { Scene } from './scene.ts';

const ROUNDS = 4;
const PAUSE_MS = 2_000;

/** Lets the scene come to rest and says what is wrong with it then. */
export async function check(scene: Scene): Promise<Violation[]> {
  // What keeps it from resting is among the violations.
  await scene.atRest().catch(() => undefined);
  for (let round = 1; ; round++) {
    const found = violations(await gather(scene));
    // The last offsets and inbox rows may be a moment behind the last film.
    if (found.length === 0 || round === ROUNDS) return found;
    await pause(PAUSE_MS);
  }
}
