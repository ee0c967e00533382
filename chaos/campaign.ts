import { join, relative } from 'node:path';
import { root } from '../sandbox/sandbox.ts';
import { check } from './check.ts';
import { inWords, type Violation } from './invariants/index.ts';
import type { Row } from './row.ts';
import { Scene, SESSION_MS } from './scene.ts';

/** One line of the table. */
export interface Result {
  id: string;
  fault: string;
  tries: number;
  films: number;
  lost: number;
  doubled: number;
  /** Films of which nobody knows whether they were paid for: the process died in the call, and the callback found nobody. */
  unknown: number;
  /** The longest time from a fault to the end of the films it struck, in session time-outs. */
  recovery: number | null;
  note?: string;
  skipped?: string;
  /** What did not hold, in words. */
  violated?: string[];
  logs?: string;
}

const MOST_WORDS = 20;

/** Provokes all faults of a row on a system of its own, and checks it when it has come to rest. */
export async function runRow(row: Row, log: (line: string) => void): Promise<Result> {
  const { id, fault, note, skipped } = row;
  const result = {
    id,
    fault,
    tries: 0,
    films: 0,
    lost: 0,
    doubled: 0,
    unknown: 0,
    recovery: null,
    ...(note && { note }),
  };
  if (skipped) return { ...result, skipped };
  const dir = join(root, 'out', 'chaos', id);
  const found = await runAll(row, dir, log).catch((error: Error) => ({ violated: [error.message] }));
  return { ...result, ...found, ...('violated' in found && { logs: relative(root, join(dir, 'logs')) }) };
}

async function runAll({ tries, system }: Row, dir: string, log: (line: string) => void) {
  const scene = await Scene.open(dir, system);
  try {
    for (const attempt of tries) {
      const began = performance.now();
      await attempt.run(scene).catch((error: Error) => scene.holds(false, `${attempt.name}: ${error.message}`));
      await scene.studio.calm();
      log(`  ${attempt.name} (${Math.round((performance.now() - began) / 1000)} s)`);
    }
    const found = await check(scene);
    const violated = [...scene.unmet, ...found.map(inWords)].slice(0, MOST_WORDS);
    return {
      tries: tries.length,
      films: scene.films.size,
      lost: tasks(found, 'lost'),
      doubled: tasks(found, 'doubled'),
      unknown: (await scene.sql('gateway', "select 1 from task_order where error_code = 'OUTCOME_UNKNOWN'")).length,
      recovery: scene.recoveries.length > 0 ? rounded(Math.max(...scene.recoveries) / SESSION_MS) : null,
      ...(violated.length > 0 && { violated }),
    };
  } finally {
    await scene.close();
  }
}

const tasks = (found: Violation[], kind: Violation['kind']) =>
  new Set(found.filter(violation => violation.kind === kind).map(({ taskId, words }) => taskId || words)).size;

const rounded = (value: number) => Math.round(value * 100) / 100;
