import { Controller, Get, Header, HttpStatus, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Database } from './database.ts';
import { toError } from './errors.ts';
import { Lifecycle } from './lifecycle.ts';
import { Metrics } from './metrics.ts';

@Controller()
export class HealthController {
  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly database: Database,
    private readonly metrics: Metrics,
  ) {}

  /** The process answers; restart it if it does not. */
  @Get('health/live')
  live() {
    return { status: 'ok' };
  }

  /** Whether work should be sent here. */
  @Get('health/ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const probes = [{ name: 'database', check: () => this.database.ping() }, ...this.lifecycle.probes];
    const checks = Object.fromEntries(
      await Promise.all(
        probes.map(async probe => {
          try {
            await probe.check();
            return [probe.name, 'ok'];
          } catch (error) {
            return [probe.name, toError(error).message];
          }
        }),
      ),
    ) as Record<string, string>;
    const ready = !this.lifecycle.draining && Object.values(checks).every(result => result === 'ok');
    void reply.status(ready ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return { status: ready ? 'ok' : this.lifecycle.draining ? 'draining' : 'not ready', checks };
  }

  /** Prometheus text format. */
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async scrape() {
    return this.metrics.registry.metrics();
  }
}
