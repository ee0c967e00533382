import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const film = {
  businessName: 'Sea Breeze Stay',
  region: 'Gangneung',
  description: 'A guest house by the sea.',
  language: 'en',
  withoutPhotos: true,
  run: true,
};
export const filmBody = JSON.stringify(film);

export const lyricBody = JSON.stringify({ ...film, stopAfter: 'lyric' });

/** Orders one film, or what the body says; its task id when it is accepted. With a key it may be sent again. */
export function order(gatewayUrl: string, body = filmBody, key?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(key && { 'idempotency-key': key }),
    };
    request(`${gatewayUrl}/v1/projects`, { method: 'POST', agent, headers }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        if (response.statusCode === 202) resolve((JSON.parse(text) as { taskId: string }).taskId);
        else reject(new Error(`the order was answered ${response.statusCode}: ${text}`));
      });
    })
      .on('error', reject)
      .end(body);
  });
}

/** Keeps `connections` orders under way for `ms`; how many were accepted per second. */
export async function orderFor(gatewayUrl: string, connections: number, ms: number): Promise<number> {
  const began = performance.now();
  let accepted = 0;
  const loop = async () => {
    for (; performance.now() - began < ms; accepted++) await order(gatewayUrl);
  };
  await Promise.all(Array.from({ length: connections }, loop));
  return (accepted * 1000) / (performance.now() - began);
}
