import { ProblemFilter } from '@castad/platform';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CallbackIntake } from './callback.intake.ts';

const PREFIX = '/callbacks/';

/**
 * Where providers call back. A route beside the API's: it takes any body of any type, as nothing a stranger sends may
 * be an error here. 200 for all that no repetition would mend, so that senders stop.
 */
export async function setUpCallbacks(app: NestFastifyApplication): Promise<void> {
  const intake = app.get(CallbackIntake);
  const problems = new ProblemFilter();
  await app.register(async (routes: FastifyInstance) => {
    routes.removeAllContentTypeParsers();
    routes.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    routes.setErrorHandler((error, request, reply) => problems.answer(error, request, reply));
    const receive = async (request: FastifyRequest<{ Params: { '*'?: string } }>) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      await intake.take(request.params['*']?.split('/') ?? [], body);
      return { status: 'received' };
    };
    // The router drops a trailing slash, so that the bare prefix is an address of its own.
    for (const path of [PREFIX, `${PREFIX}*`]) routes.post(path, receive);
  });
}
