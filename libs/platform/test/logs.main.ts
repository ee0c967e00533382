import 'reflect-metadata';
import { Global, Logger as NestLogger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';
import { loadConfig, ServiceConfig } from '../src/index.ts';
import { loggerModule } from '../src/logger.ts';

@Global()
@Module({
  providers: [{ provide: ServiceConfig, useFactory: () => loadConfig(ServiceConfig) }],
  exports: [ServiceConfig],
})
class ConfigModule {}

@Module({ imports: [ConfigModule, loggerModule('singer')] })
class LogsModule {}

const app = await NestFactory.createApplicationContext(LogsModule, { bufferLogs: true });
app.useLogger(app.get(Logger));
const logger = new NestLogger('test');
logger.log({ taskId: 'task-1', url: `http://sing.test/?key=${process.env.KAFKA_PASSWORD}` }, 'asked');
logger.error({ error: `cannot connect to ${process.env.MYSQL_URL}` });
logger.warn({ request: { headers: { authorization: 'Bearer other-token' } }, authorization: 'Basic other-token' });
logger.log({ link: 'https://store.test/film.mp4?sv=2025&sig=c2lnbmF0dXJl%3D&se=2030' }, 'line one\nline two');
await app.close();
