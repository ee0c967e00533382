import type { MessageClass } from '@castad/contracts';
import { topicKeys, typesOn } from './channels.ts';
import { participants } from './participants.ts';
import { KAFKA_BINDING, ref } from './reference.ts';

const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const camelCase = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** What one service does in one direction: one operation for each channel with a message it takes part in. */
function operationsOf(service: string, action: 'send' | 'receive', types: MessageClass[]): [string, object][] {
  const parts = topicKeys.map(key => ({ key, own: typesOn(key).filter(type => types.includes(type)) }));
  return parts
    .filter(({ own }) => own.length > 0)
    .map(({ key, own }) => [
      `${camelCase(service)}${capitalized(action)}s${capitalized(key)}`,
      {
        action,
        channel: ref('channels', key),
        tags: [{ name: service }],
        messages: own.map(({ type }) => ref('channels', key, 'messages', type)),
        ...(action === 'receive' && { bindings: { kafka: { groupId: { const: service }, ...KAFKA_BINDING } } }),
      },
    ]);
}

export const operations = {
  ...Object.fromEntries(
    participants.flatMap(({ service, sends, receives }) => [
      ...operationsOf(service, 'send', sends),
      ...operationsOf(service, 'receive', receives),
    ]),
  ),
  serviceReceivesReplay: { action: 'receive', channel: ref('channels', 'replay') },
  serviceSendsDeadLetters: {
    action: 'send',
    channel: ref('channels', 'deadLetters'),
    messages: [ref('channels', 'deadLetters', 'messages', 'DeadLetter')],
  },
};
