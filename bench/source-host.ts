import { createServer } from 'node:http';
import { Readable } from 'node:stream';

/** A host of films of any size: `/<bytes>` is one that begins as an MP4 file and goes on with nothing. */
const head = Buffer.from('00000018667479706d703432000000006d70343269736f6d', 'hex');
const chunk = Buffer.alloc(256 * 1024);

function* film(bytes: number): Generator<Buffer> {
  yield head;
  for (let left = bytes - head.length; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
}

const server = createServer((request, response) => {
  const bytes = Number(request.url?.slice(1));
  response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': bytes });
  Readable.from(film(bytes), { objectMode: false }).pipe(response);
});

server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
