import { describe, expect, it } from '@jest/globals';
import { AssignerProtocol, PartitionAssigners, type Assigner, type Cluster } from '@castad/kafkajs';
import { subscribersAssigner } from './subscribers.assigner.ts';

const PARTITIONS = 12;

type Assigned = Record<string, Record<string, number[]>>;

/** A leader's view of the cluster: the topics it was told of. */
class KnownTopics {
  constructor(private readonly known: string[]) {}

  async addMultipleTargetTopics(topics: string[]): Promise<void> {
    this.known.push(...topics);
  }

  findTopicPartitionMetadata(topic: string) {
    const partitions = this.known.includes(topic) ? PARTITIONS : 0;
    return Array.from({ length: partitions }, (_, partitionId) => ({ partitionId }));
  }
}

const assigner = (known: string[] = []): Assigner =>
  subscribersAssigner({
    cluster: new KnownTopics(known) as unknown as Cluster,
    groupId: 'g',
    logger: undefined as never,
  });

async function assign(subscriptions: Record<string, string[]>, leader = 'm1'): Promise<Assigned> {
  const own = subscriptions[leader] ?? [];
  const members = Object.entries(subscriptions).map(([memberId, topics]) => ({
    memberId,
    memberMetadata: assigner().protocol({ topics }).metadata,
  }));
  const assigned = await assigner(own).assign({ members, topics: own });
  return Object.fromEntries(
    assigned.map(({ memberId, memberAssignment }) => [
      memberId,
      AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {},
    ]),
  );
}

const sizes = (assigned: Assigned, topic?: string) =>
  Object.values(assigned).map(of => (topic ? [of[topic] ?? []] : Object.values(of)).flat().length);

/** `topic partition` of everything that somebody was given. */
const given = (assigned: Assigned) =>
  Object.values(assigned).flatMap(of =>
    Object.entries(of).flatMap(([topic, partitions]) => partitions.map(partition => `${topic} ${partition}`)),
  );

const partitionsOf = (...topics: string[]) =>
  topics.flatMap(topic => Array.from({ length: PARTITIONS }, (_, partition) => `${topic} ${partition}`));

describe('the assigner', () => {
  it.each(['old', 'new'])('leaves nothing unassigned while versions are mixed and the %s one leads', async leader => {
    const assigned = await assign({ old: ['a'], new: ['a', 'b'] }, leader);
    expect(given(assigned).sort()).toEqual(partitionsOf('a', 'b').sort());
  });

  it('gives a member only what it subscribes to', async () => {
    const assigned = await assign({ m1: ['a'], m2: ['a', 'b'], m3: ['c'] });
    expect(Object.keys(assigned.m1 ?? {})).toEqual(['a']);
    expect(Object.keys(assigned.m3 ?? {})).toEqual(['c']);
    expect(assigned.m2?.b).toHaveLength(PARTITIONS);
  });

  it('evens out what only one can take by what all can', async () => {
    const assigned = await assign({ m1: ['a'], m2: ['a', 'b'] });
    expect(sizes(assigned)).toEqual([12, 12]);
  });

  it.each([1, 2, 3, 5, 7, 12])('shares every topic and the whole evenly among %i equal members', async count => {
    const members = Array.from({ length: count }, (_, i) => [`m${i}`, ['a', 'b', 'c']]);
    const assigned = await assign(Object.fromEntries(members) as Record<string, string[]>, 'm0');
    for (const shares of [sizes(assigned), ...['a', 'b', 'c'].map(topic => sizes(assigned, topic))])
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    expect(given(assigned).sort()).toEqual(partitionsOf('a', 'b', 'c').sort());
  });

  it('leaves members that are too many without a share', async () => {
    const members = Array.from({ length: 15 }, (_, i) => [`m${i}`, ['a']]);
    const assigned = await assign(Object.fromEntries(members) as Record<string, string[]>, 'm0');
    expect(sizes(assigned).filter(size => size === 0)).toHaveLength(3);
  });

  it('decides the same for every order of the members', async () => {
    const one = await assign({ m1: ['a'], m2: ['b', 'a'] });
    expect(await assign({ m2: ['a', 'b'], m1: ['a'] })).toEqual(one);
  });

  it('speaks what the built-in one speaks: a group may change from one to the other process by process', () => {
    const builtIn = PartitionAssigners.roundRobin({
      cluster: new KnownTopics([]) as unknown as Cluster,
      groupId: 'g',
      logger: undefined as never,
    });
    expect(assigner().protocol({ topics: ['a', 'b'] })).toEqual(builtIn.protocol({ topics: ['a', 'b'] }));
  });
});
