import { crackleInto, hitInto } from './drums.ts';
import { playInto } from './instruments.ts';
import { mixed, type Stereo } from './mix.ts';
import { timeOf, type Bar, type Score } from './score.ts';
import { singInto } from './voice.ts';
import { Track } from './wave.ts';

const stepsPerBar = 16;
const loudness = { x: 1, o: 0.5 } as const;

/** Plays a score on all instruments. */
export function perform(score: Score): Stereo {
  const { seconds, style, seed } = score;
  const track = () => new Track(seconds);
  const parts = {
    lead: track(),
    double: track(),
    harmony: track(),
    bells: track(),
    chords: track(),
    pad: track(),
    bass: track(),
    kick: track(),
    drums: track(),
    dust: track(),
  };
  sing(score, parts.lead, parts.double, parts.harmony, parts.bells);
  score.bars.forEach((bar, index) => {
    const isLast = index === score.bars.length - 1;
    playChords(score, bar, index, isLast, parts.chords);
    if (!isLast) playHook(score, bar, index, parts.bells);
    playPad(score, bar, index, parts.pad);
    playBass(score, bar, index, isLast, parts.bass);
    if (!isLast) drum(score, bar, index, parts.kick, parts.drums);
    else hitInto(parts.kick, 'kick', bar.start, 0.7);
  });
  if (style.crackle > 0) crackleInto(parts.dust, style.crackle, seed);
  const band = style.lowpass;
  return mixed(seconds, [
    { track: parts.lead, level: 0.56, pan: 0, send: 0.26 },
    { track: parts.double, level: 0.2, pan: -0.6, send: 0.35 },
    { track: parts.harmony, level: 0.24, pan: 0.55, send: 0.35 },
    { track: parts.bells, level: 0.16 * style.bells * 2, pan: 0.35, send: 0.4, lowpass: band },
    { track: parts.chords, level: 0.4, pan: -0.25, send: 0.22, lowpass: band },
    { track: parts.pad, level: 0.14 * style.pad, pan: 0.2, send: 0.45, lowpass: Math.min(band, 3_500) },
    { track: parts.bass, level: 0.5, pan: 0, send: 0, lowpass: Math.min(band, 5_000) },
    { track: parts.kick, level: 0.75, pan: 0, send: 0 },
    { track: parts.drums, level: 0.42, pan: 0.08, send: 0.12, lowpass: band * 1.6 },
    { track: parts.dust, level: 0.3, pan: -0.1, send: 0 },
  ]);
}

const isFull = ({ section }: { section: string }) => /chorus|hook|후렴|bridge/.test(section);

function sing({ lines, style, key }: Score, lead: Track, double: Track, harmony: Track, bells: Track) {
  for (const line of lines) {
    const { notes } = line;
    singInto(lead, notes, { vibrato: style.vibrato, cents: 0, level: 1 });
    const isChorus = isFull(line);
    for (const { start, end, pitch } of notes) {
      if (isChorus || style.bells > 0.3)
        playInto(bells, 'bell', { start, seconds: end - start, pitch: pitch + 12, level: isChorus ? 1 : 0.55 });
    }
    if (!isChorus) continue;
    const vibrato = style.vibrato * 0.8;
    const later = notes.map(note => ({ ...note, start: note.start + 0.016, end: note.end + 0.016 }));
    const below = later.map(note => ({ ...note, pitch: note.pitch - thirdBelow(note.pitch - key, style.scale) }));
    singInto(double, later, { vibrato, cents: 9, level: 1 });
    singInto(harmony, below, { vibrato, cents: -6, level: 1 });
  }
}

/** The third of the scale below a note of it, in semitones. */
function thirdBelow(step: number, scale: number[]): number {
  const has = (semitones: number) => scale.includes((((step - semitones) % 12) + 12) % 12);
  return has(3) ? 3 : has(4) ? 4 : 5;
}

function steps(pattern: string): { step: number; level: number; length: number }[] {
  return [...pattern].flatMap((sign, step) => {
    if (sign === '.') return [];
    const rest = [...pattern.slice(step + 1)].findIndex(other => other !== '.');
    return [{ step, level: loudness[sign as 'x' | 'o'], length: rest < 0 ? pattern.length - step : rest + 1 }];
  });
}

function playChords(score: Score, { start, chord, section }: Bar, bar: number, isLast: boolean, track: Track) {
  const { style, barSeconds } = score;
  const { instrument, pattern, isBroken } = style.chords;
  const voicing = chord.map((pitch, index) => pitch + 12 - (index === 0 && pitch > 55 ? 12 : 0));
  if (isLast) {
    voicing.forEach((pitch, index) =>
      playInto(track, instrument === 'pluck' || instrument === 'reed' ? 'piano' : instrument, {
        start: start + index * 0.03,
        seconds: barSeconds,
        pitch,
        level: 0.7,
      }),
    );
    return;
  }
  steps(pattern).forEach(({ step, level, length }, k) => {
    const at = timeOf(score, bar * stepsPerBar + step);
    const seconds = (length * barSeconds) / stepsPerBar;
    const order = [0, 1, 2, 1, 2, 1];
    const strength = section === 'intro' ? 1.5 : 1;
    const played = isBroken && k > 0 ? [voicing[order[k % order.length]!]!] : voicing;
    played.forEach((pitch, index) =>
      playInto(track, instrument, {
        start: at + index * (isBroken ? 0.012 : 0),
        seconds,
        pitch,
        level: level * strength * (played.length > 1 ? 0.5 : 0.7),
      }),
    );
  });
}

const hook = [0, 2, 1, 2, 0, 2, 1, 0];

/** Where nobody sings, bells play the chord. */
function playHook(score: Score, { chord, section }: Bar, bar: number, track: Track) {
  if (section !== 'intro' && section !== 'outro') return;
  hook.forEach((tone, k) => {
    const start = timeOf(score, bar * stepsPerBar + k * 2);
    playInto(track, 'bell', { start, seconds: 0.3, pitch: chord[tone]! + 24, level: k === 0 ? 1.6 : 1.1 });
  });
}

function playPad({ barSeconds }: Score, bar: Bar, index: number, track: Track) {
  const level = isFull(bar) ? 1 : index === 0 ? 1.4 : 0.5;
  for (const pitch of bar.chord)
    playInto(track, 'pad', { start: bar.start, seconds: barSeconds, pitch: pitch + 12, level });
}

function playBass(score: Score, { chord, section, start }: Bar, bar: number, isLast: boolean, track: Track) {
  const { style, barSeconds } = score;
  const root = chord[0]! - 12 - (chord[0]! > 52 ? 12 : 0);
  if (isLast) return playInto(track, 'bass', { start, seconds: barSeconds * 0.8, pitch: root, level: 0.8 });
  if (section === 'intro')
    return playInto(track, 'bass', { start, seconds: barSeconds * 0.9, pitch: root, level: 0.6 });
  steps(style.bass.pattern).forEach(({ step, level, length }, k) => {
    const pitch = style.bass.isAlternating && k % 2 === 1 ? root + 7 - (root > 38 ? 12 : 0) : root;
    playInto(track, 'bass', {
      start: timeOf(score, bar * stepsPerBar + step),
      seconds: (length * barSeconds * 0.85) / stepsPerBar,
      pitch,
      level,
    });
  });
}

/** Light in intro and verse, everything in the chorus, and a fill where the section changes. */
function drum(score: Score, bar: Bar, index: number, kick: Track, drums: Track) {
  const { kick: kicks, snare, hat, isSoft } = score.style.drums;
  const isLeaving = score.bars[index + 1]?.section !== bar.section;
  const at = (step: number) => timeOf(score, index * stepsPerBar + step);
  const strength = isSoft ? 0.7 : 1;
  for (const { step, level } of steps(hat)) hitInto(drums, 'hat', at(step), level * 0.5 * (isFull(bar) ? 1 : 0.7));
  if (bar.section === 'intro' && !isLeaving) return;
  if (bar.section !== 'intro')
    for (const { step, level } of steps(kicks)) hitInto(kick, 'kick', at(step), level * strength);
  const drumKind = isSoft ? 'brush' : 'snare';
  if (bar.section !== 'intro')
    for (const { step, level } of steps(snare)) hitInto(drums, drumKind, at(step), level * (isFull(bar) ? 1 : 0.8));
  if (isLeaving) [12, 13, 14, 15].forEach((step, k) => hitInto(drums, drumKind, at(step), 0.35 + k * 0.15));
}
