import type { Progress } from '@castad/messaging';

const EVERY_MS = 1_000;

/** Tells on stderr how far a long run is, once a second: stdout is for the result. */
export function progress(what: string): (progress: Progress) => void {
  const began = performance.now();
  let told = began;
  return ({ done, total }) => {
    const now = performance.now();
    if (now - told < EVERY_MS) return;
    told = now;
    const rate = Math.round((done * 1000) / (now - began));
    console.error(`${what}: ${done} of ${total} records (${Math.floor((done * 100) / total)} %), ${rate}/s`);
  };
}

export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;
