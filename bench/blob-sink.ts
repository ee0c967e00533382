import { createServer } from 'node:http';

/** A blob store that takes everything and keeps nothing, so that a benchmark measures us and not an emulator. */
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  request.on('end', () => {
    const headers = {
      etag: '"sink"',
      'last-modified': new Date(0).toUTCString(),
      'x-ms-request-id': 'sink',
      'x-ms-version': '2026-06-06',
    };
    response
      .writeHead(request.method === 'PUT' ? 201 : request.method === 'DELETE' ? 202 : 404, {
        ...headers,
        'content-length': 0,
      })
      .end();
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
