import { Agent as PlainAgent, get as plainGet, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent, get as secureGet } from 'node:https';
import type { Asset } from './render-script.ts';

const timeoutMs = 15_000;
const maxSockets = 16;
const firstBytes = 16;

const signatures: Record<string, RegExp> = {
  image: /^(\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|....ftyp(avif|heic|mif1)|<svg)/s,
  audio: /^(ID3|\xff[\xe0-\xff]|RIFF....WAVE|OggS|fLaC|....ftyp)/s,
  video: /^(....ftyp|....moov|.E\xdf\xa3)/s,
};

/** Fetches the beginning of files, as much as it takes to know that a render could use them. */
export class Assets {
  readonly #agents = {
    plain: new PlainAgent({ keepAlive: true, maxSockets }),
    secure: new SecureAgent({ keepAlive: true, maxSockets }),
  };

  /** The first complaint about any of the files. */
  async complaint(assets: Asset[]): Promise<string | undefined> {
    const complaints = await Promise.all(assets.map(asset => this.#check(asset)));
    return complaints.find(complaint => complaint !== undefined);
  }

  close() {
    this.#agents.plain.destroy();
    this.#agents.secure.destroy();
  }

  async #check({ type, url }: Asset): Promise<string | undefined> {
    try {
      const head = await this.#head(url);
      return signatures[type]?.test(head) ? undefined : `The asset is not a valid ${type}: ${url}`;
    } catch (error) {
      return `Unable to fetch asset: ${url} (${(error as Error).message})`;
    }
  }

  #head(url: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = this.#open(url, response => {
        const { statusCode = 0 } = response;
        if (statusCode === 200 || statusCode === 206) return resolve(beginning(response));
        response.resume();
        reject(new Error(`HTTP ${statusCode}`));
      });
      request.on('timeout', () => request.destroy(new Error('timed out')));
      request.on('error', reject);
    });
  }

  #open(url: string, onResponse: (response: IncomingMessage) => void) {
    const headers = { range: `bytes=0-${firstBytes - 1}`, 'user-agent': 'Creatomate/1.0' };
    return url.startsWith('https:')
      ? secureGet(url, { agent: this.#agents.secure, timeout: timeoutMs, headers }, onResponse)
      : plainGet(url, { agent: this.#agents.plain, timeout: timeoutMs, headers }, onResponse);
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
