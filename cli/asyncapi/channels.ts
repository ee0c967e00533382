import { deadLetterTopic, messages, PARTITIONS, replayTopic, services, topics } from '@castad/contracts';
import { KAFKA_BINDING, ref } from './reference.ts';

export type TopicKey = keyof typeof topics;

export const topicKeys = Object.keys(topics) as TopicKey[];

export const typesOn = (key: TopicKey) => messages.filter(({ topic }) => topic === topics[key].name);

const purposes: Record<TopicKey, string> = {
  taskCommands: 'Orders about a whole task, to every service that works on one.',
  taskEvents: 'How orders ended, and which messages were put aside.',
  lyricCommands: 'Orders to lyric-service.',
  lyricEvents: 'What became of lyrics.',
  songCommands: 'Orders to song-service.',
  songCallbacks: 'That somebody called back with the token of a song.',
  songEvents: 'What became of songs.',
  videoCommands: 'Orders to video-service.',
  videoCallbacks: 'That somebody called back with the token of a film.',
  videoEvents: 'What became of renders.',
  storageEvents: 'What became of the files that are to be kept.',
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
    'Copies of old messages, made by an operator for this one service to read again. What it handled before is ' +
      'dropped unless the copy is forced, and no provider is called for an order whose deadline has passed.',
  ),
  deadLetters: perService(
    deadLetterTopic('{service}'),
    ['DeadLetter', 'DeadLetterDecision'],
    'Messages this service could not read or handle, untouched, with the reason. An operator has them handled again ' +
      'through the replay topic, or not, and a record says so.',
  ),
};
