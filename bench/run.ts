import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../cli/build.ts';
import { command } from '../cli/command.ts';
import { Failure } from '../sandbox/failure.ts';
import { b1 } from './b1-accept.ts';
import { b3 } from './b3-pipeline.ts';
import { b4 } from './b4-latency.ts';
import { b6 } from './b6-replay.ts';
import { b7 } from './b7-recovery.ts';
import { b8 } from './b8-instances.ts';
import { b9 } from './b9-drain.ts';
import { b14 } from './b14-http-call.ts';
import type { Figure } from './stats.ts';

const benchmarks: Record<string, () => Promise<Record<string, Figure>>> = {
  B1: async () => ({ B1: await b1() }),
  B3: b3,
  B4: b4,
  B6: b6,
  B7: async () => ({ B7: await b7() }),
  B8: b8,
  B9: b9,
  B14: b14,
};

const FILE = join(import.meta.dirname, 'results', 'latest.json');

/** `npm run bench` for all, `npm run bench -- B3 B4` for some. Figures that were not measured keep their last value. */
await command(async () => {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benchmarks);
  const unknown = names.filter(name => !benchmarks[name]);
  if (unknown.length > 0) {
    throw new Failure(`There is no benchmark ${unknown.join(', ')}.`, {
      next: `choose from ${Object.keys(benchmarks).join(', ')}.`,
    });
  }
  await build(console.log);
  for (const name of names) {
    console.log(`${name} ...`);
    const figures = (await benchmarks[name]?.()) ?? {};
    for (const [id, { median, spread, unit, goal, stretch }] of Object.entries(figures)) {
      console.log(
        `  ${id}: ${median} ${unit} (spread ${Math.round(spread * 100)} %; goal ${goal}, stretch ${stretch})`,
      );
    }
    save(figures);
  }
  console.log(`Raw numbers: ${FILE}`);
});

function save(figures: Record<string, Figure>): void {
  mkdirSync(join(FILE, '..'), { recursive: true });
  const before = read();
  writeFileSync(FILE, `${JSON.stringify({ ...before, ...figures }, null, 2)}\n`);
}

function read(): Record<string, Figure> {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Figure>;
  } catch {
    return {};
  }
}
