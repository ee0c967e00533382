import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The service's Prometheus registry. Names are `castad_<what>_<unit>`. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  /**
   * Several may ask for the same one, by its name.
   * @param measure sets the values when they are asked for
   */
  gauge<L extends string>(
    name: string,
    help: string,
    labelNames: L[] = [],
    measure?: (gauge: Gauge<L>) => Promise<void>,
  ): Gauge<L> {
    const known = this.registry.getSingleMetric(name);
    if (known) return known as Gauge<L>;
    const collect = measure && { collect: async (): Promise<void> => measure(gauge) };
    const gauge: Gauge<L> = new Gauge({ name, help, labelNames, registers: [this.registry], ...collect });
    return gauge;
  }

  /** Buckets suit durations in seconds from a millisecond to two minutes. */
  histogram<L extends string>(name: string, help: string, labelNames: L[] = []): Histogram<L> {
    const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30, 60, 120];
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }
}
