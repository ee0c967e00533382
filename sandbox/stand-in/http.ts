import type { IncomingMessage, ServerResponse } from 'node:http';
import { faultOf, isObject, type Call, type Json, type Reply } from './call.ts';

const maxBodyBytes = 4 * 1024 * 1024;
const noQuery = new URLSearchParams();

export async function read(request: IncomingMessage): Promise<Call> {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const raw = request.method === 'POST' ? await text(request) : '';
  const body = raw === '' ? {} : object(raw);
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    param: '',
    query: mark < 0 ? noQuery : new URLSearchParams(url.slice(mark + 1)),
    headers: request.headers,
    origin: `http://${request.headers.host ?? 'localhost'}`,
    raw,
    body: body ?? {},
    isMalformed: !body,
    faults: [],
    problems: [],
  };
}

function text(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) request.destroy();
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString()));
    request.on('error', reject);
  });
}

function object(raw: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function send(call: Call, response: ServerResponse, reply: Reply) {
  response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.body) });
  if (faultOf(call, 'truncate')) {
    const body = Buffer.from(reply.body);
    response.write(body.subarray(0, body.length >> 1), () => response.socket?.destroy());
    return;
  }
  response.end(reply.body);
}
