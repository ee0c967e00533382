import { deadLetterTopic, messages, PARTITIONS, replayTopic, services, topics } from '@castad/contracts';
import { KAFKA_BINDING, ref } from './reference.ts';

export type TopicKey = keyof typeof topics;

export const topicKeys = Object.keys(topics) as TopicKey[];

export const typesOn = (key: TopicKey) => messages.filter(({ topic }) => topic === topics[key].name);

const purposes: Record<TopicKey, string> = {
  taskCommands: 'Commands about a whole task, to every service that works on it.',
  taskEvents: 'How orders ended, and which messages became dead letters.',
  lyricCommands: 'Commands to lyric-service.',
  lyricEvents: 'Events about lyrics.',
  songCommands: 'Commands to song-service.',
  songCallbacks: 'Callbacks that carry the token of a song.',
  songEvents: 'Events about songs.',
  videoCommands: 'Commands to video-service.',
  videoCallbacks: 'Callbacks that carry the token of a render.',
  videoEvents: 'Events about renders.',
  storageEvents: 'Events about stored files.',
};

function channel(key: TopicKey) {
  const { name, retentionMs } = topics[key];
  return {
    address: name,
    description: purposes[key],
    messages: Object.fromEntries(typesOn(key).map(({ type }) => [type, ref('components', 'messages', type)])),
    bindings: {
      kafka: {
        partitions: PARTITIONS,
        topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': retentionMs },
        ...KAFKA_BINDING,
      },
    },
  };
}

/** One topic for each service, `{service}` in its name. */
function perService(address: string, messages: string[], description: string) {
  return {
    address,
    description,
    parameters: { service: { description: 'The service it belongs to.', enum: [...services] } },
    messages: Object.fromEntries(messages.map(name => [name, ref('components', 'messages', name)])),
    bindings: { kafka: { partitions: PARTITIONS, ...KAFKA_BINDING } },
  };
}

export const channels = {
  ...Object.fromEntries(topicKeys.map(key => [key, channel(key)])),
  replay: perService(
    replayTopic('{service}'),
    ['ReplayedMessage'],
    'Copies of old messages that an operator replays to this service. Messages it handled before are dropped unless ' +
      'the copy is forced. No provider is called for an order whose deadline has passed.',
  ),
  deadLetters: perService(
    deadLetterTopic('{service}'),
    ['DeadLetter', 'DeadLetterDecision'],
    'Messages that this service could not read or handle, unchanged, with the reason. An operator redrives them ' +
      'through the replay topic or discards them; a record says which.',
  ),
};
