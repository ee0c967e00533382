import { catalog, type Message, type MessageClass, InvalidMessage, parseMessage } from '@castad/contracts';
import { AppError, canonicalId, newId } from '@castad/platform';
import type { IHeaders, KafkaMessage } from '@castad/kafkajs';
import { randomBytes } from 'node:crypto';

/** What brought a message about: kept on rows, so that what they announce later can say so. */
export interface Cause {
  messageId: string;
  traceparent: string;
  /** When it was taken up, by the database's clock. */
  at?: Date;
}

/** CloudEvents 1.0 attributes in Kafka binary mode, as far as we read them. */
export interface Envelope {
  id: string;
  type: string;
  taskId: string;
  /** When it was announced; for people, never to decide by. */
  time: Date;
  traceparent: string;
}

/** Copies of old records carry it when even handled ones are to be handled again. */
export const FORCE_HEADER = 'castad_force';

/** Copies say which record they are of: topic/partition/offset. */
export const REPLAY_HEADER = 'replay_of';

const SPEC_VERSION = '1.0';

export const newTraceparent = () => `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;

/** The headers of a message that `service` sends now. What may be sent again as another record brings its own id. */
export function headersOf(message: Message, service: string, cause?: Cause, id = newId()): Record<string, string> {
  return {
    ce_id: id,
    ce_type: (message.constructor as MessageClass).type,
    ce_source: `/castad/${service}`,
    ce_specversion: SPEC_VERSION,
    ce_time: new Date().toISOString(),
    ce_subject: message.taskId,
    ...(cause && { ce_causationid: cause.messageId }),
    traceparent: cause?.traceparent ?? newTraceparent(),
    'content-type': 'application/json',
  };
}

/** A record that is not a message of ours. */
export class UnreadableRecord extends AppError {}

/** A header's value as text; the first, if there are several. */
export const headerOf = (headers: IHeaders | undefined, name: string): string | undefined => {
  const value = headers?.[name];
  return value === undefined ? undefined : (Array.isArray(value) ? value[0] : value)?.toString();
};

/** @throws UnreadableRecord when the record lacks what every message has */
export function readEnvelope({ headers }: Pick<KafkaMessage, 'headers'>): Envelope {
  const [id, type, taskId] = [
    canonicalId(headerOf(headers, 'ce_id') ?? ''),
    headerOf(headers, 'ce_type'),
    headerOf(headers, 'ce_subject'),
  ];
  if (!id) throw new UnreadableRecord('UNREADABLE', 'the header ce_id is not a UUID');
  if (!type) throw new UnreadableRecord('UNREADABLE', 'the header ce_type is missing');
  if (!taskId) throw new UnreadableRecord('UNREADABLE', 'the header ce_subject is missing');
  const time = new Date(headerOf(headers, 'ce_time') ?? '');
  if (Number.isNaN(time.getTime())) throw new UnreadableRecord('UNREADABLE', 'the header ce_time is not a time');
  return {
    id,
    type,
    taskId: canonicalId(taskId) ?? taskId,
    time,
    traceparent: headerOf(headers, 'traceparent') ?? newTraceparent(),
  };
}

export const isForced = ({ headers }: Pick<KafkaMessage, 'headers'>): boolean =>
  headerOf(headers, FORCE_HEADER) === 'true';

/** @throws UnreadableRecord when the value is not that message */
export function readMessage({ type }: Envelope, { value }: Pick<KafkaMessage, 'value'>): Message {
  const messageClass = catalog.get(type);
  if (!messageClass) throw new UnreadableRecord('UNKNOWN_TYPE', `${type} is not in the catalog`);
  try {
    const message = parseMessage(messageClass, JSON.parse(value?.toString() ?? ''));
    return Object.assign(message, { taskId: message.taskId.toLowerCase() });
  } catch (cause) {
    if (cause instanceof InvalidMessage) throw new UnreadableRecord('INVALID', cause.message, { cause });
    throw new UnreadableRecord('UNREADABLE', 'the value is not JSON', { cause });
  }
}
