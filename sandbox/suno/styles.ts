export type Instrument = 'guitar' | 'piano' | 'rhodes' | 'reed' | 'pluck';

/** How a kind of music is played. Patterns are bars of sixteen steps: `x` loud, `o` soft. */
export interface Style {
  name: string;
  words: RegExp;
  tempo: number;
  /** Semitones above C of the keys it is sung in. */
  keys: number[];
  scale: number[];
  /** Roots of the chords as steps of the scale, a bar each. */
  progressions: number[][];
  sevenths: boolean;
  /** How late the second eighth of a beat is, from 0 (straight) to 1/3 (triplets). */
  swing: number;
  chords: { instrument: Instrument; pattern: string; isBroken: boolean };
  bass: { pattern: string; isAlternating: boolean };
  drums: { kick: string; snare: string; hat: string; isSoft: boolean };
  pad: number;
  bells: number;
  /** Beyond this many hertz the band is dull, as from an old tape. */
  lowpass: number;
  crackle: number;
  vibrato: number;
}

const major = [0, 2, 4, 5, 7, 9, 11];
const minor = [0, 2, 3, 5, 7, 8, 10];
const bright = { scale: major, sevenths: false, swing: 0, lowpass: 18_000, crackle: 0, vibrato: 1 };

/** The first whose words are found; bright pop when none is. */
const styles: Style[] = [
  {
    name: 'trot',
    words: /트로트|뽕짝|trot|enka|演歌|トロット/i,
    tempo: 128,
    keys: [9, 7, 10],
    scale: minor,
    progressions: [
      [0, 3, 4, 0],
      [0, 5, 3, 4],
    ],
    sevenths: false,
    swing: 0.18,
    chords: { instrument: 'reed', pattern: '..x...x...x...x.', isBroken: false },
    bass: { pattern: 'x.......x.......', isAlternating: true },
    drums: { kick: 'x.......x.......', snare: '....x..o....x.o.', hat: 'x.o.x.o.x.o.x.o.', isSoft: false },
    pad: 0.25,
    bells: 0.25,
    lowpass: 16_000,
    crackle: 0,
    vibrato: 2.4,
  },
  {
    name: 'lo-fi',
    words: /lo-?fi|로파이|로우파이|chill|칠|ローファイ|低保真/i,
    tempo: 78,
    keys: [5, 3, 8],
    scale: major,
    progressions: [
      [1, 4, 0, 5],
      [3, 2, 1, 0],
    ],
    sevenths: true,
    swing: 0.2,
    chords: { instrument: 'rhodes', pattern: 'x.....o...x.....', isBroken: false },
    bass: { pattern: 'x.....x...o.....', isAlternating: false },
    drums: { kick: 'x......o..x.....', snare: '....x.......x...', hat: 'o.o.o.o.o.o.o.oo', isSoft: true },
    pad: 0.35,
    bells: 0.15,
    lowpass: 4_200,
    crackle: 0.5,
    vibrato: 0.7,
  },
  {
    ...bright,
    name: 'acoustic',
    words: /acoustic|어쿠스틱|통기타|folk|포크|country|アコースティック|フォーク|原声|民谣|ukulele|우쿨렐레/i,
    tempo: 96,
    keys: [7, 2, 4],
    progressions: [
      [0, 4, 5, 3],
      [0, 3, 5, 4],
      [5, 3, 0, 4],
    ],
    chords: { instrument: 'guitar', pattern: 'x.o.x.oox.o.x.o.', isBroken: true },
    bass: { pattern: 'x.....o.x.......', isAlternating: true },
    drums: { kick: 'x.......x.o.....', snare: '....o.......o...', hat: 'o.o.o.o.o.o.o.o.', isSoft: true },
    pad: 0.4,
    bells: 0.3,
  },
  {
    ...bright,
    name: 'ballad',
    words: /ballad|발라드|slow|잔잔|calm|서정|バラード|抒情|慢歌|piano|피아노/i,
    tempo: 72,
    keys: [0, 3, 10],
    progressions: [
      [0, 4, 5, 3],
      [0, 2, 3, 4],
    ],
    chords: { instrument: 'piano', pattern: 'x.o.x.o.x.o.x.o.', isBroken: true },
    bass: { pattern: 'x.........o.....', isAlternating: false },
    drums: { kick: 'x.......o.......', snare: '........x.......', hat: 'o...o...o...o...', isSoft: true },
    pad: 0.8,
    bells: 0.2,
    vibrato: 1.6,
  },
  {
    ...bright,
    name: 'pop',
    words: /./,
    tempo: 112,
    keys: [0, 2, 5, 9],
    progressions: [
      [0, 4, 5, 3],
      [5, 3, 0, 4],
      [3, 4, 2, 5],
    ],
    chords: { instrument: 'pluck', pattern: 'x..x..x.x..x..x.', isBroken: false },
    bass: { pattern: 'x.x.x.x.x.x.x.x.', isAlternating: false },
    drums: { kick: 'x...x...x...x...', snare: '....x.......x...', hat: '..x...x...x...xo', isSoft: false },
    pad: 0.6,
    bells: 0.5,
  },
];

export const styleOf = (text: string): Style => styles.find(({ words }) => words.test(text)) ?? styles.at(-1)!;
