import { deadLetterTopic } from '@castad/contracts';
import { toError } from '@castad/platform';
import { Logger } from '@nestjs/common';
import type { Kafka } from '@castad/kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { isResumption } from '../operations/dead-letter-log.ts';
import { readTopics } from '../operations/topic-reader.ts';
import { spansOf, type Span } from '../operations/topic-spans.ts';

const POLL_MS = 2_000;

/** Polls for an operator's word that halted consumers of the service may go on. False: `isOver` before it came. */
export async function isResumed(kafka: Kafka, service: string, isOver: () => boolean): Promise<boolean> {
  const logger = new Logger('resumption');
  for (let seen: Span[] | undefined; !isOver(); await delay(POLL_MS, undefined, { ref: false })) {
    try {
      const now = await spans(kafka, deadLetterTopic(service));
      if (seen && (await holdsResumption(kafka, sinceThen(seen, now)))) return true;
      seen = now;
    } catch (error) {
      logger.warn({ error: toError(error).message }, 'cannot look whether to go on');
    }
  }
  return false;
}

async function spans(kafka: Kafka, topic: string): Promise<Span[]> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await spansOf(admin, [topic]);
  } finally {
    await admin.disconnect();
  }
}

const sinceThen = (seen: Span[], now: Span[]): Span[] =>
  now.map(span => ({ ...span, from: seen.find(({ partition }) => partition === span.partition)?.to ?? span.from }));

async function holdsResumption(kafka: Kafka, news: Span[]): Promise<boolean> {
  for await (const { records } of readTopics(kafka, [news])) if (records.some(isResumption)) return true;
  return false;
}
