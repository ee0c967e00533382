const DAY_MS = 24 * 60 * 60 * 1000;

/** Events are history and stay; commands are orders, useless long after their deadline. */
const forever = -1;
const commands = 14 * DAY_MS;
/** A callback says nothing that asking the provider would not tell, and nobody asks for longer than this. */
const callbacks = 2 * DAY_MS;

/** The topics messages are published to, with their retention in milliseconds (-1: without limit). */
export const topics = {
  taskCommands: { name: 'castad.task.commands', retentionMs: commands },
  taskEvents: { name: 'castad.task.events', retentionMs: forever },
  lyricCommands: { name: 'castad.lyric.commands', retentionMs: commands },
  lyricEvents: { name: 'castad.lyric.events', retentionMs: forever },
  songCommands: { name: 'castad.song.commands', retentionMs: commands },
  songCallbacks: { name: 'castad.song.callbacks', retentionMs: callbacks },
  songEvents: { name: 'castad.song.events', retentionMs: forever },
  videoCommands: { name: 'castad.video.commands', retentionMs: commands },
  videoCallbacks: { name: 'castad.video.callbacks', retentionMs: callbacks },
  videoEvents: { name: 'castad.video.events', retentionMs: forever },
  storageEvents: { name: 'castad.storage.events', retentionMs: forever },
} as const;

/** Never changed once a topic exists: the key's partition, and with it the order per task, depends on it. */
export const PARTITIONS = 12;

export const services = ['gateway', 'lyric-service', 'song-service', 'video-service', 'storage-service'] as const;
export type ServiceName = (typeof services)[number];

/** Where records are copied for one service alone to read again. */
export const replayTopic = (service: string) => `castad.${service}.replay`;

/** Where a service puts the messages it could not handle, untouched, with the reason. */
export const deadLetterTopic = (service: string) => `castad.${service}.dead-letters`;
