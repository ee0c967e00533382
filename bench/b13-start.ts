import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Film } from '../cli/film.ts';
import { Failure } from '../sandbox/failure.ts';
import { freePort } from '../sandbox/ports.ts';
import { root } from '../sandbox/sandbox.ts';
import { stopping, undoable } from './ending.ts';
import { inRounds } from './rounds.ts';
import { figure, type Figure } from './stats.ts';

const ROUNDS = 3;

/** The event that ends each phase. */
const phases = { lyric: 'LyricGenerated', song: 'SongReady', video: 'RenderSucceeded', stored: 'TaskCompleted' };

/** B13: how long `npm start` takes when all is installed and built, and then the film of `npm run demo`. */
export async function b13(): Promise<Record<string, Figure>> {
  const rounds = await inRounds(ROUNDS, measure);
  const details = { seconds: rounds.map(({ byPhase }) => byPhase) };
  return {
    'B13.ready': figure(
      rounds.map(({ ready }) => ready),
      { unit: 's', goal: 15, stretch: 10 },
    ),
    'B13.film': figure(
      rounds.map(({ film }) => film),
      { unit: 's', goal: 13.5, stretch: 10, details },
    ),
  };
}

async function measure() {
  const began = performance.now();
  const child = spawn(process.execPath, ['cli/install.mjs', 'node', 'cli/start.ts'], {
    cwd: root,
    env: { ...process.env, PORT: String(await freePort()) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const stop = undoable(async () => {
    child.kill('SIGTERM');
    await exit;
  });
  const gatewayUrl = await addressOf(child.stdout);
  const ready = (performance.now() - began) / 1000;
  child.stdout.resume();
  const examples = join(root, 'examples');
  const order = { gatewayUrl, brief: join(examples, 'brief.json'), photos: join(examples, 'photos'), signal: stopping };
  const ordered = performance.now();
  const film = await Film.order(order);
  await film.follow(() => {});
  const seconds = (performance.now() - ordered) / 1000;
  const byPhase = await phasesOfFilm(gatewayUrl);
  await stop();
  return { ready, film: seconds, byPhase };
}

/** What `npm start` prints when all is ready. */
async function addressOf(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const address = /^\s+REST\s+(\S+)/.exec(line)?.[1];
    if (address) return address;
  }
  throw new Failure('`npm start` ended before it was ready.', { next: 'try it alone.' });
}

/** Seconds of each phase, of the only film there is. */
async function phasesOfFilm(gatewayUrl: string): Promise<Record<string, number>> {
  const read = async (path: string) => (await fetch(`${gatewayUrl}/v1/projects${path}`)).json();
  const { projects } = (await read('')) as { projects: { taskId: string }[] };
  const { entries } = (await read(`/${projects[0]?.taskId}/history`)) as { entries: { type: string; time: string }[] };
  const timeOf = (type: string) => Date.parse(entries.find(entry => entry.type === type)?.time ?? '');
  let before = timeOf('OrderAccepted');
  return Object.fromEntries(
    Object.entries(phases).map(([phase, type]) => {
      const seconds = (timeOf(type) - before) / 1000;
      before = timeOf(type);
      return [phase, seconds];
    }),
  );
}
