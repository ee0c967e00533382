import { AppError, PROBLEM_JSON, type Problem } from '@castad/platform';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of a route of the former system: the route that takes its place. */
    successor?: string;
  }
}

const DEPRECATED_AT = new Date('2026-12-01T00:00:00Z');
const ENDS_AT = new Date('2027-12-01T00:00:00Z');

/** What the routes of the former system have in common: they say that they end, and they refuse as FastAPI does. */
export function setUpLegacy(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preHandler', async ({ method, routeOptions }, reply) => {
      if (method !== 'HEAD' || !routeOptions.config.successor) return;
      void reply.header('allow', 'GET');
      // Some of these routes start work, which no HEAD may do.
      throw new AppError('METHOD_NOT_ALLOWED', 'Method Not Allowed', { status: 405 });
    })
    .addHook('preSerialization', async ({ routeOptions }, reply, payload) => {
      const isRefusal = String(reply.getHeader('content-type')).startsWith(PROBLEM_JSON);
      if (!routeOptions.config.successor || !isRefusal) return payload;
      const problem = payload as Problem;
      if (problem.status === 400) void reply.status(422);
      void reply.type('application/json');
      return { detail: detailOf(problem), code: problem.code };
    })
    .addHook('onSend', async (request, reply, payload) => {
      const { successor } = request.routeOptions.config;
      if (!successor) return payload;
      const links = [reply.getHeader('link'), `<${pathOf(successor, request)}>; rel="successor-version"`];
      void reply.headers({
        'cache-control': 'no-store',
        deprecation: `@${DEPRECATED_AT.getTime() / 1000}`,
        sunset: ENDS_AT.toUTCString(),
        link: links.filter(Boolean).join(', '),
      });
      return payload;
    });
}

const detailOf = ({ title, errors }: Problem): string | object[] =>
  errors ? errors.map(msg => ({ type: 'value_error', loc: ['body', ...placeIn(msg)], msg })) : title;

/** Each text begins with the path of what it is about. */
const placeIn = (msg: string): string[] => (/^[\w.[\]]+/.exec(msg)?.[0] ?? '').split(/[.[\]]+/).filter(Boolean);

const pathOf = (successor: string, { params }: FastifyRequest): string =>
  successor.replace('{task_id}', encodeURIComponent((params as { task_id?: string }).task_id ?? ''));
