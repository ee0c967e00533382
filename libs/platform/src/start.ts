import { Logger as NestLogger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Logger } from 'nestjs-pino';
import { separateAdmins } from './admin-port.ts';
import { ServiceConfig } from './config.ts';
import { earlyErrors } from './early-errors.ts';
import { AppError, toError } from './errors.ts';
import { takeJson } from './json-body.ts';
import { newId } from './ids.ts';
import { Lifecycle } from './lifecycle.ts';
import { problem, PROBLEM_JSON, ProblemFilter, validationPipe } from './problem.filter.ts';

/** The token under which a service provides how it receives messages. */
export const TRANSPORT = Symbol('TRANSPORT');

export interface StartOptions {
  /** Prepares the HTTP side before it listens. */
  http?: (app: NestFastifyApplication) => Promise<void>;
}

let hasLogger = false;

const BODY_LIMIT = 256 * 1024;

/** An address with a slash at its end is the same. What is no id is not found: few are too long to look at (414). */
const routerOptions = { ignoreTrailingSlash: true, maxParamLength: 2_000 };

/** Builds the service and starts HTTP, then messages. Health answers even while the broker or database is away. */
export async function boot(module: Type, options: StartOptions = {}): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    module,
    new FastifyAdapter({
      bodyLimit: BODY_LIMIT,
      forceCloseConnections: true,
      routerOptions,
      genReqId: () => newId(),
      ...earlyErrors,
    }),
    // Our own logger takes over as soon as there is one; before that `start` says what is wrong, without a stack.
    { logger: false, abortOnError: false, bodyParser: false },
  );
  try {
    await listen(app, options);
  } catch (error) {
    await app.close();
    throw error;
  }
  new NestLogger('start').log({ url: await app.getUrl() }, 'started');
  return app;
}

async function listen(app: NestFastifyApplication, { http }: StartOptions): Promise<void> {
  app.useLogger(app.get(Logger));
  hasLogger = true;
  // By itself it would end by the signal it was sent, which looks like a death.
  app.enableShutdownHooks([], { useProcessExit: true });
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(validationPipe());
  const listenForAdmins = separateAdmins(app);
  nameRequests(app);
  refuseWorkWhileDraining(app);
  takeJson(app);
  await http?.(app);
  await app.init();
  app.connectMicroservice({ strategy: app.get<CustomTransportStrategy>(TRANSPORT) });
  const config = app.get(ServiceConfig);
  await listenForAdmins();
  await app.listen(config.PORT, config.HOST);
  await app.startAllMicroservices();
}

/** The whole of a service's `main.ts`. A service that cannot start says why and ends with code 1. */
export async function start(module: Type, options?: StartOptions): Promise<void> {
  endLoudly();
  try {
    await boot(module, options);
    // Nest listens no longer when the process is about to exit: asked again then, it would die of the signal.
    process.on('SIGTERM', () => undefined);
  } catch (error) {
    const { message, stack } = toError(error);
    console.error(error instanceof AppError ? `cannot start: ${message}` : `cannot start: ${stack}`);
    process.exit(1);
  }
}

/** What nobody caught ends the process, as what is left in memory can no longer be trusted; but never without a word. */
function endLoudly(): void {
  const logger = new NestLogger('process');
  for (const event of ['unhandledRejection', 'uncaughtException'] as const)
    process.on(event, (thrown: unknown) => {
      const { stack } = toError(thrown);
      if (hasLogger) logger.fatal({ error: stack }, event);
      else console.error(`cannot start: ${stack}`);
      process.exit(1);
    });
}

/** What a client can tell us when it asks about a request. */
function nameRequests(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
      void reply.header('x-request-id', request.id);
    });
}

function refuseWorkWhileDraining(app: NestFastifyApplication): void {
  const lifecycle = app.get(Lifecycle);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
      if (lifecycle.draining && !request.url.startsWith('/health')) {
        await reply
          .status(503)
          .header('retry-after', '5')
          .header('connection', 'close')
          .type(PROBLEM_JSON)
          .send({
            ...problem(503, 'STOPPING', 'The service is stopping. Send the request again.'),
            requestId: request.id,
          });
      }
    });
}
