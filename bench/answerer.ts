import { createServer } from 'node:http';

/** A provider that takes every order at once. */
const ANSWER = JSON.stringify({ code: 200, msg: 'success', data: { taskId: '5c79be8e-3f0a-4c2d-9d0f-6f5f6a1d2b3c' } });

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER));
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(`listening http://127.0.0.1:${address.port}`);
});
process.on('SIGTERM', () => process.exit(0));
