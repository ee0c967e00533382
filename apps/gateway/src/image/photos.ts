import { MAX_IMAGES } from '@castad/contracts';
import { AppError, InvalidInput, toError } from '@castad/platform';
import multipart, { type MultipartFile } from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

const FIELD = 'images';

/** One file more than are taken, and some fields, so that the refusal is our own. */
const FORM_LIMITS = { files: MAX_IMAGES + 1, fields: 10, fieldSize: 1024 };

/** What is wrong with a file, or with the form around it, is the error that the file ends in. */
export type Part =
  { type: 'file'; fieldname: string; file: Readable } | { type: 'field'; fieldname: string; value: unknown };

/** Lets forms in, with files of at most so many bytes. */
export async function acceptForms(app: FastifyInstance, maxBytes: number): Promise<void> {
  await app.register(multipart, { limits: { ...FORM_LIMITS, fileSize: maxBytes } });
  // What is left of a refused upload is read to its end: it would hold up the next request of its connection.
  app.addHook('onResponse', async ({ raw }) => {
    raw.unpipe();
    raw.resume();
  });
}

/**
 * The files of a form, as they come: the next one is read when the one before has been.
 * @throws AppError saying what is wrong with the form; a client that is silent for `idleMs` while we wait for it is cut off
 */
export async function* photosIn(request: FastifyRequest, idleMs: number): AsyncGenerator<Readable> {
  for await (const part of partsIn(request, idleMs)) {
    if (part.fieldname !== FIELD)
      throw new InvalidInput('UNKNOWN_FIELD', `Send files in the field ${FIELD}, and nothing else.`);
    if (part.type === 'field')
      throw new InvalidInput('NOT_A_FILE', `The field ${FIELD} holds files: each part needs a filename.`);
    yield part.file;
  }
}

/** The parts of a form, likewise, whatever they are called. */
export async function* partsIn(request: FastifyRequest, idleMs: number): AsyncGenerator<Part> {
  if (!request.isMultipart())
    throw new AppError('NOT_MULTIPART', 'Send the files as multipart/form-data, or the address of one as JSON.', {
      status: 415,
    });
  const watch = cutOffSilent(request.raw, idleMs);
  try {
    for await (const part of request.parts()) {
      const { fieldname } = part;
      if (part.type === 'file')
        yield { type: 'file', fieldname, file: Readable.from(whole(part.file), { objectMode: false }) };
      else yield { type: 'field', fieldname, value: part.value };
    }
  } catch (error) {
    throw error instanceof AppError ? error : brokenForm(error);
  } finally {
    clearInterval(watch);
  }
}

/** The parser ends a file at the limit as if it were all there: nobody may take it for a whole one. */
async function* whole(file: MultipartFile['file']): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of file as AsyncIterable<Buffer>) {
      if (file.truncated) break;
      yield chunk;
    }
  } catch (error) {
    throw brokenForm(error);
  }
  if (file.truncated) throw new AppError('IMAGE_TOO_LARGE', 'The image is too large.', { status: 413 });
}

/** Silence is the client's only while we wait for it: not when its form is all there, or bytes of it wait for us. */
function cutOffSilent(request: IncomingMessage, idleMs: number): NodeJS.Timeout {
  let read = request.socket.bytesRead;
  return setInterval(() => {
    const isSilent = request.socket.bytesRead === read;
    read = request.socket.bytesRead;
    if (isSilent && !request.complete && request.readableLength === 0) request.destroy();
  }, idleMs);
}

/** What the client sent is no whole form: the parser's errors, and those of a file that it cut off. */
const brokenForm = (cause: unknown) =>
  new InvalidInput(
    'INVALID_MULTIPART',
    'The body is not a whole multipart/form-data form: a boundary, or the end, is missing.',
    { cause: toError(cause) },
  );
