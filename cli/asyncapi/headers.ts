import { services } from '@castad/contracts';

const text = (description: string, rules: object = {}) => ({ type: 'string', description, ...rules });

/** CloudEvents 1.0 attributes in Kafka binary mode. */
export const cloudEvent = {
  type: 'object',
  required: ['ce_id', 'ce_type', 'ce_source', 'ce_specversion', 'ce_time', 'ce_subject', 'traceparent', 'content-type'],
  properties: {
    ce_id: text('The id of this message; a message received twice has the same.', { format: 'uuid' }),
    ce_type: text('Name and version of the message.', { pattern: '^[A-Za-z]+\\.v[1-9][0-9]*$' }),
    ce_source: text('The service that sent it.', { enum: services.map(service => `/castad/${service}`) }),
    ce_specversion: text('The version of CloudEvents.', { const: '1.0' }),
    ce_time: text('When it was written. For information: nothing is decided by it.', { format: 'date-time' }),
    ce_subject: text('The taskId.', { format: 'uuid' }),
    ce_causationid: text('The ce_id of the message that brought this one about.', { format: 'uuid' }),
    traceparent: text('W3C trace context.'),
    'content-type': text('The format of the value.', { const: 'application/json' }),
  },
};

export const replayed = {
  type: 'object',
  required: ['replay_of'],
  properties: {
    replay_of: text('The record that this one is a copy of: topic/partition/offset.'),
    castad_force: text('Present on copies that are to be handled even if they were before.', { const: 'true' }),
  },
};

export const deadLetter = {
  type: 'object',
  required: ['dl_topic', 'dl_partition', 'dl_offset', 'dl_reason', 'dl_error', 'dl_at'],
  properties: {
    dl_topic: text('The topic it came from.'),
    dl_partition: text('The partition it came from.', { pattern: '^[0-9]+$' }),
    dl_offset: text('Its offset there.', { pattern: '^[0-9]+$' }),
    dl_reason: text('Why it was put aside, machine-readable.'),
    dl_error: text('Why it was put aside, for a person.', { maxLength: 1024 }),
    dl_at: text('When it was put aside.', { format: 'date-time' }),
  },
};

export const deadLetterDecision = {
  type: 'object',
  required: ['dl_decides', 'dl_decision', 'dl_at'],
  properties: {
    dl_decides: text('The dead letter that was decided about: partition:offset.', { pattern: '^[0-9]+:[0-9]+$' }),
    dl_decision: text('What became of it.', { enum: ['redriven', 'discarded'] }),
    dl_at: text('When that was decided.', { format: 'date-time' }),
  },
};
