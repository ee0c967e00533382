import { canonicalId, InvalidInput, InvalidShape, NotFound } from '@castad/platform';
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { type Part, partsIn } from '../image/photos.ts';

const FIELD = 'task_id';

/**
 * Reads a form as the former system took it: the field `task_id`, or a query of that name, and files in fields of any
 * name. The files are passed on as they come, so the task has to be known before the first.
 */
export async function takeForm<T>(
  request: FastifyRequest,
  idleMs: number,
  take: (taskId: string, files: AsyncIterable<Readable>) => Promise<T>,
): Promise<T> {
  const parts = partsIn(request, idleMs);
  let taskId = (request.query as Record<string, unknown>)[FIELD];
  try {
    for (;;) {
      const next = await parts.next();
      if (next.done) throw new InvalidInput('NO_FILE', 'Send at least one file, as multipart/form-data.');
      const part = next.value;
      if (part.type === 'file') return await take(idIn(taskId), filesFrom(part.file, parts));
      if (part.fieldname === FIELD) taskId = part.value;
    }
  } finally {
    await parts.return(undefined);
  }
}

async function* filesFrom(first: Readable, parts: AsyncIterable<Part>): AsyncGenerator<Readable> {
  yield first;
  for await (const part of parts) if (part.type === 'file') yield part.file;
}

function idIn(value: unknown): string {
  if (typeof value !== 'string')
    throw new InvalidShape([{ path: [FIELD], detail: `${FIELD} must come before the files` }]);
  const taskId = canonicalId(value);
  if (!taskId) throw new NotFound('TASK_NOT_FOUND', 'There is no such project.');
  return taskId;
}
