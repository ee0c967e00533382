import { describe, expect, it } from '@jest/globals';
import { cutOf, shownLines } from './cut.ts';

const aTrack = (changes: object) => ({
  trackId: 't',
  url: 'http://127.0.0.1:9/t.mp3',
  durationSeconds: 10,
  ...changes,
});

/** Lines of three seconds, one after the other. */
const lines = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ text: `line ${i}`, start: i * 4, end: i * 4 + 3 }));
const line = (start: number, end: number) => ({ text: 'la', start, end });
const cut = (durationSeconds: number, asked: number, sung = lines(30)) =>
  cutOf(aTrack({ durationSeconds, lines: sung }), asked);

describe('the cut of a song', () => {
  it.each([
    [28, 30],
    [30, 30],
    [36, 30],
    [12, 30],
    [15, 10],
    [72, 60],
  ])('is the whole song of %d s where %d s were asked for', (durationSeconds, asked) => {
    expect(cut(durationSeconds, asked)).toEqual({ durationSeconds, lines: lines(30) });
  });

  it.each([
    [36.1, 30, 33],
    [150, 30, 33],
    [15.1, 10, 13],
    [240, 60, 69],
  ])('of %d s where %d s were asked for fades out after a line, within the margin', (whole, asked, seconds) => {
    const found = cut(whole, asked);
    expect(found).toMatchObject({ durationSeconds: seconds, fadeSeconds: 2 });
    expect(found.lines.at(-1)?.end).toBe(seconds - 2);
  });

  it('ends after the asked time where no line ends near it', () => {
    for (const sung of [[], [{ text: 'la', start: 1, end: 3 }], [{ text: 'la', start: 20, end: 50 }]])
      expect(cut(150, 30, sung)).toEqual({ durationSeconds: 30, lines: sung, fadeSeconds: 2 });
  });

  it('leaves out the lines after it, and those that are still sung at its end', () => {
    const duet = [...lines(8), { text: 'oh', start: 28, end: 40 }];
    expect(cut(150, 30, duet).lines).toEqual(lines(8));
  });

  it('takes a length that cannot be for one that nobody knows', () => {
    for (const nonsense of [NaN, 0, -5, 3_601, Infinity, 'long', null, undefined] as number[]) {
      expect(cut(nonsense, 30)).toMatchObject({ durationSeconds: 33, fadeSeconds: 2 });
      expect(cut(nonsense, 30, [])).toMatchObject({ durationSeconds: 30, fadeSeconds: 2 });
    }
  });

  it('shows each line while it is sung, and none beyond its end', () => {
    const film = { durationSeconds: 10, lines: [line(0, 3), line(4, 12), line(9.95, 11), line(10, 13), line(6, 6)] };
    expect(shownLines(film)).toEqual([line(0, 3), line(4, 10), line(6, 6.1)]);
  });

  it('knows a song without lines', () => {
    expect(cutOf({ trackId: 't', url: 'http://127.0.0.1:9/t.mp3', durationSeconds: 20 }, 30)).toEqual({
      durationSeconds: 20,
      lines: [],
    });
  });
});
