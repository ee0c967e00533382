import { createCanvas, type Canvas, type SKRSContext2D } from '@napi-rs/canvas';
import { stringOr, type Json } from '../../stand-in/call.ts';
import { families } from './fonts.ts';
import { fraction, pixels, type Size } from './lengths.ts';

/** A piece of text that appears at once, drawn once. */
interface Piece {
  canvas: Canvas;
  x: number;
  y: number;
  /** How long it takes to be said: its syllables, about. */
  syllables: number;
}

/** A text set into its box; the box and all pieces are placed relative to the box's corner. */
export interface Setting {
  ground: Piece | undefined;
  pieces: Piece[];
}

interface Line {
  words: { text: string; x: number; width: number }[];
  width: number;
}

interface Face {
  size: number;
  weight: string;
  family: string;
  spacing: number;
  leading: number;
}

const pictures = new RegExp(
  '(?![©®™])\\p{Extended_Pictographic}|\\p{Emoji_Modifier}|\\p{Regional_Indicator}|\\p{Variation_Selector}|\\u{200D}|\\u{20E3}',
  'gu',
);
const smallestSize = 8;
const measure = createCanvas(1, 1).getContext('2d');

/** Wraps a text into its box, as large as its style allows, and draws it word by word. */
export function set(element: Json, box: Size, frame: Size, split: string | undefined): Setting {
  const text = transformed(stringOr(element.text), element.text_transform).replace(pictures, '').trim();
  if (text === '') return { ground: undefined, pieces: [] };
  const { face, lines } = fitted(element, text, box, frame);
  const lineHeight = face.size * face.leading;
  const top = (box.height - lines.length * lineHeight) * fraction(element.y_alignment, 0);
  const pieces = lines.flatMap((line, row) => {
    const left = (box.width - line.width) * fraction(element.x_alignment, 0);
    const drawn =
      split === 'word'
        ? line.words
        : [{ ...line.words[0]!, text: line.words.map(word => word.text).join(''), width: line.width }];
    return drawn.map(word =>
      drawnPiece(element, face, frame, word.text, word.width, left + word.x, top + row * lineHeight),
    );
  });
  return { ground: groundOf(element, face, frame, lines, box, top), pieces };
}

function transformed(text: string, transform: unknown): string {
  if (transform === 'uppercase') return text.toUpperCase();
  return transform === 'lowercase' ? text.toLowerCase() : text;
}

/** Without `font_size` the text fills its box between the smallest and the largest size. */
function fitted(element: Json, text: string, box: Size, frame: Size): { face: Face; lines: Line[] } {
  const stated = element.font_size ? pixels(element.font_size, frame.height, frame) : undefined;
  const largest = pixels(element.font_size_maximum, frame.height, frame, box.height);
  const smallest = Math.max(smallestSize, pixels(element.font_size_minimum, frame.height, frame, smallestSize));
  const faceOf = (size: number): Face => ({
    size,
    weight: stringOr(element.font_weight, '400'),
    family: families(text),
    spacing: pixels(element.letter_spacing, size, frame),
    leading: fraction(element.line_height, 1.15),
  });
  for (let size = stated ?? largest; ; size *= 0.94) {
    const face = faceOf(size);
    const lines = wrapped(text, face, box.width);
    const isFitting =
      lines.length * size * face.leading <= box.height + 1 && lines.every(line => line.width <= box.width + 1);
    if (stated !== undefined || isFitting || size <= smallest) return { face, lines };
  }
}

const segmenter = new Intl.Segmenter('ja', { granularity: 'word' });
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/u;

/** Where a line may break: after blanks, and between the words of languages that use none. */
function partsOf(paragraph: string): string[] {
  return paragraph.split(/(?<=\s)/).flatMap(word => {
    if (!unspaced.test(word)) return [word];
    const segments = [...segmenter.segment(word)].map(({ segment }) => segment);
    return segments.reduce<string[]>((parts, segment) => {
      const isBound = /^[\p{P}ー]|^\p{sc=Hiragana}{1,2}$/u.test(segment) && parts.length > 0;
      return isBound ? [...parts.slice(0, -1), parts.at(-1)! + segment] : [...parts, segment];
    }, []);
  });
}

/** Breaks lines so that they are about equally long, not full but for a last short one. */
function wrapped(text: string, face: Face, width: number): Line[] {
  const greedy = broken(text, face, width);
  if (greedy.length < 2 || text.includes('\n')) return greedy;
  let [low, high] = [width * 0.3, width];
  while (high - low > 4) {
    const middle = (low + high) / 2;
    if (broken(text, face, middle).length > greedy.length) low = middle;
    else high = middle;
  }
  return broken(text, face, high);
}

function broken(text: string, face: Face, width: number): Line[] {
  const lines: Line[] = [];
  for (const paragraph of text.split('\n')) {
    let line: Line = { words: [], width: 0 };
    for (const part of partsOf(paragraph).flatMap(word => chopped(word, face, width))) {
      if (line.words.length > 0 && line.width + widthOf(part.trimEnd(), face) > width) {
        lines.push(trimmed(line, face));
        line = { words: [], width: 0 };
      }
      const partWidth = widthOf(part, face);
      line.words.push({ text: part, x: line.width, width: partWidth });
      line.width += partWidth;
    }
    lines.push(trimmed(line, face));
  }
  return lines.filter(({ words }) => words.length > 0);
}

function trimmed(line: Line, face: Face): Line {
  const last = line.words.at(-1);
  if (!last) return line;
  const width = widthOf(last.text.trimEnd(), face);
  return { words: [...line.words.slice(0, -1), { ...last, text: last.text.trimEnd(), width }], width: last.x + width };
}

/** A single word wider than the box is broken anywhere. */
function chopped(word: string, face: Face, width: number): string[] {
  if (widthOf(word.trimEnd(), face) <= width) return [word];
  const parts: string[] = [];
  let part = '';
  for (const letter of word) {
    if (part !== '' && widthOf(part + letter, face) > width) {
      parts.push(part);
      part = '';
    }
    part += letter;
  }
  return [...parts, part];
}

function widthOf(text: string, face: Face): number {
  apply(measure, face);
  return measure.measureText(text).width;
}

function apply(context: SKRSContext2D, { weight, size, family, spacing }: Face) {
  context.font = `${weight} ${size}px ${family}`;
  context.letterSpacing = `${spacing}px`;
}

function drawnPiece(element: Json, face: Face, frame: Size, text: string, width: number, x: number, y: number): Piece {
  const blur = pixels(element.shadow_blur, face.size, frame);
  const stroke = pixels(element.stroke_width, face.size, frame);
  const [shadowX, shadowY] = [pixels(element.shadow_x, face.size, frame), pixels(element.shadow_y, face.size, frame)];
  const margin = Math.ceil(blur * 2 + stroke + Math.max(Math.abs(shadowX), Math.abs(shadowY)) + face.size * 0.2);
  const canvas = createCanvas(Math.ceil(width + margin * 2), Math.ceil(face.size * face.leading + margin * 2));
  const context = canvas.getContext('2d');
  apply(context, face);
  context.textBaseline = 'alphabetic';
  const baseline = margin + (face.size * face.leading) / 2 + face.size * 0.36;
  if (element.shadow_color) {
    Object.assign(context, {
      shadowColor: element.shadow_color,
      shadowBlur: blur,
      shadowOffsetX: shadowX,
      shadowOffsetY: shadowY,
    });
  }
  if (stroke > 0) {
    Object.assign(context, {
      strokeStyle: stringOr(element.stroke_color, '#000'),
      lineWidth: stroke * 2,
      lineJoin: 'round',
    });
    context.strokeText(text, margin, baseline);
    context.shadowColor = 'transparent';
  }
  context.fillStyle = stringOr(element.fill_color, '#000000');
  context.fillText(text, margin, baseline);
  return { canvas, x: x - margin, y: y - margin, syllables: syllablesIn(text) };
}

const sounded = /[aeiouyà-ÿ]+|[\p{sc=Hangul}\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/giu;
const silentE = /([^aeiou\s])e\b/gi;

const syllablesIn = (text: string): number => text.replace(silentE, '$1').match(sounded)?.length ?? 1;

/** The coloured ground behind the lines, one rounded bar for each. */
function groundOf(element: Json, face: Face, frame: Size, lines: Line[], box: Size, top: number): Piece | undefined {
  if (!element.background_color) return undefined;
  const padX = pixels(element.background_x_padding ?? '25%', face.size, frame);
  const padY = pixels(element.background_y_padding ?? '25%', face.size, frame);
  const radius = pixels(element.background_border_radius, face.size, frame);
  const lineHeight = face.size * face.leading;
  const canvas = createCanvas(Math.ceil(box.width + padX * 2), Math.ceil(lines.length * lineHeight + padY * 2));
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  lines.forEach((line, row) => {
    const left = (box.width - line.width) * fraction(element.x_alignment, 0);
    context.beginPath();
    context.roundRect(left, row * lineHeight, line.width + padX * 2, lineHeight + padY * 2, radius);
    context.fill();
  });
  context.globalCompositeOperation = 'source-in'; // overlapping bars must not darken one another
  context.fillStyle = stringOr(element.background_color);
  context.fillRect(0, 0, canvas.width, canvas.height);
  return { canvas, x: -padX, y: top - padY, syllables: 0 };
}
