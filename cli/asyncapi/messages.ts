import { messages, type MessageClass } from '@castad/contracts';
import { readJson, shapesOf } from './readers.ts';
import { ref } from './reference.ts';
import { summaryOf } from './schemas.ts';

const cloudEvent = ref('components', 'schemas', 'CloudEventHeaders');
const bindings = ref('components', 'messageBindings', 'keyedByTask');

function message(type: MessageClass, samples: string, comments: Map<string, string>) {
  const summary = summaryOf(type, comments);
  const sample = shapesOf(samples, type.type).at(-1) as string;
  return {
    name: type.type,
    ...(summary && { summary }),
    contentType: 'application/json',
    headers: { allOf: [cloudEvent, { type: 'object', properties: { ce_type: { const: type.type } } }] },
    payload: ref('components', 'schemas', type.name),
    bindings,
    examples: [{ payload: readJson(sample) }],
  };
}

const replayedMessage = {
  name: 'ReplayedMessage',
  summary: 'A copy of any message.',
  contentType: 'application/json',
  headers: { allOf: [cloudEvent, ref('components', 'schemas', 'ReplayHeaders')] },
  payload: { anyOf: messages.map(({ name }) => ref('components', 'schemas', name)) },
  bindings,
};

const deadLetter = {
  name: 'DeadLetter',
  summary: 'The original record with all its headers, and why and from where it was dead-lettered.',
  headers: ref('components', 'schemas', 'DeadLetterHeaders'),
  payload: { description: 'The original value, which need not be a valid message.' },
};

const deadLetterDecision = {
  name: 'DeadLetterDecision',
  summary: 'What an operator decided about a dead letter.',
  headers: ref('components', 'schemas', 'DeadLetterDecisionHeaders'),
  payload: { type: 'null' },
};

export const componentMessages = (samples: string, comments: Map<string, string>) => ({
  ...Object.fromEntries(messages.map(type => [type.type, message(type, samples, comments)])),
  ReplayedMessage: replayedMessage,
  DeadLetter: deadLetter,
  DeadLetterDecision: deadLetterDecision,
});
