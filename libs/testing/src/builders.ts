import {
  GenerateLyric,
  GenerateSong,
  type Lyric,
  LyricGenerated,
  message,
  type Plan,
  RenderSucceeded,
  SongFailed,
  SongReady,
  type Track,
} from '@castad/contracts';
import { newId } from '@castad/platform';

const MINUTES = 60_000;

export const aPlan = (changes: Partial<Plan> = {}): Plan => ({
  brief: { businessName: 'Sea Breeze Stay', region: 'Gangneung', description: 'A guest house by the sea.' },
  language: 'en',
  music: { durationSeconds: 10 },
  video: { format: '9:16' },
  imageIds: [],
  deadline: new Date(Date.now() + 10 * MINUTES).toISOString(),
  ...changes,
});

export const aLyric = (): Lyric => ({
  title: 'Sea Breeze',
  style: 'bright pop',
  sections: [{ label: 'verse', lines: ['Waves are calling you', 'Stay with us tonight'] }],
});

export const aTrack = (changes: Partial<Track> = {}): Track => ({
  trackId: 'track-1',
  url: 'http://127.0.0.1:9/track-1.mp3',
  durationSeconds: 10,
  lines: [{ text: 'Waves are calling you', start: 0.5, end: 3 }],
  ...changes,
});

const head = (changes: { taskId?: string; revision?: number }) => ({ taskId: newId(), revision: 1, ...changes });

export const aGenerateLyric = (changes: Partial<GenerateLyric> = {}) =>
  message(GenerateLyric, { ...head(changes), plan: aPlan(), ...changes });

export const aLyricGenerated = (changes: Partial<LyricGenerated> = {}) =>
  message(LyricGenerated, { ...head(changes), plan: aPlan(), lyric: aLyric(), ...changes });

export const aGenerateSong = (changes: Partial<GenerateSong> = {}) =>
  message(GenerateSong, { ...head(changes), plan: aPlan(), lyric: aLyric(), ...changes });

export const aSongReady = (changes: Partial<SongReady> = {}) =>
  message(SongReady, {
    ...head(changes),
    plan: aPlan(),
    title: 'Sea Breeze',
    tracks: [aTrack()],
    chosenTrackId: 'track-1',
    ...changes,
  });

export const aSongFailed = (changes: Partial<SongFailed> = {}) =>
  message(SongFailed, {
    ...head(changes),
    code: 'PROVIDER_REFUSED',
    reason: 'The provider refused.',
    retryable: false,
    ...changes,
  });

export const aRenderSucceeded = (changes: Partial<RenderSucceeded> = {}) =>
  message(RenderSucceeded, {
    ...head(changes),
    plan: aPlan(),
    format: '9:16',
    url: 'http://127.0.0.1:9/film.mp4',
    posterUrl: 'http://127.0.0.1:9/film.jpg',
    durationSeconds: 10,
    ...changes,
  });
