import { bootWith, testBed, type TestBed } from '@castad/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';

export interface Alone {
  bed: TestBed;
  env: Record<string, string>;
  app: NestFastifyApplication;
}

/** The gateway and nobody else: what the services say, the test says. */
export async function startAlone(): Promise<Alone> {
  const bed = await testBed({ parts: ['kafka', 'mariadb'] });
  await bed.migrate('gateway', migrations);
  const env = bed.env('gateway', {
    STORAGE_URL: 'http://127.0.0.1:9',
    VIDEO_URL: 'http://127.0.0.1:9',
    INTERNAL_SECRET: 'the-secret-of-the-services',
    WORKER_POLL_MS: '100',
    KAFKA_SESSION_TIMEOUT_MS: '6000',
  });
  return { bed, env, app: await bootWith(env, GatewayModule, { http: setUpHttp }) };
}
