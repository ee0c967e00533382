import { AppError, InvalidInput, NotFound } from '@castad/platform';
import { HttpStatus, Injectable } from '@nestjs/common';
import { GatewayConfig } from '../gateway.config.ts';
import { contentDisposition } from './file-name.ts';
import { StorageClient } from './storage.client.ts';
import type { LinkRequest, Links } from './storage.types.ts';

/** How many seconds a link works, and whether its file is saved or shown. */
export interface Terms {
  expiresIn?: number;
  download?: boolean;
}

/** A stored file, and the name that it is offered by. */
export interface NamedFile {
  file: LinkRequest;
  fileName: string;
  /** The same in ASCII. */
  fallback: string;
}

export interface Link {
  url: string;
  expiresAt: string;
}

/** Links to files, signed when somebody asks. */
@Injectable()
export class FileLinks {
  constructor(
    private readonly storage: StorageClient,
    private readonly config: GatewayConfig,
  ) {}

  /** @throws NotFound `FILE_NOT_FOUND`; AppError 409 with the reason why the file will never be there */
  async to(file: NamedFile, terms: Terms): Promise<Link> {
    const { links, failed } = await this.sign([file], terms);
    const [link] = links;
    if (failed[0]) throw new AppError(failed[0].code, failed[0].reason, { status: HttpStatus.CONFLICT });
    if (!link) throw new NotFound('FILE_NOT_FOUND', 'This file was not made.');
    return { url: link.url, expiresAt: link.expiresAt };
  }

  /** The address of each file, where it is there; one call, however many. */
  async urls(files: NamedFile[], terms: Terms): Promise<(string | undefined)[]> {
    if (files.length === 0) return [];
    const { links } = await this.sign(files, terms);
    const byKey = new Map(links.map(link => [keyOf(link), link.url]));
    return files.map(({ file }) => byKey.get(keyOf(file)));
  }

  /** A link that works as long as one may. */
  get longest(): Terms {
    return { expiresIn: Math.floor(this.config.LINK_MAX_TTL_MS / 1000) };
  }

  private sign(files: NamedFile[], terms: Terms): Promise<Links> {
    const requests = files.map(({ file, fileName, fallback }) => ({
      ...file,
      contentDisposition: contentDisposition(fileName, fallback, terms.download),
    }));
    return this.storage.links(requests, this.ttlMs(terms));
  }

  private ttlMs({ expiresIn }: Terms): number {
    const { LINK_TTL_MS, LINK_MAX_TTL_MS: max } = this.config;
    if (expiresIn === undefined) return Math.min(LINK_TTL_MS, max);
    if (expiresIn * 1000 > max)
      throw new InvalidInput('EXPIRES_IN_TOO_LONG', `A link works for at most ${Math.floor(max / 1000)} seconds.`);
    return expiresIn * 1000;
  }
}

const keyOf = ({ taskId, revision, kind, ref, name }: LinkRequest): string =>
  [taskId, revision, kind, ref, name].join(' ');
