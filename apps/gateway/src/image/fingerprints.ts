import { createHash } from 'node:crypto';
import { finished, pipeline, Readable, Transform } from 'node:stream';
import { promisify } from 'node:util';
import type { Incoming } from './uploads.ts';

const ended = promisify(finished);

/** Files on their way, and the hash of each that has come through, or its address: the same again are the same request. */
export class Fingerprints {
  private readonly hashes: string[] = [];

  constructor(private readonly files: AsyncIterable<Incoming>) {}

  async *passed(): AsyncGenerator<Incoming> {
    for await (const file of this.files) {
      if (file instanceof URL) {
        yield file;
        this.hashes.push(file.href);
        continue;
      }
      const hash = createHash('sha256');
      const through = new Transform({
        transform: (chunk: Buffer, _, done) => {
          hash.update(chunk);
          done(null, chunk);
        },
      });
      // A file that its client cut off ends in the same error here.
      pipeline(file, through, () => undefined);
      yield through;
      this.hashes.push(hash.digest('hex'));
    }
  }

  /** Of the files that were passed on. */
  get body(): { files: string[] } {
    return { files: this.hashes };
  }

  /** Of all files, which nobody else reads. */
  async read(): Promise<{ files: string[] }> {
    for await (const file of this.passed()) if (file instanceof Readable) await ended(file.resume());
    return this.body;
  }
}
