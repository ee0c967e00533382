import { createHash } from 'node:crypto';
import { finished, pipeline, Readable, Transform } from 'node:stream';
import { promisify } from 'node:util';

const ended = promisify(finished);

/** Files on their way, and the hash of each that has come through: the same files again are the same request. */
export class Fingerprints {
  private readonly hashes: string[] = [];

  constructor(private readonly files: AsyncIterable<Readable>) {}

  async *passed(): AsyncGenerator<Readable> {
    for await (const file of this.files) {
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
    for await (const file of this.passed()) await ended(file.resume());
    return this.body;
  }
}
