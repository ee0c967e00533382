import { describe, expect, it } from '@jest/globals';
import type { Call } from '../stand-in/call.ts';
import { alignedWords } from './alignment.ts';
import { syllablesOf } from './lyrics.ts';
import { write, type Words } from './score.ts';

const lyrics =
  '[Verse]\n창을 열면 파도 소리\n강릉의 아침이 문을 두드려요\n\n[Chorus]\nCome to the sea, 하늘바다\n海が見える家\n見る 3,000원';
const words = (changes: Partial<Words> = {}): Words => ({
  lyrics,
  style: 'bright pop',
  title: '바다',
  seconds: 30,
  take: 0,
  ...changes,
});
const notesOf = (changes?: Partial<Words>) => write(words(changes)).lines.flatMap(({ notes }) => notes);

describe('the syllables of a line', () => {
  it.each([
    ['창을 열면', ['창', '을 ', '열', '면']],
    ['Morning light', ['Mor', 'ning ', 'light']],
    ['Come home, baby', ['Come ', 'home, ', 'ba', 'by']],
    ['しゃしんを', ['しゃ', 'し', 'ん', 'を']],
    ['海へ', ['海', 'へ']],
    ['24시간', ['24', '시', '간']],
    ['A타입', ['A', '타', '입']],
    ['♪ la', ['♪ ', 'la']],
  ])('of "%s"', (text, expected) => {
    expect(syllablesOf(text).map(({ from, to }) => text.slice(from, to))).toEqual(expected);
  });
});

describe('a score', () => {
  it('is the same for the same words, and another for other words or another take', () => {
    expect(write(words())).toEqual(write(words()));
    expect(notesOf({ take: 1 })).not.toEqual(notesOf());
    expect(notesOf({ title: '산' })).not.toEqual(notesOf());
  });

  it.each([10, 17.5, 30, 60])('sings every line in its order within %d seconds', seconds => {
    const notes = notesOf({ seconds });
    const times = notes.flatMap(({ start, end }) => [start, end]);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(0);
    expect(times.at(-1)).toBeLessThan(seconds);
  });

  it('begins every line on a beat', () => {
    const { lines, barSeconds } = write(words());
    for (const { notes } of lines) expect((((notes[0]!.start / barSeconds) * 4) % 1).toFixed(6)).toMatch(/^(0|1)\.0+$/);
  });

  it('fills its time with whole bars', () => {
    const { bars, barSeconds } = write(words({ seconds: 47 }));
    expect(bars.length * barSeconds).toBeCloseTo(47, 9);
  });

  it('is what the word times tell, from the first word of a line to its last', () => {
    const score = write(words());
    const aligned = alignedWords({ faults: [] as Call['faults'] } as Call, score);
    const ends = aligned.filter(({ word }) => word.endsWith('\n'));
    const starts = aligned.filter((_, index) => index === 0 || aligned[index - 1]!.word.endsWith('\n'));
    score.lines.forEach(({ notes }, line) => {
      expect(starts[line]!.startS).toBeCloseTo(notes[0]!.start, 4);
      expect(ends[line]!.endS).toBeCloseTo(notes.at(-1)!.end, 4);
    });
  });

  it('stays in the range of a voice', () => {
    for (const { pitch } of notesOf()) expect(pitch >= 55 && pitch <= 84).toBe(true);
  });

  it.each([
    ['bright pop', 'pop'],
    ['따뜻한 어쿠스틱 팝', 'acoustic'],
    ['슬픈 발라드', 'ballad'],
    ['lo-fi hip hop', 'lo-fi'],
    ['신나는 트로트', 'trot'],
  ])('plays "%s" as %s', (style, name) => expect(write(words({ style })).style.name).toBe(name));

  it('can do without words, and with more than can be sung', () => {
    expect(notesOf({ lyrics: '' })).toEqual([]);
    const many = Array.from({ length: 80 }, () => '아주 많은 가사를 빨리 불러요').join('\n');
    expect(notesOf({ lyrics: many, seconds: 10 }).at(-1)!.end).toBeLessThan(10);
  });
});
