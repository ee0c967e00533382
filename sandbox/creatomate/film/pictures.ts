import { createCanvas, loadImage, type Canvas, type Image } from '@napi-rs/canvas';
import type { Size } from './lengths.ts';

const largestThumbnail = 70_000;
const heic = /^....ftyp(heic|heix|hevc|mif1|msf1)/s;

/** Why a file cannot be drawn, where it is better to say so than to draw half of it. */
export function complaintAbout(bytes: Buffer): string | undefined {
  const head = bytes.toString('latin1', 0, 16);
  if (heic.test(head)) return 'HEIC images are not supported';
  return head.startsWith('\xff\xd8\xff') && isTruncated(bytes) ? 'the JPEG is truncated' : undefined;
}

/** The end mark may be followed by much (a phone's moving picture), but one near the beginning is a thumbnail's. */
function isTruncated(jpeg: Buffer): boolean {
  const end = jpeg.lastIndexOf('\xff\xd9', undefined, 'latin1');
  return end < Math.max(2, Math.min(jpeg.length - 4096, largestThumbnail));
}

export type Fit = 'cover' | 'contain' | 'fill';

/** A picture as large as it will be drawn, so that single frames need no good scaling. */
export interface Picture {
  canvas: Canvas;
  /** Its size when it is drawn without enlargement. */
  width: number;
  height: number;
}

const softness = 6;

export const decode = (bytes: Buffer): Promise<Image> => loadImage(bytes);

export function picture(image: Image, box: Size, fit: Fit, zoom: number, blur: number): Picture {
  const ratio = [box.width / image.width, box.height / image.height] as const;
  const scale = fit === 'contain' ? Math.min(...ratio) : Math.max(...ratio);
  const width = fit === 'fill' ? box.width : image.width * scale;
  const height = fit === 'fill' ? box.height : image.height * scale;
  if (blur > 0) return { canvas: blurred(image, { width, height }, box, blur), ...box };
  // Never larger than the file: enlarging is for the frames.
  const detail = Math.min(zoom, Math.max(1, image.width / width));
  return { canvas: scaled(image, width * detail, height * detail), width, height };
}

function scaled(image: Image, width: number, height: number): Canvas {
  const canvas = createCanvas(Math.max(1, Math.round(width)), Math.max(1, Math.round(height)));
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  const enlarged = canvas.width / image.width;
  if (enlarged > 1.5) context.filter = `blur(${enlarged / 3}px)`; // better soft than in squares
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.data(); // draws now: until then it would hold on to the whole image
  return canvas;
}

/** The middle of a picture, blurred while it is small: nobody sees the difference. */
function blurred(image: Image, whole: Size, box: Size, blur: number): Canvas {
  const small = scaled(image, whole.width / softness, whole.height / softness);
  const canvas = createCanvas(Math.round(box.width), Math.round(box.height));
  const soft = createCanvas(small.width, small.height);
  const context = soft.getContext('2d');
  context.filter = `blur(${blur / softness}px)`;
  const edge = (blur / softness) * 2; // beyond the rim, or it would fade to black
  context.drawImage(small, -edge, -edge, small.width + edge * 2, small.height + edge * 2);
  const [x, y] = [(box.width - whole.width) / 2, (box.height - whole.height) / 2];
  canvas.getContext('2d').drawImage(soft, x, y, whole.width, whole.height);
  canvas.data();
  return canvas;
}
