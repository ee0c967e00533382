import { Controller, Get, Header, HttpStatus, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Gauge } from 'prom-client';
import { Database } from './database.ts';
import { toError } from './errors.ts';
import { Lifecycle, type Probe } from './lifecycle.ts';
import { Metrics } from './metrics.ts';

@Controller()
export class HealthController {
  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly metrics: Metrics,
    database: Database,
  ) {
    lifecycle.addProbe({ name: 'database', decides: 'ready', check: () => database.ping() });
    const help = 'Whether a part of the service can do its work';
    metrics.gauge('castad_probe_up', help, ['probe'], up => this.measure(up));
  }

  /** The process answers; restart it if it does not. */
  @Get('health/live')
  live() {
    return { status: 'ok' };
  }

  /** Whether requests should be sent here. What else is not well is a detail. */
  @Get('health/ready')
  ready(@Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(reply, 'ready');
  }

  /** Whether messages are handled here: for whoever watches and deploys, never for a load balancer. */
  @Get('health/consumer')
  consumer(@Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(reply, 'consumer');
  }

  /** Prometheus text format. */
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async scrape() {
    return this.metrics.registry.metrics();
  }

  private async answer(reply: FastifyReply, decides: Probe['decides']) {
    const { draining, probes } = this.lifecycle;
    const [checks, details] = await Promise.all([
      results(probes.filter(probe => probe.decides === decides)),
      results(decides === 'ready' ? probes.filter(probe => probe.decides !== decides) : []),
    ]);
    const ready = !draining && Object.values(checks).every(result => result === OK);
    void reply.status(ready ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return { status: ready ? OK : draining ? 'draining' : 'not ready', checks, details };
  }

  private async measure(up: Gauge<'probe'>): Promise<void> {
    // A database that is away would hold every scrape up; readiness tells.
    const quick = this.lifecycle.probes.filter(({ decides }) => decides !== 'ready');
    for (const [probe, result] of Object.entries(await results(quick))) up.set({ probe }, result === OK ? 1 : 0);
  }
}

const OK = 'ok';

async function results(probes: Probe[]): Promise<Record<string, string>> {
  const entries = probes.map(async probe => {
    try {
      await probe.check();
      return [probe.name, OK] as const;
    } catch (error) {
      return [probe.name, toError(error).message] as const;
    }
  });
  return Object.fromEntries(await Promise.all(entries));
}
