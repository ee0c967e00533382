import { AssetFailed, AssetStored } from './asset.ts';
import { GenerateLyric, LyricFailed, LyricGenerated } from './lyric.ts';
import type { MessageClass } from './message.ts';
import { GenerateSong, SongCalledBack, SongFailed, SongReady, SongSubmitBegun, SongSubmitted } from './song.ts';
import {
  CancelTask,
  MessageRejected,
  StageDelayed,
  TaskCancelled,
  TaskCompleted,
  TaskDeleted,
  TaskFailed,
} from './task.ts';
import {
  RenderCalledBack,
  RenderFailed,
  RenderSubmitBegun,
  RenderSubmitted,
  RenderSucceeded,
  RenderVideo,
} from './video.ts';

/** Every message there is. */
export const messages: readonly MessageClass[] = [
  GenerateLyric,
  LyricGenerated,
  LyricFailed,
  GenerateSong,
  SongSubmitBegun,
  SongSubmitted,
  SongCalledBack,
  SongReady,
  SongFailed,
  RenderVideo,
  RenderSubmitBegun,
  RenderSubmitted,
  RenderCalledBack,
  RenderSucceeded,
  RenderFailed,
  AssetStored,
  AssetFailed,
  CancelTask,
  TaskCompleted,
  TaskFailed,
  TaskCancelled,
  TaskDeleted,
  StageDelayed,
  MessageRejected,
];

/** `ce_type` to class, the only registry. */
export const catalog: ReadonlyMap<string, MessageClass> = new Map(messages.map(message => [message.type, message]));
