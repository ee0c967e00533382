import { messages } from '@castad/contracts';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { channels } from './channels.ts';
import { docComments } from './doc-comments.ts';
import { cloudEvent, deadLetter, deadLetterDecision, replayed } from './headers.ts';
import { componentMessages } from './messages.ts';
import { operations } from './operations.ts';
import { KAFKA_BINDING } from './reference.ts';
import { schemasOf } from './schemas.ts';

const NOTE = '# Generated from libs/contracts by `npm run asyncapi`. Do not edit.\n';

/** Where the document is kept, in the repository. */
export const DOCUMENT = 'docs/asyncapi.yaml';

/** The AsyncAPI document of the messages between the services, from the sources of the contracts in the repository. */
export function asyncApi(repository: string): string {
  const contracts = join(repository, 'libs/contracts/src');
  const comments = docComments(contracts);
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'CASTAD messages',
      version: '1.0.0',
      description:
        'The messages that the services of CASTAD exchange over Kafka: CloudEvents 1.0 in binary mode, with JSON values ' +
        'of at most 256 KiB. The key is the task, so the messages of a task stay in order within a topic. Messages are ' +
        'delivered at least once; deduplicate them by ce_id. A type is a name and a version. Optional properties may ' +
        'be added to it, so ignore unknown ones. Any other change is a new type.',
    },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: {
      messages: componentMessages(join(contracts, 'samples'), comments),
      schemas: {
        CloudEventHeaders: cloudEvent,
        ReplayHeaders: replayed,
        DeadLetterHeaders: deadLetter,
        DeadLetterDecisionHeaders: deadLetterDecision,
        ...schemasOf(messages, comments),
      },
      messageBindings: {
        keyedByTask: {
          kafka: { key: { type: 'string', format: 'uuid', description: 'The taskId.' }, ...KAFKA_BINDING },
        },
      },
    },
  };
  // Readers of YAML 1.1 would take 9:16 for a number of base 60 and a deadline for a date.
  return (
    NOTE + stringify(document, { compat: 'yaml-1.1', aliasDuplicateObjects: false, singleQuote: true, lineWidth: 120 })
  );
}
