import {
  AssetFailed,
  AssetStored,
  type Failure,
  type Format,
  LyricFailed,
  LyricGenerated,
  catalog,
  type Message,
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
  TaskFailed,
  topics,
} from '@castad/contracts';
import { shortened } from '@castad/platform';
import type { Order } from '../order/order.entity.ts';
import { CANCELLED, type Stage, type StageError, type StageInput } from './stage.entity.ts';
import type { Stages } from './stages.ts';

const MAX_REASON = 1000;

/** An accepted order begins its first stage: one attempt, or one for each of its films. */
export function beginOf({ taskId, revision, firstStage, createdAt, input }: Order, stages: Stages): Stage[] {
  const begun = stages.get(taskId, firstStage, revision);
  for (const stage of begun) stage.begun(createdAt, input ?? undefined);
  return begun;
}

/** What an event says about stages; the same whatever came before it. `time` is when it was announced. */
export function tell(event: Message, time: Date, stages: Stages): void {
  const { taskId, revision } = event;
  const all = (name: StageName) => stages.get(taskId, name, revision);
  const stage = (name: StageName, format?: Format) => stages.one(taskId, name, revision, format);
  if (event instanceof LyricGenerated) {
    const { lyric, drafts, draftsAsked } = event;
    stage('lyric').learned({ time, output: { ...lyric, ...(drafts && { drafts, draftsAsked }) } });
    if (event.plan.stopAfter !== 'lyric') stage('song').begun(time, { revision });
  } else if (event instanceof SongReady) {
    const { title, tracks, chosenTrackId } = event;
    const askedSeconds = event.plan.music.durationSeconds;
    stage('song').learned({ time, output: { title, tracks, chosenTrackId, askedSeconds } });
    if (event.plan.stopAfter !== 'song') all('video').forEach(film => film.begun(time, filmInput(event)));
  } else if (event instanceof RenderSucceeded) {
    const { format, durationSeconds } = event;
    stage('video', format).learned({ time, output: { format, durationSeconds } });
  } else if (event instanceof AssetStored) {
    if (event.kind !== 'image') stage(event.kind, formatIn(event)).learned({ time, files: event.files });
  } else if (event instanceof SongSubmitted) {
    paid(stage('song'), time);
  } else if (event instanceof RenderSubmitted) {
    paid(stage('video', event.format), time);
  } else if (event instanceof StageDelayed) {
    const { code, reason, detail } = event;
    stage(event.stage, event.format).waits(time, { code, reason, ...(detail && { detail }) });
  } else if (event instanceof MessageRejected) {
    const held = heldUpBy(event);
    const waiting = { code: 'MESSAGE_REJECTED', reason: rejectionIn(event) };
    if (held) all(held).forEach(attempt => attempt.waits(time, waiting));
  } else if (event instanceof TaskFailed) {
    const ended = event.format ? [stage(event.stage, event.format)] : all(event.stage);
    ended.forEach(attempt => attempt.ended(time, errorIn(event)));
  } else if (event instanceof TaskCancelled) {
    if (event.stage) all(event.stage).forEach(attempt => attempt.ended(time, CANCELLED));
  } else {
    const failed = failedStage(event);
    if (failed) stage(failed, formatIn(event)).learned({ time, error: errorIn(event as Failure) });
  }
}

/** The stage whose work an event ends without a result. */
export function failedStage(event: Message): StageName | undefined {
  if (event instanceof LyricFailed) return 'lyric';
  if (event instanceof SongFailed) return 'song';
  if (event instanceof RenderFailed) return 'video';
  return event instanceof AssetFailed && event.kind !== 'image' ? event.kind : undefined;
}

/** The film that an event is about, where it says so. */
export function formatIn(event: Message): Format | undefined {
  const { kind, ref, format } = event as Partial<AssetStored & RenderFailed>;
  return kind === 'video' ? (ref as Format) : format;
}

export const errorIn = ({ code, reason, retryable, detail }: Failure): StageError => ({
  code,
  reason,
  retryable,
  ...(detail && { detail }),
});

export const rejectionIn = ({ service, messageType, reason }: MessageRejected): string =>
  shortened(`${service} could not handle ${messageType}: ${reason}`, MAX_REASON);

const filmInput = ({ revision, chosenTrackId, plan }: SongReady): StageInput => ({
  revision,
  trackId: chosenTrackId,
  imageIds: plan.imageIds,
});

/** The provider took the order: whatever the stage waited for is over. */
function paid(stage: Stage, time: Date): void {
  stage.paid = true;
  stage.waits(time);
}

const stageOfService = new Map<string, StageName>([
  ['lyric-service', 'lyric'],
  ['song-service', 'song'],
  ['video-service', 'video'],
]);

const stageOfTopic = new Map<string, StageName>([
  [topics.lyricEvents.name, 'lyric'],
  [topics.songEvents.name, 'song'],
  [topics.videoEvents.name, 'video'],
]);

/** The stage that stands still because a message was dead-lettered: its service's own, or the one the message is about. */
const heldUpBy = ({ service, messageType }: MessageRejected): StageName | undefined =>
  stageOfService.get(service) ?? stageOfTopic.get(catalog.get(messageType)?.topic ?? '');
