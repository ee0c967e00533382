import {
  AssetFailed,
  AssetStored,
  CancelTask,
  GenerateLyric,
  GenerateSong,
  LyricFailed,
  LyricGenerated,
  MessageRejected,
  RenderCalledBack,
  RenderFailed,
  RenderSubmitBegun,
  RenderSubmitted,
  RenderSucceeded,
  RenderVideo,
  SongCalledBack,
  SongFailed,
  SongReady,
  SongSubmitBegun,
  SongSubmitted,
  StageDelayed,
  TaskCancelled,
  TaskCompleted,
  TaskDeleted,
  TaskFailed,
  type MessageClass,
  type ServiceName,
} from '@castad/contracts';

interface Participant {
  sends: MessageClass[];
  receives: MessageClass[];
}

/** Which service sends and receives which messages. Every service also sends `MessageRejected` for a dead letter. */
const conversations: Record<ServiceName, Participant> = {
  gateway: {
    sends: [
      GenerateLyric,
      GenerateSong,
      RenderVideo,
      CancelTask,
      SongCalledBack,
      RenderCalledBack,
      TaskCompleted,
      TaskFailed,
      TaskCancelled,
      TaskDeleted,
    ],
    receives: [
      LyricGenerated,
      LyricFailed,
      SongSubmitted,
      SongReady,
      SongFailed,
      RenderSubmitted,
      RenderSucceeded,
      RenderFailed,
      AssetStored,
      AssetFailed,
      TaskCompleted,
      TaskFailed,
      TaskCancelled,
      TaskDeleted,
      StageDelayed,
      MessageRejected,
    ],
  },
  'lyric-service': {
    sends: [LyricGenerated, LyricFailed, StageDelayed],
    receives: [GenerateLyric, CancelTask, TaskDeleted],
  },
  'song-service': {
    sends: [SongSubmitBegun, SongSubmitted, SongReady, SongFailed, StageDelayed],
    receives: [GenerateSong, LyricGenerated, SongCalledBack, CancelTask, TaskDeleted],
  },
  'video-service': {
    sends: [RenderSubmitBegun, RenderSubmitted, RenderSucceeded, RenderFailed, StageDelayed],
    receives: [RenderVideo, SongReady, RenderCalledBack, AssetStored, AssetFailed, CancelTask, TaskDeleted],
  },
  'storage-service': {
    sends: [AssetStored, AssetFailed, StageDelayed],
    receives: [SongReady, RenderSucceeded, TaskDeleted],
  },
};

export const participants = Object.entries(conversations).map(([service, { sends, receives }]) => ({
  service,
  sends: [...sends, MessageRejected],
  receives,
}));
