import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Bodies of files are handed on as they come: nothing reads them before their handler does. */
export async function acceptStreams(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  for (const type of [/^image\//, 'application/octet-stream'])
    fastify.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
  // What is left of a refused body is read to its end: whoever is still sending would not see the answer.
  fastify.addHook('onResponse', async ({ raw }) => void raw.resume());
}
