import { stopRequests } from '../sandbox/run.ts';

/** Aborted by whoever wants the benchmark to stop. */
export const stopping = stopRequests(console.log);
// Whoever still talks to what is being stopped fails, and that is no news.
stopping.addEventListener('abort', () => process.on('unhandledRejection', () => {}));

type Undo = () => Promise<void>;
const pending = new Set<Undo>();

/** What has to be undone however the benchmark ends. The answer undoes it now, and once. */
export function undoable(step: () => Promise<unknown>): Undo {
  let undone: Promise<void> | undefined;
  const undo = () => (undone ??= step().then(() => void pending.delete(undo)));
  pending.add(undo);
  return undo;
}

/** Does the work until it is done or we are asked to stop; then nothing is left behind. False when it was stopped. */
export async function toTheEnd(work: () => Promise<void>): Promise<boolean> {
  const stopped = new Promise<void>(resolve => stopping.addEventListener('abort', () => resolve()));
  try {
    await Promise.race([work(), stopped]);
  } catch (error) {
    if (!stopping.aborted) throw error;
  } finally {
    for (const undo of [...pending].reverse()) await undo().catch(console.error);
  }
  return !stopping.aborted;
}
