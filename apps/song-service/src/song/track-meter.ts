import { ProviderError, providerDetail, secondsIn, ServiceConfig, SourceClient, toError } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import { parseStream } from 'music-metadata';
import { addAbortSignal, Readable } from 'node:stream';

const MAX_BYTES = 64 * 1024 * 1024;

/** Finds out how long a track is where its provider does not say. */
@Injectable()
export class TrackMeter {
  constructor(
    private readonly source: SourceClient,
    private readonly config: ServiceConfig,
  ) {}

  /** By the file itself, which is read once and not kept. @throws ProviderError */
  async secondsOf(url: string): Promise<number> {
    const { stream } = await this.source.open(url);
    addAbortSignal(AbortSignal.timeout(this.config.HTTP_TIMEOUT_MS), stream);
    try {
      const audio = Readable.from(bounded(stream), { objectMode: false });
      const { format } = await parseStream(audio, undefined, { duration: true, skipCovers: true });
      const seconds = secondsIn(format.duration);
      if (seconds) return seconds;
      throw new Error(`it plays for ${format.duration} s`);
    } catch (error) {
      throw unreadable(providerDetail([toError(error).message], this.config.redactor()));
    } finally {
      stream.destroy();
    }
  }
}

async function* bounded(stream: Readable): AsyncGenerator<Buffer> {
  let left = MAX_BYTES;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    left -= chunk.length;
    if (left < 0) throw new Error(`it is larger than ${MAX_BYTES} bytes`);
    yield chunk;
  }
}

/** A file that is no music now may be one later: hosts answer with a page while they are busy. */
const unreadable = (detail: string | undefined) =>
  new ProviderError('SONG_UNREADABLE', "The length of the song's file cannot be read.", { retriable: true, detail });
