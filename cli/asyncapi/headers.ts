import { services } from '@castad/contracts';

const text = (description: string, rules: object = {}) => ({ type: 'string', description, ...rules });

/** CloudEvents 1.0 attributes in Kafka binary mode. */
export const cloudEvent = {
  type: 'object',
  required: ['ce_id', 'ce_type', 'ce_source', 'ce_specversion', 'ce_time', 'ce_subject', 'traceparent', 'content-type'],
  properties: {
    ce_id: text('The id of this message, for deduplication: repeated deliveries have the same id.', { format: 'uuid' }),
    ce_type: text('Name and version of the message.', { pattern: '^[A-Za-z]+\\.v[1-9][0-9]*$' }),
    ce_source: text('The service that sent it.', { enum: services.map(service => `/castad/${service}`) }),
    ce_specversion: text('The version of CloudEvents.', { const: '1.0' }),
    ce_time: text('When it was written. For information only; no decision depends on it.', { format: 'date-time' }),
    ce_subject: text('The taskId.', { format: 'uuid' }),
    ce_causationid: text('The ce_id of the message that caused this one.', { format: 'uuid' }),
    traceparent: text('W3C trace context.'),
    'content-type': text('The format of the value.', { const: 'application/json' }),
  },
};

export const replayed = {
  type: 'object',
  required: ['replay_of'],
  properties: {
    replay_of: text('The record of which this is a copy: topic/partition/offset.'),
    castad_force: text('Present on copies that are handled even if they were handled before.', { const: 'true' }),
  },
};

export const deadLetter = {
  type: 'object',
  required: ['dl_topic', 'dl_partition', 'dl_offset', 'dl_reason', 'dl_error', 'dl_at'],
  properties: {
    dl_topic: text('The topic of the original record.'),
    dl_partition: text('The partition of the original record.', { pattern: '^[0-9]+$' }),
    dl_offset: text('The offset of the original record.', { pattern: '^[0-9]+$' }),
    dl_reason: text('Why it was dead-lettered, machine-readable.'),
    dl_error: text('Why it was dead-lettered, for people.', { maxLength: 1024 }),
    dl_at: text('When it was dead-lettered.', { format: 'date-time' }),
  },
};

export const deadLetterDecision = {
  type: 'object',
  required: ['dl_decides', 'dl_decision', 'dl_at'],
  properties: {
    dl_decides: text('The dead letter that the decision is about: partition:offset.', { pattern: '^[0-9]+:[0-9]+$' }),
    dl_decision: text('The decision.', { enum: ['redriven', 'discarded'] }),
    dl_at: text('When the decision was made.', { format: 'date-time' }),
  },
};
