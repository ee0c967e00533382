import { describe, expect, it } from '@jest/globals';
import { timedLines, type SungWord } from './timed-lines.ts';

/** Words sung one after the other, each for half a second, from `start` on. */
const sung = (texts: string[], start = 1): SungWord[] =>
  texts.map((text, i) => ({ text, start: start + i * 0.5, end: start + i * 0.5 + 0.5 }));

const spans = (lines: string[], words: SungWord[], durationSeconds = 20) =>
  timedLines(lines, words, durationSeconds).map(({ start, end }) => [start, end]);

describe('timedLines', () => {
  it('times a line from its first word to its last', () => {
    const words = sung(['Waves ', 'are ', 'calling ', 'you\n', 'Stay ', 'with ', 'us']);
    expect(timedLines(['Waves are calling you', 'Stay with us'], words, 20)).toEqual([
      { text: 'Waves are calling you', start: 1, end: 3 },
      { text: 'Stay with us', start: 3, end: 4.5 },
    ]);
  });

  it('does not mind case, punctuation and full-width letters', () => {
    expect(spans(['“Waves, are CALLING…”', 'ＯＫ!'], sung(['waves', 'Are', 'calling', 'OK']))).toEqual([
      [1, 2.5],
      [2.5, 3],
    ]);
  });

  it('puts syllables together', () => {
    expect(spans(['tonight', 'we stay'], sung(['to', 'night ', 'we ', 'st', 'ay']))).toEqual([
      [1, 2],
      [2, 3.5],
    ]);
  });

  it('shares a phrase that runs over the end of a line by its letters', () => {
    const words = [{ text: 'come and stay\nwith us', start: 0, end: 17 }];
    expect(spans(['come and stay', 'with us'], words)).toEqual([
      [0, 11],
      [11, 17],
    ]);
  });

  it('times Korean, word by word or syllable by syllable', () => {
    const lines = ['파도 소리 들리는', '바다민박'];
    expect(spans(lines, sung(['파도 ', '소리 ', '들리는\n', '바다민박']))).toEqual([
      [1, 2.5],
      [2.5, 3],
    ]);
    expect(spans(lines, sung([...'파도소리들리는바다민박']))).toEqual([
      [1, 4.5],
      [4.5, 6.5],
    ]);
  });

  it('times Korean that comes decomposed, in pieces of any size, and blank where it is not sure', () => {
    const lines = ['첫째 아침, 바다가 열리면', '따뜻한 방 한 칸'];
    const pieces = ['첫째 아', '침, ', '바다가 ', '열', '리면\n', '따뜻', '한 방 ', '한 칸'].map(text =>
      text.normalize('NFD'),
    );
    expect(spans(lines, sung(pieces))).toEqual([
      [1, 3.5],
      [3.5, 5],
    ]);
    const sure = sung(pieces).filter((_, i) => i !== 0 && i !== 5);
    expect(spans(lines, sure)).toEqual([
      [1.5, 3.5],
      [4, 5],
    ]);
  });

  it('times Japanese, which has no blanks', () => {
    expect(spans(['波の音が聞こえる', '海の宿'], sung([...'波の音が聞こえる海の宿']))).toEqual([
      [1, 5],
      [5, 6.5],
    ]);
  });

  it('times each repetition of a chorus line by itself', () => {
    const chorus = ['by the sea', 'by the sea', 'we are one', 'by the sea'];
    const words = sung(['by', 'the', 'sea', 'by', 'the', 'sea', 'we', 'are', 'one', 'by', 'the', 'sea']);
    expect(spans(chorus, words)).toEqual([
      [1, 2.5],
      [2.5, 4],
      [4, 5.5],
      [5.5, 7],
    ]);
  });

  it('times a line by the words that are left of it', () => {
    const words = sung(['Waves', 'are', 'calling', 'you', 'Stay', 'with', 'us']);
    const known = words.filter(({ text }) => text !== 'calling' && text !== 'Stay');
    expect(spans(['Waves are calling you', 'Stay with us'], known)).toEqual([
      [1, 3],
      [3.5, 4.5],
    ]);
  });

  it('is not put off by words that are sung but not written', () => {
    const words = sung(['Waves', 'are', 'calling', 'ooh', 'yeah', 'baby', 'Stay', 'with', 'us']);
    expect(spans(['Waves are calling', 'Stay with us'], words)).toEqual([
      [1, 2.5],
      [4, 5.5],
    ]);
  });

  it('puts a line without any word between its neighbours, and leaves them alone', () => {
    const words = [...sung(['Waves', 'are', 'calling', 'you'], 1), ...sung(['Stay', 'with', 'us', 'tonight'], 6)];
    expect(spans(['Waves are calling you', 'Where the stars are low', 'Stay with us tonight'], words)).toEqual([
      [1, 3],
      [3, 6],
      [6, 8],
    ]);
  });

  it('shares the rest of the song among the last lines when the words end early', () => {
    const words = sung(['one', 'two'], 2);
    expect(spans(['one two', 'three four', 'five six'], words, 9)).toEqual([
      [2, 3],
      [3, 6],
      [6, 9],
    ]);
  });

  it('shares the song evenly when nothing is known', () => {
    const even = [
      [0, 5],
      [5, 10],
    ];
    expect(spans(['one', 'two'], [], 10)).toEqual(even);
    expect(spans(['one', 'two'], [{ text: '', start: 1, end: 2 }], 10)).toEqual(even);
    expect(spans(['one', 'two'], sung(['나', '다']), 10)).toEqual(even);
  });

  it('keeps the lines in order, and each no shorter than nothing', () => {
    const lines = ['la la la', '...', 'la la la', 'la la', '♪'];
    const timed = timedLines(lines, sung(['la', 'la', 'la', 'la', 'oh', 'la', 'la', 'la']), 12);
    expect(timed.map(({ text }) => text)).toEqual(lines);
    timed.forEach(({ start, end }, i) => {
      expect(start).toBeGreaterThanOrEqual(timed[i - 1]?.end ?? 0);
      expect(end).toBeGreaterThanOrEqual(start);
    });
  });

  it('has no lines to time where there are none', () => {
    expect(timedLines([], sung(['la']), 10)).toEqual([]);
  });
});
