/** How far a long run is: records looked at, of all there are. */
export interface Progress {
  done: number;
  total: number;
}

const EVERY_MS = 1_000;

/** Tells on stderr how far a long run is, once a second: stdout is for the result. */
export function tellProgress(what: string): (progress: Progress) => void {
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
