import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../cli/build.ts';
import { command } from '../cli/command.ts';
import { compare, type Figures } from './against.ts';
import { wanted } from './arguments.ts';
import { b1 } from './b1-accept.ts';
import { b10 } from './b10-idle.ts';
import { b11 } from './b11-full-tables.ts';
import { b12 } from './b12-streams.ts';
import { b13 } from './b13-start.ts';
import { b3 } from './b3-pipeline.ts';
import { b4 } from './b4-latency.ts';
import { b5 } from './b5-transfer.ts';
import { b6 } from './b6-replay.ts';
import { b7 } from './b7-recovery.ts';
import { b8 } from './b8-instances.ts';
import { b9 } from './b9-drain.ts';
import { b14 } from './b14-http-call.ts';
import { checkOut } from './checkout.ts';
import { toTheEnd } from './ending.ts';
import type { Turn } from './rounds.ts';

const comparable: Record<string, (turn?: Turn) => Promise<Figures>> = { B1: b1, B3: b3, B4: b4 };

const benchmarks: Record<string, () => Promise<Figures>> = {
  B1: () => b1(),
  B3: () => b3(),
  B4: () => b4(),
  B5: b5,
  B6: b6,
  B7: async () => ({ B7: await b7() }),
  B8: b8,
  B9: b9,
  B10: b10,
  B11: b11,
  B12: b12,
  B13: b13,
  B14: b14,
};

const FILE = join(import.meta.dirname, 'results', 'latest.json');

/**
 * `npm run bench` for all, `npm run bench -- B3 B4` for some, `npm run bench -- --against <commit>` for what can be
 * compared. Figures that were not measured keep their last value.
 */
await command(async () => {
  const { names, against, pairs } = wanted(process.argv.slice(2), Object.keys(benchmarks), Object.keys(comparable));
  const isDone = await toTheEnd(async () => {
    await build(console.log);
    const other = against === undefined ? undefined : await checkOut(against);
    for (const name of names) {
      console.log(`${name} ...`);
      const figures = other ? await compare(comparable[name]!, other, pairs) : await benchmarks[name]!();
      for (const [id, { median, spread, unit, goal, stretch }] of Object.entries(figures)) {
        console.log(
          `  ${id}: ${median} ${unit} (spread ${Math.round(spread * 100)} %; goal ${goal}, stretch ${stretch})`,
        );
      }
      save(figures);
    }
    console.log(`Raw numbers: ${FILE}`);
  });
  if (!isDone) process.exitCode = 130;
});

function save(figures: Figures): void {
  mkdirSync(join(FILE, '..'), { recursive: true });
  const before = read();
  writeFileSync(FILE, `${JSON.stringify({ ...before, ...figures }, null, 2)}\n`);
}

function read(): Figures {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Figures;
  } catch {
    return {};
  }
}
