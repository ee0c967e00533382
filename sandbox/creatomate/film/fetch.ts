import type { Asset } from '../render-script.ts';
import { complaintAbout } from './pictures.ts';

const atOnce = 4;
const timeoutMs = 30_000;

/** All files of a render by their addresses. @throws Error in the renderer's words when one cannot be used */
export async function fetchAll(assets: Asset[]): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const waiting = [...assets];
  const take = async () => {
    for (let asset = waiting.shift(); asset; asset = waiting.shift()) files.set(asset.url, await fetched(asset));
  };
  await Promise.all(Array.from({ length: atOnce }, take));
  return files;
}

async function fetched({ type, url }: Asset): Promise<Buffer> {
  const bytes = await download(url).catch((error: unknown) => {
    throw new Error(`Unable to fetch asset: ${url} (${(error as Error).message})`);
  });
  const complaint = type === 'image' ? complaintAbout(bytes) : undefined;
  if (complaint) throw new Error(`The asset is not a valid ${type}: ${url} (${complaint})`);
  return bytes;
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url, {
    headers: { 'user-agent': 'Creatomate/1.0' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
