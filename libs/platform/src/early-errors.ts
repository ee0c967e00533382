import type { ConnectionError, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { newId } from './ids.ts';
import { PROBLEM_JSON, problemFor, problemOf, type Problem } from './problem.filter.ts';

const unreadable: Record<string, Problem> = {
  HPE_HEADER_OVERFLOW: problemFor(431, 'The address or the headers are too long.'),
  ERR_HTTP_REQUEST_TIMEOUT: problemFor(408, 'The request did not arrive in time.'),
};

/** What is refused before there is a route, or even a request, is refused in the one form as well. */
export const earlyErrors = {
  frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = { ...problemOf(error), requestId: request.id };
    void reply.status(problem.status).type(PROBLEM_JSON).send(problem);
  },
  clientErrorHandler: ({ code }: ConnectionError, socket: Socket): void => {
    const problem = unreadable[code] ?? problemFor(400, 'This is not HTTP.');
    const body = JSON.stringify({ ...problem, requestId: newId() });
    if (socket.writable)
      socket.write(
        `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: ${PROBLEM_JSON}\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
    socket.destroy();
  },
};
