import type { Call, Reply } from './call.ts';

/** A file, or the part of it that a Range header asks for. */
export function file(call: Call, bytes: Buffer, type: string): Reply {
  const headers = { 'content-type': type, 'accept-ranges': 'bytes' };
  const range = /^bytes=(\d*)-(\d*)$/.exec(call.headers.range ?? '');
  if (!range) return { status: 200, body: bytes, headers };

  const [, first = '', last = ''] = range;
  const start = first === '' ? Math.max(0, bytes.length - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes.length - 1 : Math.min(Number(last), bytes.length - 1);
  if (start > end) return { status: 416, body: '', headers: { 'content-range': `bytes */${bytes.length}` } };
  return {
    status: 206,
    body: bytes.subarray(start, end + 1),
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${bytes.length}` },
  };
}
