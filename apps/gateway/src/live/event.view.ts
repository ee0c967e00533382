import {
  AssetFailed,
  AssetStored,
  type Failure,
  LyricFailed,
  LyricGenerated,
  type Message,
  type MessageClass,
  MessageRejected,
  RenderFailed,
  RenderSubmitted,
  RenderSucceeded,
  SongFailed,
  SongReady,
  SongSubmitted,
  StageDelayed,
  type Stage as StageName,
  TaskCancelled,
  TaskCompleted,
  TaskFailed,
} from '@castad/contracts';
import { estimateIn } from '../estimate/estimate.dto.ts';
import { ofProject } from '../input/ids.view.ts';
import { errorIn, formatIn } from '../projection/fold.ts';
import type { TaskEvent } from '../projection/task-event.entity.ts';
import type { EventView } from './live.dto.ts';

type Meaning = Pick<EventView, 'stage' | 'status' | 'error' | 'waiting' | 'paid'>;
type Entry = [type: string, meaning: (event: never) => Meaning];

const when = <M extends Message>({ type }: MessageClass<M>, meaning: (event: M) => Meaning): Entry => [type, meaning];
const means = (stage: StageName, status: Meaning['status']) => (): Meaning => ({ stage, status });
const fails =
  (stage: StageName) =>
  (event: Failure): Meaning => ({ stage, status: 'failed', error: errorIn(event) });

/** A song and a film are done when their files are ours. Of an event only what is named here goes out. */
const meanings = new Map<string, (event: never) => Meaning>([
  when(LyricGenerated, means('lyric', 'completed')),
  when(LyricFailed, fails('lyric')),
  when(SongSubmitted, means('song', 'running')),
  when(SongReady, means('song', 'running')),
  when(SongFailed, fails('song')),
  when(RenderSubmitted, means('video', 'running')),
  when(RenderSucceeded, means('video', 'running')),
  when(RenderFailed, fails('video')),
  when(AssetStored, ({ kind }) => (kind === 'image' ? {} : { stage: kind, status: 'completed' })),
  when(AssetFailed, event => (event.kind === 'image' ? { error: errorIn(event) } : fails(event.kind)(event))),
  when(TaskCompleted, ({ stage }) => ({ stage, status: 'completed' })),
  when(TaskFailed, event => fails(event.stage)(event)),
  when(TaskCancelled, ({ stage, paid }) => ({ stage, status: 'cancelled', ...(paid && { paid }) })),
  when(StageDelayed, ({ stage, code, reason, detail }) => ({
    stage,
    status: 'running',
    waiting: { code, reason, ...(detail && { detail }) },
  })),
  when(MessageRejected, ({ service, messageType }) => ({
    error: { code: 'MESSAGE_REJECTED', reason: `${service} could not handle ${messageType}.`, retryable: true },
  })),
]);

/** An event as clients see it. */
export function eventView({
  position,
  taskId,
  revision,
  type,
  time,
  data,
  expectedAt,
  latestAt,
}: TaskEvent): EventView {
  const meaning = meanings.get(type) as ((event: Message) => Meaning) | undefined;
  const format = meaning && formatIn(data);
  const { preview } = data as Partial<TaskCompleted>;
  return {
    id: position ?? 0,
    ...ofProject(taskId),
    revision,
    type: type.replace(/\.v\d+$/, ''),
    time: time.toISOString(),
    ...meaning?.(data),
    ...(format && { format }),
    ...(preview && { preview }),
    ...estimateIn({ expectedAt, latestAt }),
  };
}
