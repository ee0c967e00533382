import {
  AssetStored,
  LyricGenerated,
  message,
  type Message,
  type MessageClass,
  type Plan,
  RenderSucceeded,
  SongReady,
} from '@castad/contracts';
import { headersOf } from '@castad/messaging';
import { aLyric, aPlan, aTrack, type Topics } from '@castad/testing';

/** An event and the time it tells. */
export interface Told {
  event: Message;
  second: number;
}

const start = Date.UTC(2026, 0, 1);
export const stored = (taskId: string, revision: number, kind: 'song' | 'video', ref: string) =>
  message(AssetStored, {
    taskId,
    revision,
    kind,
    ref,
    files: [
      {
        name: kind === 'song' ? 'track-1' : 'film',
        path: `${kind}/${ref}`,
        contentType: 'x/y',
        size: 7,
        sha256: 'a'.repeat(64),
      },
    ],
  });

/** What the services say of one film, in the order they usually say it. */
export function eventsOf(taskId: string, revision = 1, plan: Plan = aPlan()): [Told, Told, Told, Told, Told] {
  const track = aTrack();
  const events = [
    message(LyricGenerated, { taskId, revision, plan, lyric: aLyric() }),
    message(SongReady, { taskId, revision, plan, title: 'Sea Breeze', tracks: [track], chosenTrackId: track.trackId }),
    stored(taskId, revision, 'song', 'tracks'),
    message(RenderSucceeded, {
      taskId,
      revision,
      plan,
      format: '9:16',
      url: 'http://f.example/1.mp4',
      durationSeconds: 10,
    }),
    stored(taskId, revision, 'video', '9:16'),
  ];
  return events.map((event: Message, i) => ({ event, second: i + 1 })) as [Told, Told, Told, Told, Told];
}

/** As if it had been announced at its second. */
export const record = ({ event, second }: Told) => ({
  key: event.taskId,
  value: JSON.stringify(event),
  headers: { ...headersOf(event, 'test'), ce_time: new Date(start + second * 1000).toISOString() } as Record<
    string,
    string
  >,
});

export async function tellAll(topics: Topics, told: Told[]): Promise<void> {
  const byTopic = Map.groupBy(told, ({ event }) => (event.constructor as MessageClass).topic);
  for (const [topic, ofTopic] of byTopic) await topics.sendRaw(topic, ofTopic.map(record));
}
