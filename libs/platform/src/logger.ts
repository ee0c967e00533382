import { LoggerModule } from 'nestjs-pino';
import { ServiceConfig } from './config.ts';

/** JSON lines on standard output. Secrets are removed by key and by value, whatever brought them there. */
export const loggerModule = (service: string) =>
  LoggerModule.forRootAsync({
    inject: [ServiceConfig],
    useFactory: (config: ServiceConfig) => ({
      forRoutes: [],
      pinoHttp: {
        level: config.LOG_LEVEL,
        base: { service, pid: process.pid },
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label: string) => ({ level: label }) },
        redact: ['authorization', '*.authorization', 'headers', '*.headers', '*.config'],
        hooks: { streamWrite: config.redactor() },
      },
    }),
  });
