import { EventSourceParserStream } from 'eventsource-parser/stream';
import { pause } from './pause.ts';
import type { Client } from './generated/client/index.ts';
import { client as defaultClient } from './generated/client.gen.ts';
import type { EventView } from './generated/index.ts';
import { ApiError, failed } from './api-error.ts';

export interface EventsOptions {
  client?: Client;
  /** Only of this project. Default: of all. */
  projectId?: string;
  /** The `id` of the last event that was seen. Default: of a project from its beginning, of all from now on. */
  after?: number;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

const RETRY_MS = 3_000;

/**
 * Events as they happen, each once and in order. A lost connection is made again where it ended (`Last-Event-ID`).
 * @throws ApiError when the request is refused (4xx other than 408 and 429)
 */
export async function* events(options: EventsOptions = {}): AsyncGenerator<EventView, void> {
  const { signal } = options;
  let after = options.after;
  let retryMs = RETRY_MS;
  while (!signal?.aborted) {
    try {
      const stream = (await open(options, after)).pipeThrough(new TextDecoderStream());
      const parser = new EventSourceParserStream({
        onRetry: ms => (retryMs = ms),
        // The place where a stream began; later places count when their events were taken.
        onId: id => (after ??= Number(id)),
      });
      for await (const { data } of iterate(stream.pipeThrough(parser))) {
        const event = JSON.parse(data) as EventView;
        after = event.id;
        yield event;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ApiError && !error.isTemporary) throw error;
    }
    await pause(retryMs, signal);
  }
}

async function open(
  { client = defaultClient, projectId, signal }: EventsOptions,
  after: number | undefined,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { data, error, response } = await client.get({
    url: projectId ? `/v1/projects/${encodeURIComponent(projectId)}/events` : '/v1/events',
    headers: { accept: 'text/event-stream', ...(after !== undefined && { 'last-event-id': String(after) }) },
    parseAs: 'stream',
    ...(signal && { signal }),
  });
  if (!response?.ok) throw failed(error, response);
  return data as ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Not all browsers iterate over streams. */
async function* iterate<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
