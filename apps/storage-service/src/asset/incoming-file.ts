import { AppError } from '@castad/platform';
import { fileTypeFromBuffer, type FileTypeResult } from 'file-type';
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

export interface Limits {
  maxBytes: number;
  /** What the sender announced, if it did. */
  announcedBytes?: number;
  /** How long the sender may be silent, and how long it may take in all. */
  idleMs: number;
  totalMs: number;
}

export type FileFault = 'TOO_LARGE' | 'TRUNCATED' | 'STALLED' | 'WRONG_TYPE';

const faults: Record<FileFault, { code: string; text: string }> = {
  TOO_LARGE: { code: 'FILE_TOO_LARGE', text: 'The file is too large.' },
  TRUNCATED: { code: 'FILE_TRUNCATED', text: 'The file ended before it was complete.' },
  STALLED: { code: 'FILE_STALLED', text: 'The file did not arrive in time.' },
  WRONG_TYPE: { code: 'FILE_WRONG_TYPE', text: 'The file is not what it should be.' },
};

/** A file that cannot be taken as it comes. */
export class FileRejected extends AppError {
  constructor(
    readonly fault: FileFault,
    readonly found?: string,
    cause?: unknown,
  ) {
    super(faults[fault].code, faults[fault].text, { cause, retriable: fault !== 'TOO_LARGE' });
  }
}

/** What fits is held in memory and written in one request. */
export const HEAD_BYTES = 4 * 1024 * 1024;

/**
 * A file that is read once, in order, and never held as a whole unless it is small. Size and hash are those of what
 * has passed; at the end the size has been compared with what was announced.
 */
export class IncomingFile {
  size = 0;
  private readonly hash = createHash('sha256');
  private digest?: string;
  private headParts: Buffer[] = [];
  private isEnded = false;
  private readonly incoming: AsyncGenerator<Buffer, void>;

  private constructor(source: Readable, limits: Limits) {
    this.incoming = this.measured(source, limits);
  }

  /** Reads the head. @throws FileRejected */
  static async open(source: Readable, limits: Limits): Promise<IncomingFile> {
    if ((limits.announcedBytes ?? 0) > limits.maxBytes) throw new FileRejected('TOO_LARGE');
    const file = new IncomingFile(source, limits);
    await file.readHead();
    return file;
  }

  /** The whole file, if it is small. */
  get whole(): Buffer | undefined {
    return this.isEnded ? this.head : undefined;
  }

  get head(): Buffer {
    if (this.headParts.length > 1) this.headParts = [Buffer.concat(this.headParts)];
    return this.headParts[0] ?? Buffer.alloc(0);
  }

  /** What the first bytes say it is. */
  async type(): Promise<FileTypeResult | undefined> {
    return fileTypeFromBuffer(this.head);
  }

  /** All of it, once. @throws FileRejected in the middle */
  async *chunks(): AsyncGenerator<Buffer, void> {
    try {
      for (let part; (part = this.headParts.shift());) yield part;
      yield* this.incoming;
    } finally {
      await this.close();
    }
  }

  /** Of the whole file; asked when it has been read. */
  get sha256(): string {
    return (this.digest ??= this.hash.digest('hex'));
  }

  async close(): Promise<void> {
    await this.incoming.return();
  }

  private async readHead(): Promise<void> {
    while (this.size <= HEAD_BYTES) {
      const { value, done } = await this.incoming.next();
      if (done) this.isEnded = true;
      if (!value) break;
      this.headParts.push(value);
    }
  }

  private async *measured(source: Readable, limits: Limits): AsyncGenerator<Buffer, void> {
    const stall = () => source.destroy(new FileRejected('STALLED'));
    let idle = setTimeout(stall, limits.idleMs);
    const total = setTimeout(stall, limits.totalMs);
    try {
      // Not destroyed at an early end: the source of an upload is the connection its answer goes out on.
      for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        // The sender is not to blame for the time that we take.
        clearTimeout(idle);
        this.size += chunk.length;
        if (this.size > limits.maxBytes) throw new FileRejected('TOO_LARGE');
        this.hash.update(chunk);
        yield chunk;
        idle = setTimeout(stall, limits.idleMs);
      }
      if (this.size !== (limits.announcedBytes ?? this.size)) throw new FileRejected('TRUNCATED');
    } catch (error) {
      throw error instanceof FileRejected ? error : new FileRejected('TRUNCATED', undefined, error);
    } finally {
      clearTimeout(idle);
      clearTimeout(total);
    }
  }
}
