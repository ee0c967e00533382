/**
 * Gathers what many callers ask for at the same time into one call (a group commit). While one batch runs, the next
 * one collects. A failing batch is repeated one item at a time, so that only the culprit's caller sees an error.
 */
export class Batcher<T, R = void> {
  private waiting: { item: T; resolve: (result: R) => void; reject: (error: unknown) => void }[] = [];
  private running = 0;

  constructor(
    private readonly run: (items: T[]) => Promise<R[]>,
    private readonly limits: { size: number; concurrency?: number },
  ) {}

  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.running < (this.limits.concurrency ?? 1)) {
        this.running++;
        // Everything that becomes ready in this turn of the event loop joins the first batch.
        setImmediate(() => void this.drain());
      }
    });
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.limits.size);
      try {
        const results = await this.run(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, i) => resolve(results[i] as R));
      } catch (error) {
        if (batch.length === 1) batch[0]?.reject(error);
        else
          for (const { item, resolve, reject } of batch)
            await this.run([item]).then(([result]) => resolve(result as R), reject);
      }
    }
    this.running--;
  }
}
