import 'reflect-metadata';
import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { Server } from '@nestjs/microservices';
import { PlatformModule, ServiceConfig, start, TRANSPORT } from '../src/index.ts';

class NoTransport extends Server {
  listen(done: () => void): void {
    done();
  }
  close(): void {}
  on(): void {}
  unwrap<T>(): T {
    return undefined as T;
  }
}

class CrashConfig extends ServiceConfig {}

/** Does what no part of a service should, when it is told to: nobody is there to be told. */
@Module({
  imports: [PlatformModule.forService({ service: 'singer', config: CrashConfig, entities: [] })],
  providers: [{ provide: TRANSPORT, useClass: NoTransport }],
})
class CrashModule implements OnApplicationBootstrap {
  onApplicationBootstrap(): void {
    const error = new Error(`lost ${process.env.MYSQL_URL}`);
    setImmediate(() => {
      if (!process.env.CRASH) return;
      if (process.env.CRASH === 'rejection') void Promise.reject(error);
      else throw error;
    });
  }
}

await start(CrashModule);
