import type { EntityName } from '@mikro-orm/core';
import { HttpModule } from '@nestjs/axios';
import { Module, type DynamicModule } from '@nestjs/common';
import { InternalConfig, loadConfig, ServiceConfig } from './config.ts';
import { Database, ENTITIES } from './database.ts';
import { HealthController } from './health.controller.ts';
import { httpOptions } from './http-client.ts';
import { Lifecycle } from './lifecycle.ts';
import { loggerModule } from './logger.ts';
import { Metrics } from './metrics.ts';
import { Retention } from './retention.ts';

export interface PlatformOptions<C extends ServiceConfig> {
  /** The service's name: its consumer group, its name in logs and topics. */
  service: string;
  config: new () => C;
  entities: EntityName[];
}

/** What any service needs to exist: configuration, database, HTTP client, logs, health, metrics, a clean end. */
@Module({})
export class PlatformModule {
  static forService<C extends ServiceConfig>({ service, config, entities }: PlatformOptions<C>): DynamicModule {
    const internal = config.prototype instanceof InternalConfig ? [InternalConfig] : [];
    return {
      module: PlatformModule,
      global: true,
      imports: [loggerModule(service), HttpModule.registerAsync({ inject: [ServiceConfig], useFactory: httpOptions })],
      controllers: [HealthController],
      providers: [
        { provide: config, useFactory: () => loadConfig(config) },
        ...[ServiceConfig, ...internal].map(provide => ({ provide, useExisting: config })),
        { provide: ENTITIES, useValue: entities },
        Database,
        Lifecycle,
        Metrics,
        Retention,
      ],
      exports: [config, ServiceConfig, ...internal, Database, Lifecycle, Metrics, Retention, HttpModule],
    };
  }
}
