import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../sandbox/run.ts';
import { root } from '../sandbox/sandbox.ts';
import { build } from './build.ts';
import { command } from './command.ts';
import { Film, seconds } from './film.ts';

await command(async () => {
  const { values } = parseArgs({
    options: {
      brief: { type: 'string', default: join(root, 'examples', 'brief.json') },
      photos: { type: 'string', default: join(root, 'examples', 'photos') },
      out: { type: 'string', default: join(root, 'out', 'demo.mp4') },
    },
  });
  // npm moves to the root of the project; what the user wrote was meant from elsewhere.
  const path = (name: keyof typeof values) => resolve(process.env.INIT_CWD ?? '', values[name]);
  const startedAt = Date.now();
  await build(console.log);
  const isDone = await run({ log: console.log }, async ({ system, stopping }) => {
    console.log(`\nA film of ${path('brief')} and the photos in ${path('photos')}:`);
    const order = { gatewayUrl: system.gatewayUrl, brief: path('brief'), photos: path('photos'), signal: stopping };
    const film = await Film.order(order);
    await film.follow(line => console.log(`  ${line}`));
    await film.download(path('out'));
    const size = `${Math.ceil(statSync(path('out')).size / 1024)} KiB`;
    console.log(`\n${path('out')} (${size}), ${seconds(Date.now() - startedAt)} after the start of this command.\n`);
  });
  if (!isDone) process.exitCode = 130;
});
