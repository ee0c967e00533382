import {
  AssetFailed,
  AssetStored,
  GenerateLyric,
  GenerateSong,
  LyricFailed,
  LyricGenerated,
  MessageRejected,
  RenderFailed,
  RenderSucceeded,
  RenderVideo,
  SongFailed,
  SongReady,
  TaskCompleted,
  TaskFailed,
  type MessageClass,
  type ServiceName,
} from '@castad/contracts';

interface Participant {
  sends: MessageClass[];
  receives: MessageClass[];
}

/** Who says what to whom. Besides, every service sends `MessageRejected` for a message it had to put aside. */
const conversations: Record<ServiceName, Participant> = {
  gateway: {
    sends: [GenerateLyric, GenerateSong, RenderVideo, TaskCompleted, TaskFailed],
    receives: [
      LyricGenerated,
      LyricFailed,
      SongReady,
      SongFailed,
      RenderSucceeded,
      RenderFailed,
      AssetStored,
      AssetFailed,
      MessageRejected,
    ],
  },
  'lyric-service': {
    sends: [LyricGenerated, LyricFailed],
    receives: [GenerateLyric],
  },
  'song-service': {
    sends: [SongReady, SongFailed],
    receives: [GenerateSong, LyricGenerated],
  },
  'video-service': {
    sends: [RenderSucceeded, RenderFailed],
    receives: [RenderVideo, SongReady, AssetStored, AssetFailed],
  },
  'storage-service': {
    sends: [AssetStored, AssetFailed],
    receives: [SongReady, RenderSucceeded],
  },
};

export const participants = Object.entries(conversations).map(([service, { sends, receives }]) => ({
  service,
  sends: [...sends, MessageRejected],
  receives,
}));
