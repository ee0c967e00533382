import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { ServiceConfig } from './config.ts';

const ADMIN_ROUTES = /^\/(health\/|metrics$)/;

/** With `ADMIN_PORT`, health and metrics are answered at that port and nowhere else; without, beside everything else. */
export function separateAdmins(app: NestFastifyApplication): () => Promise<void> {
  const { ADMIN_PORT, HOST } = app.get(ServiceConfig);
  if (ADMIN_PORT === undefined) return async () => undefined;
  const fastify = app.getHttpAdapter().getInstance();
  const server = createServer((request, response) => fastify.routing(request, response));
  const sockets = new WeakSet();
  server.on('connection', socket => sockets.add(socket));
  fastify.addHook('onRequest', async ({ routeOptions, raw }: FastifyRequest, reply: FastifyReply) => {
    if (ADMIN_ROUTES.test(routeOptions.url ?? '') !== sockets.has(raw.socket)) reply.callNotFound();
  });
  fastify.addHook('onClose', async () => {
    server.close();
    server.closeAllConnections();
  });
  return async () => {
    await once(server.listen(ADMIN_PORT, HOST), 'listening');
  };
}
