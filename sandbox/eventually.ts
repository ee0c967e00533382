import { setTimeout as delay } from 'node:timers/promises';

/** Repeats an assertion until it holds; the last failure is the error when it never does. */
export async function eventually<T>(assertion: () => Promise<T> | T, timeoutMs = 20_000): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > until) throw error;
      await delay(25);
    }
  }
}
