import { Unavailable } from '../errors.ts';
import { Spacing } from './spacing.ts';

const MAX_ITEMS = 500;
const SPACING_MS = 30;

interface Waiting<T, R> {
  item: T;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

/**
 * Coalesces concurrent calls into batches (group commit). While one batch runs, the next one fills. A failing batch is
 * repeated one item at a time, so that only the caller of the failing item sees the error; when the database or broker
 * is unavailable, all of them see it at once.
 */
export class Batcher<T, R = void> {
  private waiting: Waiting<T, R>[] = [];
  private running = false;
  private readonly spacing = new Spacing(SPACING_MS);

  constructor(private readonly run: (items: T[]) => Promise<R[]>) {}

  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.running) return;
      this.running = true;
      // Everything that becomes ready in this turn of the event loop joins the first batch.
      setImmediate(() => void this.drain());
    });
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      await this.spacing.begin();
      const batch = this.waiting.splice(0, MAX_ITEMS);
      await this.together(batch);
      this.spacing.carried(batch.length);
    }
    this.running = false;
  }

  private async together(batch: Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, i) => resolve(results[i] as R));
    } catch (error) {
      if (batch.length === 1 || error instanceof Unavailable) for (const { reject } of batch) reject(error);
      else for (const one of batch) await this.together([one]);
    }
  }
}
