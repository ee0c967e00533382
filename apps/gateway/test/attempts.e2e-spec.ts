import { type Format, stages as stageNames } from '@castad/contracts';
import { Database, loadConfig, newId } from '@castad/platform';
import { aLyric, aPlan, aTrack, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { GatewayConfig } from '../src/gateway.config.ts';
import { migrations } from '../src/migrations/index.ts';
import { UNMEASURED } from '../src/estimate/estimate.ts';
import { Order } from '../src/order/order.entity.ts';
import { attemptsInList, attemptsOf, latestOrders } from '../src/project/attempts.ts';
import { Project } from '../src/project/project.entity.ts';
import { projectView, summaryView } from '../src/project/project.view.ts';
import { outlinesOf } from '../src/projection/outline.ts';
import { CANCELLED, Stage, stageOf, type SongOutput, type Step } from '../src/projection/stage.entity.ts';

jest.setTimeout(120_000);

const limits = { graceMs: 0, stageMs: { lyric: 1_000, song: 1_000, video: 1_000 } };
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const lines = Array.from({ length: 100 }, (_, i) => ({ text: 'la la la', start: i, end: i + 1 }));
const song = { title: 'Sea Breeze', tracks: ['a', 'b'].map(trackId => aTrack({ trackId, lines })), chosenTrackId: 'b' };
const outputs = { lyric: aLyric(), song, video: { format: '9:16' as const, durationSeconds: 10 } };
const filesOf = (...names: string[]) =>
  names.map(name => ({ name, path: name, contentType: 'x/y', size: 1, sha256: 'a'.repeat(64) }));
const error = { code: 'X', reason: 'It broke.', retryable: true, detail: '500' };

/** The same numbers each time. */
function dice(): (sides: number) => number {
  let seed = 7;
  return sides => Math.floor(((seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647) * sides);
}

/** A project with so many orders, which came to anything. */
function aHistory(orders: number, roll: (sides: number) => number) {
  const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung' };
  const taskId = newId();
  const formats: Format[] | undefined = roll(2) > 0 ? ['9:16', '1:1'] : undefined;
  const video = { format: '9:16' as const, ...(formats && { formats }) };
  const project = Project.create({ taskId, brief, language: 'en', music: { durationSeconds: 30 }, video });
  const rowsOf = (name: Step): [Step, Format | ''][] =>
    stageOf(name) === 'video' && formats ? formats.map(format => [name, format]) : [[name, '']];
  const placed: Order[] = [];
  const attempts: Stage[] = [];
  for (let revision = 1; revision <= orders; revision++) {
    const first = roll(3);
    const last = first + roll(3 - first);
    const made: Step[] = roll(6) > 0 ? stageNames.slice(first, last + 1) : ['preview'];
    const [firstStage, lastStage] = [made[0] ?? 'lyric', made.at(-1) ?? 'video'];
    const cause = { messageId: newId(), traceparent: 't', at: at(0) };
    const order = Order.accepted(
      { taskId, revision, plan: aPlan({ video }), firstStage, lastStage },
      limits,
      UNMEASURED,
      cause,
    );
    if (revision < orders || roll(4) > 0)
      [
        () => order.completed(at(9)),
        () => order.cancelled(at(9), []),
        () => order.failed(at(9), stageOf(lastStage), error),
      ][roll(3)]?.();
    placed.push(order);
    for (const [name, format] of made.flatMap(rowsOf)) {
      const attempt = Stage.of(taskId, name, revision, format);
      attempt.begun(at(1), {
        revision: 1 + roll(revision),
        trackId: ['a', 'b'][roll(2)],
        imageIds: ['an image'].slice(roll(2)),
      });
      const output = format ? { ...outputs.video, format } : outputs[stageOf(name)];
      if (roll(3) > 0) attempt.learned({ time: at(2), output });
      if (roll(3) > 0 && name !== 'lyric')
        attempt.learned({ time: at(3), files: filesOf(...['a', 'b'].slice(roll(2))) });
      if (roll(3) === 0) attempt.learned({ time: at(4), error });
      if (roll(4) === 0) attempt.ended(at(5), CANCELLED);
      attempt.paid = roll(2) > 0;
      attempts.push(attempt);
      if (name === 'preview') continue;
      const what = format === '1:1' ? (`video ${format}` as const) : name;
      if (roll(5) === 0) project.choose(what, { revision: 1 + roll(orders), ...(name === 'song' && { trackId: 'a' }) });
    }
  }
  return { project, orders: placed, attempts };
}

describe('what is read of attempts', () => {
  let bed: TestBed;
  let database: Database;

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate('gateway', migrations);
    const address = 'http://127.0.0.1:9';
    const secret = { INTERNAL_SECRET: 'the-secret-of-the-services' };
    const env = bed.env('gateway', { STORAGE_URL: address, VIDEO_URL: address, ...secret });
    database = new Database(loadConfig(GatewayConfig, env), [Project, Order, Stage]);
  });
  afterAll(async () => {
    await database?.onApplicationShutdown();
    await bed?.close();
  });

  const save = (...histories: ReturnType<typeof aHistory>[]) =>
    database.transaction('requests', async unit => {
      for (const { project, orders, attempts } of histories)
        for (const row of [project, ...orders, ...attempts]) unit.insert(row);
    });

  it('by lists and views shows what all of them would', async () => {
    const roll = dice();
    const histories = Array.from({ length: 60 }, (_, i) => aHistory(i % 12, roll));
    await save(...histories);
    const projects = histories.map(({ project }) => project);
    const images = [{ imageId: 'an image', contentType: 'image/png', size: 1 }];
    await database.read('requests', async em => {
      const listed = await attemptsInList(em.fork(), projects);
      const orders = await latestOrders(
        em.fork(),
        projects.map(({ taskId }) => taskId),
      );
      for (const { project, attempts, orders: placed } of histories) {
        const isOfProject = ({ taskId }: { taskId: string }) => taskId === project.taskId;
        const order = orders.find(isOfProject);
        expect(summaryView(project, order, listed.filter(isOfProject), images)).toEqual(
          summaryView(project, placed.at(-1), attempts, images),
        );
        expect(projectView(project, order, await attemptsOf(em.fork(), project), images as never)).toEqual(
          projectView(project, placed.at(-1), attempts, images as never),
        );
      }
    });
  });

  it('by a list does not grow with their number, and holds nothing long', async () => {
    const history = aHistory(200, dice());
    await save(history);
    const { project, attempts } = history;
    await database.read('requests', async em => {
      const listed = await attemptsInList(em.fork(), [project]);
      expect(attempts.length).toBeGreaterThan(250);
      expect(listed.length).toBeLessThanOrEqual(48);
      expect(JSON.stringify(listed)).not.toContain('la la la');
      expect(await latestOrders(em.fork(), [project.taskId])).toHaveLength(1);
      const whole = (await attemptsOf(em.fork(), project)).filter(({ output }) => output && 'sections' in output);
      expect(whole.length).toBeLessThanOrEqual(2);
    });
  });

  it('by the fold is no result, and what it writes leaves results as they are', async () => {
    const { project, attempts } = aHistory(0, dice());
    const { taskId } = project;
    attempts.push(...(['lyric', 'song'] as const).map(name => Stage.of(taskId, name, 1)));
    for (const stage of attempts) {
      stage.begun(at(1), { revision: 1 });
      stage.learned({ time: at(2), output: outputs[stageOf(stage.name)] });
    }
    await save({ project, orders: [], attempts });
    await database.transaction('background', async unit => {
      const stages = await outlinesOf(unit.em, [taskId], []);
      const [lyric, song] = (['lyric', 'song'] as const).map(name => stages.one(taskId, name, 1));
      expect([lyric, song].map(stage => stage?.status())).toEqual(['completed', 'running']);
      expect(JSON.stringify([lyric, song])).not.toContain('la');
      const other: SongOutput = { title: 'Another', tracks: [], chosenTrackId: 'c' };
      song?.learned({ time: at(3), output: other, files: filesOf('b') });
    });
    const [stored] = await database.read('requests', em => em.find(Stage, { taskId, name: 'song' }));
    expect(stored).toMatchObject({ output: song, input: { revision: 1 }, files: filesOf('b'), endedAt: at(3) });
  });
});
