import { CancelTask, LyricFailed, message, PARTITIONS, replayTopic } from '@castad/contracts';
import { newId } from '@castad/platform';
import { eventually } from '@castad/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AssignerProtocol, type Consumer } from '@castad/kafkajs';
import { cancels, Scene } from './scene.ts';

jest.setTimeout(60_000);

const TASKS = 60;

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
});

afterEach(() => scene.closeAll());

afterAll(() => scene?.end());

/** What only the current version handles, and what both do, on every partition. */
async function send(): Promise<string[]> {
  const taskIds = Array.from({ length: TASKS }, newId);
  const reasons = { code: 'REFUSED', reason: 'The model refused.', retryable: false };
  await scene.bed.topics.send([
    ...taskIds.flatMap(taskId => cancels(taskId, 1)),
    ...taskIds.map(taskId => message(LyricFailed, { taskId, revision: 1, ...reasons })),
  ]);
  return taskIds;
}

const entered = async (taskIds: string[]) =>
  (await scene.entries()).filter(({ taskId }) => taskIds.includes(taskId)).length;

async function expectAllHandled(taskIds: string[]): Promise<void> {
  await eventually(async () => expect(await entered(taskIds)).toBe(2 * taskIds.length), 30_000);
  for (const { topic } of [CancelTask, LyricFailed])
    await eventually(async () => expect(await scene.bed.topics.lag(scene.service, topic)).toBe(0), 30_000);
}

/** How many partitions of a topic each member of the group has. */
async function shares(topic: string): Promise<number[]> {
  const admin = scene.bed.topics.kafka.admin();
  await admin.connect();
  const { groups } = await admin.describeGroups([scene.service]);
  await admin.disconnect();
  const assignments = groups[0]?.members.map(({ memberAssignment }) =>
    AssignerProtocol.MemberAssignment.decode(memberAssignment),
  );
  return (assignments ?? []).map(decoded => decoded?.assignment[topic]?.length ?? 0).sort((a, b) => a - b);
}

it.each([
  { leader: 'an earlier version', versions: ['first', 'current'] },
  { leader: 'the current version', versions: ['current', 'first'] },
] as const)('leaves no partition lying while versions are mixed and $leader leads the group', async ({ versions }) => {
  for (const version of versions) await scene.boot({}, version);

  await eventually(async () => expect(await shares(CancelTask.topic)).toEqual([0, PARTITIONS]), 30_000);
  const common = await shares(LyricFailed.topic);
  expect(common.reduce((sum, share) => sum + share, 0)).toBe(PARTITIONS);
  await expectAllHandled(await send());
});

it('hands everything over when versions are replaced one by one, and back', async () => {
  let [one, two] = [await scene.boot({}, 'first'), await scene.boot({}, 'first')];
  const taskIds = await send();
  for (const version of ['current', 'first', 'current'] as const) {
    await scene.close(one);
    one = await scene.boot({}, version);
    taskIds.push(...(await send()));
    await scene.close(two);
    two = await scene.boot({}, version);
  }
  await expectAllHandled(taskIds);
});

describe('beside a process that assigns by the topics of the leader', () => {
  let former: Consumer;

  beforeAll(async () => {
    former = scene.bed.topics.kafka.consumer({ groupId: scene.service, maxWaitTimeInMs: 100 });
    await former.connect();
    await former.subscribe({ topics: [LyricFailed.topic, replayTopic(scene.service)], fromBeginning: true });
    const joined = new Promise<void>(resolve => former.on(former.events.GROUP_JOIN, () => resolve()));
    await former.run({ autoCommit: false, eachMessage: async () => {} });
    await joined;
  });

  it('waits with what that one does not know, and takes it up when that one has gone', async () => {
    await scene.boot();
    await eventually(async () => expect(await shares(LyricFailed.topic)).toEqual([6, 6]), 30_000);
    expect(await shares(CancelTask.topic)).toEqual([0, 0]);
    const taskIds = await send();

    await former.disconnect();

    await expectAllHandled(taskIds);
    expect(await shares(CancelTask.topic)).toEqual([PARTITIONS]);
  });
});
