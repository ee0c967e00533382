import type { Fault } from '../stand-in/faults.ts';
import type { SongRequest } from './request.ts';
import type { Words } from './score.ts';

export interface Track {
  id: string;
  take: number;
  duration: number;
  isUsable: boolean;
}

export interface Job {
  id: string;
  request: SongRequest;
  raw: string;
  origin: string;
  faults: Fault[];
  status: string;
  createTime: number;
  tracks: [Track, Track];
  errorCode: number | null;
  errorMessage: string | null;
}

export function wordsOf({ request }: Job, { take, duration }: Track): Words {
  const { lyrics, style, title, isInstrumental } = request;
  return { lyrics: isInstrumental ? '' : lyrics, style, title, seconds: duration, take };
}
