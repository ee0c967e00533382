/** Paces a polling loop: it sleeps until a wake-up or the end of its interval. A wake-up during work is not lost. */
export class Pacemaker {
  private awake = false;
  private resume?: () => void;

  constructor(private readonly idleMs: number) {}

  wake(): void {
    this.awake = true;
    this.resume?.();
  }

  /** True: a wake-up ended it. */
  async rest(ms = this.idleMs): Promise<boolean> {
    if (!this.awake) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, ms);
        this.resume = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.resume = undefined;
    }
    const isWoken = this.awake;
    this.awake = false;
    return isWoken;
  }
}
