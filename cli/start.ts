import { once } from 'node:events';
import { Failure } from '../sandbox/failure.ts';
import { isFree } from '../sandbox/ports.ts';
import { run } from '../sandbox/run.ts';
import { build } from './build.ts';
import { command } from './command.ts';
import { restartOnChange } from './watch.ts';

const isWatching = process.argv.includes('--watch');

await command(async () => {
  const port = await choosePort();
  await build(console.log);
  await run({ log: console.log, port }, async running => {
    const { sandbox, system, stopping } = running;
    const url = system.gatewayUrl;
    console.log(`
CASTAD runs. Ctrl-C stops all of it.

  REST       ${url}
  docs       ${url}/docs
  logs       ${sandbox.dir}/logs
  processes  ${sandbox.dir}/state.json
${publicRoute(url)}
Order a film, and look how far it is:

  curl -X POST ${url}/v1/projects -H 'content-type: application/json' -d '{"businessName": "Sea Breeze Stay", "region": "Gangneung", "language": "en", "run": true, "withoutPhotos": true}'
  curl ${url}/v1/projects
`);
    if (isWatching) await restartOnChange(running, console.log);
    else if (!stopping.aborted) await once(stopping, 'abort');
  });
});

/** The port that was asked for, or 3000, or any. */
async function choosePort(): Promise<number | undefined> {
  const wanted = Number(process.env.PORT || 3000);
  if (await isFree(wanted)) return wanted;
  if (process.env.PORT) {
    throw new Failure(`PORT ${wanted} is in use.`, { next: 'stop who uses it, or set PORT to another one.' });
  }
  console.log(`Port ${wanted} is in use; taking another one.`);
  return undefined;
}

/** With a public address, somebody has to bring the providers' callbacks from there to here. */
function publicRoute(url: string): string {
  const publicUrl = process.env.PUBLIC_URL?.replace(/\/+$/, '');
  return publicUrl ? `\n  ${publicUrl}/callbacks/...  has to reach ${url}/callbacks/...\n` : '';
}
