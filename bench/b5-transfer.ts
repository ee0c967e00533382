import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get, request } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Kafka, logLevel, type Producer } from '@castad/kafkajs';
import { root } from '../sandbox/sandbox.ts';
import { envelope } from './envelope.ts';
import { inRounds } from './rounds.ts';
import { openStage, startHelper, type Stage } from './stage.ts';
import { figure, median, type Figure } from './stats.ts';
import { copies, Watcher } from './watcher.ts';

const ROUNDS = 5;
const MIB = 1024 * 1024;
const BYTES = 1024 * MIB;
const WARM_UP = 8 * MIB;
const SAMPLE_MS = 20;
const DEADLINE_MS = 600_000;
const SERVICE = 'storage-service';

/** B5: a film of 1 GiB from its host to the blob store: memory it takes, and speed beside a plain pipe. */
export async function b5(): Promise<Record<string, Figure>> {
  const stage = await openStage([SERVICE], { appEnv: { [SERVICE]: { STORAGE_MAX_FILE_BYTES: String(2 * BYTES) } } });
  try {
    const source = await startHelper(stage.sandbox, 'source-host');
    const brokers = stage.sandbox.env.KAFKA_BROKERS as string;
    const producer = new Kafka({ clientId: 'bench', brokers: [brokers], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    const way = { producer, watcher: await Watcher.start(brokers, copies), source: source.address };
    await throughService(way, WARM_UP);
    const before = memory(stage);
    const rounds = await inRounds(ROUNDS, async () => {
      let most = 0;
      const sampling = setInterval(() => (most = Math.max(most, memory(stage))), SAMPLE_MS);
      const ours = await throughService(way, BYTES).finally(() => clearInterval(sampling));
      return { extra: most - before, ours, plain: await plainPipe(source.address, stage.sink) };
    });
    await Promise.all([producer.disconnect(), way.watcher.stop()]);
    const mibPerSecond = (seconds: number[]) => BYTES / MIB / median(seconds);
    const details = {
      mib: BYTES / MIB,
      oursMiBPerSecond: mibPerSecond(rounds.map(({ ours }) => ours)),
      plainMiBPerSecond: mibPerSecond(rounds.map(({ plain }) => plain)),
    };
    return {
      'B5.rss': figure(
        rounds.map(({ extra }) => extra),
        { unit: 'MiB more', goal: 64, stretch: 32, details: { beforeMiB: before } },
      ),
      'B5.speed': figure(
        rounds.map(({ ours, plain }) => plain / ours),
        { unit: 'speed / of a plain pipe', goal: 0.7, stretch: 0.9, details },
      ),
    };
  } finally {
    await stage.close();
  }
}

interface Way {
  producer: Producer;
  watcher: Watcher;
  /** The address of the films' host. */
  source: string;
}

const memory = (stage: Stage) => stage.rss()[SERVICE] as number;

/** Seconds from the announcement of a film to that of its copy. */
async function throughService({ producer, watcher, source }: Way, bytes: number): Promise<number> {
  const taskId = randomUUID();
  const value = JSON.stringify({ ...render(), taskId, url: `${source}/${bytes}` });
  const began = performance.now();
  const messages = [{ key: taskId, value, headers: envelope('RenderSucceeded.v1', taskId) }];
  await producer.send({ topic: 'castad.video.events', acks: -1, messages });
  return ((await watcher.completed(taskId)) - began) / 1000;
}

function render() {
  const sample = readFileSync(join(root, 'libs/contracts/src/samples/RenderSucceeded.v1.json'), 'utf8');
  const event = JSON.parse(sample) as { plan: object };
  const deadline = new Date(Date.now() + DEADLINE_MS).toISOString();
  return { ...event, posterUrl: undefined, plan: { ...event.plan, deadline } };
}

/** The same bytes from stream to stream, by this process. Seconds. */
async function plainPipe(source: string, sink: string): Promise<number> {
  const began = performance.now();
  const from = await new Promise<NodeJS.ReadableStream>((resolve, reject) =>
    get(`${source}/${BYTES}`, resolve).on('error', reject),
  );
  const to = request(`${sink}/plain`, { method: 'PUT', headers: { 'content-length': BYTES } });
  const answered = new Promise((resolve, reject) => to.on('response', resolve).on('error', reject));
  await Promise.all([pipeline(from, to), answered]);
  return (performance.now() - began) / 1000;
}
