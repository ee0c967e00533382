import {
  AssetFailed,
  AssetStored,
  type Failure,
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
import { CANCELLED, Stage, type StageError, type StageInput } from './stage.entity.ts';

const MAX_REASON = 1000;

/** Stages of any tasks by their key. What is asked for and not there yet is made. */
export class Stages {
  readonly made: Stage[] = [];
  private readonly byKey: Map<string, Stage>;

  constructor(known: Stage[]) {
    this.byKey = new Map(known.map(stage => [keyOf(stage.taskId, stage.name, stage.revision), stage]));
  }

  find(taskId: string, name: StageName, revision: number): Stage | undefined {
    return this.byKey.get(keyOf(taskId, name, revision));
  }

  get(taskId: string, name: StageName, revision: number): Stage {
    const key = keyOf(taskId, name, revision);
    const known = this.byKey.get(key);
    if (known) return known;
    const stage = Stage.of(taskId, name, revision);
    this.byKey.set(key, stage);
    this.made.push(stage);
    return stage;
  }
}

const keyOf = (taskId: string, name: StageName, revision: number): string => `${taskId} ${name} ${revision}`;

/** An accepted order begins its first stage. */
export function beginOf({ taskId, revision, firstStage, createdAt, input }: Order, stages: Stages): Stage {
  const stage = stages.get(taskId, firstStage, revision);
  stage.begun(createdAt, input ?? undefined);
  return stage;
}

/** What an event says about stages; the same whatever came before it. `time` is when it was announced. */
export function tell(event: Message, time: Date, stages: Stages): void {
  const { taskId, revision } = event;
  const stage = (name: StageName) => stages.get(taskId, name, revision);
  if (event instanceof LyricGenerated) {
    stage('lyric').learned({ time, output: event.lyric });
    if (event.plan.stopAfter !== 'lyric') stage('song').begun(time, { revision });
  } else if (event instanceof SongReady) {
    const { title, tracks, chosenTrackId } = event;
    const askedSeconds = event.plan.music.durationSeconds;
    stage('song').learned({ time, output: { title, tracks, chosenTrackId, askedSeconds } });
    if (event.plan.stopAfter !== 'song') stage('video').begun(time, filmInput(event));
  } else if (event instanceof RenderSucceeded) {
    const { format, durationSeconds } = event;
    stage('video').learned({ time, output: { format, durationSeconds } });
  } else if (event instanceof AssetStored) {
    if (event.kind !== 'image') stage(event.kind).learned({ time, files: event.files });
  } else if (event instanceof SongSubmitted) {
    paid(stage('song'), time);
  } else if (event instanceof RenderSubmitted) {
    paid(stage('video'), time);
  } else if (event instanceof StageDelayed) {
    const { code, reason, detail } = event;
    stage(event.stage).waits(time, { code, reason, ...(detail && { detail }) });
  } else if (event instanceof MessageRejected) {
    const held = heldUpBy(event);
    if (held) stage(held).waits(time, { code: 'MESSAGE_REJECTED', reason: rejectionIn(event) });
  } else if (event instanceof TaskFailed) {
    stage(event.stage).ended(time, errorIn(event));
  } else if (event instanceof TaskCancelled) {
    if (event.stage) stage(event.stage).ended(time, CANCELLED);
  } else {
    const failed = failedStage(event);
    if (failed) stage(failed).learned({ time, error: errorIn(event as Failure) });
  }
}

/** The stage whose work an event ends without a result. */
export function failedStage(event: Message): StageName | undefined {
  if (event instanceof LyricFailed) return 'lyric';
  if (event instanceof SongFailed) return 'song';
  if (event instanceof RenderFailed) return 'video';
  return event instanceof AssetFailed && event.kind !== 'image' ? event.kind : undefined;
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
