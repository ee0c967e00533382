import { describe, expect, it } from '@jest/globals';
import { blobPath } from './blob-path.ts';

describe('blobPath', () => {
  it('is the same for the same parts', () => {
    expect(blobPath(['task', 2, 'video', '9:16', 'film'], 'mp4')).toBe('task/2/video/9x16/film.mp4');
  });

  it('holds nothing that leads elsewhere or needs escaping', () => {
    expect(blobPath(['task', 1, 'song', 'tracks', '../a b/%2e?x#y'], 'mp3')).toBe(
      'task/1/song/tracks/--a-b--2e-x-y.mp3',
    );
  });
});
