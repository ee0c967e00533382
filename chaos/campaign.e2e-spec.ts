import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from './check.ts';
import { gather } from './evidence.ts';
import { inWords, violations } from './invariants/index.ts';
import { rows } from './rows/index.ts';
import { Scene } from './scene.ts';

jest.setTimeout(180_000);

/** The cheapest and most telling tries of the campaign, one after another on one system. */
const short = rows.flatMap(({ id, fault, tries }) =>
  tries.filter(({ isShort }) => isShort).map(({ name, run }) => ({ fault: `${id}, ${fault}: ${name}`, run })),
);

describe('no film is lost and none is paid for twice when', () => {
  let dir: string;
  let scene: Scene;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'castad-chaos-'));
    scene = await Scene.open(dir);
  });

  afterAll(async () => {
    await scene?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it.each(short)('$fault', async ({ run }) => {
    await run(scene);
    await scene.studio.calm();
    expect(scene.unmet.splice(0)).toEqual([]);
  });

  it('all of that has happened', async () => {
    expect((await check(scene)).map(inWords)).toEqual([]);
  });

  it('and the checker would have seen it', async () => {
    const [taskId] = scene.films.keys();
    await scene.sql('gateway', "update task_order set status = 'running' where task_id = ?", [taskId]);
    await scene.sql('song-service', "update song set lease_owner = 'somebody' where task_id = ?", [taskId]);
    await scene.sql('storage-service', "delete from asset where task_id = ? and kind = 'song'", [taskId]);
    const found = violations(await gather(scene)).filter(violation => violation.taskId === taskId);
    expect(found.map(({ words }) => words)).toEqual(
      expect.arrayContaining([
        'order 1 has not ended: running',
        'its song is still leased by somebody',
        expect.stringMatching(/^nobody knows of the file .*\/song\//),
      ]),
    );
  });
});
