import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from '../cli/build.ts';
import { command } from '../cli/command.ts';
import { Failure } from '../sandbox/failure.ts';
import { root } from '../sandbox/sandbox.ts';
import { runRow, type Result } from './campaign.ts';
import { rows } from './rows/index.ts';

const FILE = join(root, 'bench', 'results', 'faults.json');

/** `npm run chaos` for all rows, `npm run chaos -- F3 F7` for some. Rows that were not run keep their last result. */
await command(async () => {
  const chosen = choose(process.argv.slice(2));
  await build(console.log);
  const began = performance.now();
  const results: Result[] = [];
  for (const row of chosen) {
    console.log(`[${Math.round((performance.now() - began) / 1000)} s] ${row.id}: ${row.fault}`);
    results.push(await runRow(row, console.log));
    save(results);
  }
  console.log(`\n${table(results)}\nAll results: ${FILE}`);
  const failed = results.filter(({ violated }) => violated);
  for (const { id, violated = [], logs } of failed) console.log(`\n${id} (logs: ${logs})\n  ${violated.join('\n  ')}`);
  if (failed.length > 0) throw new Failure(`${failed.length} of ${results.length} rows failed.`);
});

function choose(ids: string[]) {
  const unknown = ids.filter(id => !rows.some(row => row.id === id));
  if (unknown.length > 0) {
    throw new Failure(`There is no row ${unknown.join(', ')}.`, {
      next: `choose from ${rows.map(({ id }) => id).join(', ')}.`,
    });
  }
  return ids.length > 0 ? rows.filter(({ id }) => ids.includes(id)) : rows;
}

function save(results: Result[]) {
  const known = new Map([...read(), ...results].map(result => [result.id, result]));
  const inOrder = rows.flatMap(({ id }) => known.get(id) ?? []);
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(inOrder, null, 2)}\n`);
}

function read(): Result[] {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Result[];
  } catch {
    return [];
  }
}

function table(results: Result[]): string {
  const head = ['row', 'tries', 'films', 'lost', 'doubled', 'unknown', 'recovery', '', 'fault'];
  const lines = results.map(({ id, tries, films, lost, doubled, unknown, recovery, violated, skipped, fault }) =>
    [
      id,
      tries,
      films,
      lost,
      doubled,
      unknown,
      recovery ?? '-',
      skipped ? 'skipped' : violated ? 'FAILED' : 'ok',
      fault,
    ].map(String),
  );
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map(line => line[i]?.length ?? 0)));
  return [head, ...lines]
    .map(line =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
