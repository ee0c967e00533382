import { AssetFailed, AssetStored } from './asset.ts';
import { GenerateLyric, LyricFailed, LyricGenerated } from './lyric.ts';
import type { MessageClass } from './message.ts';
import { GenerateSong, SongFailed, SongReady } from './song.ts';
import { CancelTask, MessageRejected, TaskCancelled, TaskCompleted, TaskFailed } from './task.ts';
import { RenderFailed, RenderSucceeded, RenderVideo } from './video.ts';

/** Every message there is. */
export const messages: readonly MessageClass[] = [
  GenerateLyric,
  LyricGenerated,
  LyricFailed,
  GenerateSong,
  SongReady,
  SongFailed,
  RenderVideo,
  RenderSucceeded,
  RenderFailed,
  AssetStored,
  AssetFailed,
  CancelTask,
  TaskCompleted,
  TaskFailed,
  TaskCancelled,
  MessageRejected,
];

/** `ce_type` to class, the only registry. */
export const catalog: ReadonlyMap<string, MessageClass> = new Map(messages.map(message => [message.type, message]));
