import { applyDecorators, HttpStatus } from '@nestjs/common';
import { ApiFoundResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblem } from '../openapi.ts';
import type { Link } from '../storage/file-links.ts';
import { type LinkQuery, LinkView } from './result.dto.ts';

/** A file by a signed link, which takes HEAD and Range as well. */
export const ApiLink = (summary: string) =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiFoundResponse({ description: 'A signed link.' }),
    ApiOkResponse({ type: LinkView, description: 'With `as=json`.' }),
    ApiProblem(400, 404, 409, 410),
  );

/** A link is a secret, so no cache may keep it. */
export async function answer(reply: FastifyReply, { as }: LinkQuery, link: Link): Promise<void> {
  void reply.header('cache-control', 'no-store');
  if (as === 'json') await reply.send(link);
  else await reply.redirect(link.url, HttpStatus.FOUND);
}
