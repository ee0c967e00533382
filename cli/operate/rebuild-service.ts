import {
  CancelTask,
  MessageRejected,
  replayTopic,
  TaskDeleted,
  type MessageClass,
  type ServiceName,
} from '@castad/contracts';
import { copyRecords, spansOf, tellProgress, type Span } from '@castad/messaging';
import type { Kafka } from '@castad/kafkajs';
import { Failure } from '../../sandbox/failure.ts';
import { participants } from '../asyncapi/participants.ts';
import { parse, serviceNamed } from './arguments.ts';
import { broker, withAdmin } from './broker.ts';
import { counted } from './counted.ts';
import { WrongUse } from './wrong-use.ts';

const USAGE = 'rebuild lyric-service|song-service|video-service|storage-service';

/** One of the passes in which a service that lost its database reads messages. */
interface Turn {
  name: string;
  types: MessageClass[];
  spans: Span[];
}

/** Makes a service that lost its database restore its rows from its own events and its input. */
export async function rebuild(args: string[]): Promise<void> {
  const { positionals } = parse(args, USAGE, {});
  const service = serviceNamed(positionals[0], USAGE);
  if (service === 'gateway')
    throw new WrongUse(
      'The gateway rebuilds what clients see by itself, from its own image.',
      'node dist/apps/gateway/rebuild.js, with the settings of the gateway.',
    );
  const kafka = await broker(replayTopic(service), ...topicsOf(typesOf(service).flatMap(({ types }) => types)));
  await assertStopped(kafka, service);
  const turns = await ending(kafka, service);
  let copied = 0;
  for (const { name, types, spans } of turns) {
    const wanted = new Set(types.map(({ type }) => type));
    copied += await copyRecords(kafka, spans, {
      to: service,
      matches: ({ headers }) => wanted.has(String(headers?.ce_type)),
      onProgress: tellProgress(name),
    });
  }
  await beginAtEnds(kafka, service, turns);
  console.log(`${counted(copied, 'record')} copied to ${replayTopic(service)}; start ${service}: it reads them first`);
}

/** What is begun no more. */
const endings: MessageClass[] = [CancelTask, TaskDeleted];

/** First cancellations and deletions, then submits and their outcomes, then commands. */
function typesOf(service: ServiceName): Omit<Turn, 'spans'>[] {
  const { sends = [], receives = [] } = participants.find(participant => participant.service === service) ?? {};
  return [
    { name: 'cancelled', types: receives.filter(type => endings.includes(type)) },
    { name: 'announced', types: sends.filter(type => type !== MessageRejected) },
    { name: 'asked for', types: receives.filter(type => !endings.includes(type)) },
  ];
}

const topicsOf = (types: MessageClass[]): string[] => [...new Set(types.map(({ topic }) => topic))];

/** All passes end at the current ends of their topics; later messages are read live. */
function ending(kafka: Kafka, service: ServiceName): Promise<Turn[]> {
  return withAdmin(kafka, admin =>
    Promise.all(typesOf(service).map(async turn => ({ ...turn, spans: await spansOf(admin, topicsOf(turn.types)) }))),
  );
}

async function assertStopped(kafka: Kafka, service: ServiceName): Promise<void> {
  const { groups } = await withAdmin(kafka, admin => admin.describeGroups([service]));
  const members = groups[0]?.members.length ?? 0;
  if (members === 0) return;
  throw new Failure(`${service} is running: its consumer group has ${counted(members, 'member')}.`, {
    next: 'stop all its processes; one that was killed counts until its session is over (10 s).',
  });
}

/** Live reading must not deliver old messages before the rows are restored. */
async function beginAtEnds(kafka: Kafka, service: ServiceName, turns: Turn[]): Promise<void> {
  const [cancelled, , asked] = turns;
  const live = Map.groupBy([...(cancelled?.spans ?? []), ...(asked?.spans ?? [])], ({ topic }) => topic);
  await withAdmin(kafka, async admin => {
    for (const [topic, spans] of live) {
      const partitions = spans.map(({ partition, to }) => ({ partition, offset: String(to) }));
      await admin.setOffsets({ groupId: service, topic, partitions });
    }
  });
}
