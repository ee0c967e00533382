import type { IncomingMessage } from 'node:http';
import { HttpClient } from '../stand-in/client.ts';
import type { Asset } from './render-script.ts';

const firstBytes = 16;

const signatures: Record<string, RegExp> = {
  image: /^(\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|....ftyp(avif|heic|mif1)|<svg)/s,
  audio: /^(ID3|\xff[\xe0-\xff]|RIFF....WAVE|OggS|fLaC|....ftyp)/s,
  video: /^(....ftyp|....moov|.E\xdf\xa3)/s,
};

/** Fetches the beginning of files, as much as it takes to know that a render could use them. */
export class Assets {
  readonly #client = new HttpClient();

  /** The first complaint about any of the files. */
  async complaint(assets: Asset[]): Promise<string | undefined> {
    const complaints = await Promise.all(assets.map(asset => this.#check(asset)));
    return complaints.find(complaint => complaint !== undefined);
  }

  close() {
    this.#client.close();
  }

  async #check({ type, url }: Asset): Promise<string | undefined> {
    try {
      const head = await this.#head(url);
      return signatures[type]?.test(head) ? undefined : `The asset is not a valid ${type}: ${url}`;
    } catch (error) {
      return `Unable to fetch asset: ${url} (${(error as Error).message})`;
    }
  }

  async #head(url: string): Promise<string> {
    const headers = { range: `bytes=0-${firstBytes - 1}`, 'user-agent': 'Creatomate/1.0' };
    const response = await this.#client.send(url, { method: 'GET', headers });
    if (response.statusCode === 200 || response.statusCode === 206) return beginning(response);
    response.resume();
    throw new Error(`HTTP ${response.statusCode}`);
  }
}

/** The first bytes, and no more even from a server that sends the whole file. */
async function beginning(response: IncomingMessage): Promise<string> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of response) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    if (bytes.length >= firstBytes && !response.complete) break;
  }
  return bytes.toString('latin1', 0, firstBytes);
}
