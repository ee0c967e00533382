import { createCanvas, Path2D, type Canvas, type Image, type SKRSContext2D } from '@napi-rs/canvas';
import { isObject, stringOr, type Json } from '../../stand-in/call.ts';
import { degrees, fraction, pixels, type Size } from './lengths.ts';
import { largestZoom, motionAt, type Motion } from './motion.ts';
import { decode, picture, type Fit, type Picture } from './pictures.ts';
import { set, type Setting } from './text.ts';
import type { Timed } from './timeline.ts';

const preparedSeconds = 0.5;

/** Draws the moments of a film, one after the other. */
export class Painter {
  readonly canvas: Canvas;
  readonly #context: SKRSContext2D;
  readonly #scene: Timed[];
  readonly #files: Map<string, Buffer>;
  readonly #background: string;
  readonly #prepared = new Map<Timed, Picture | Setting>();
  readonly #layers: Canvas[] = [];
  readonly #pictures: { timed: Timed; box: Size }[];

  constructor(scene: Timed[], size: Size, files: Map<string, Buffer>, background = '#000000') {
    this.canvas = createCanvas(size.width, size.height);
    this.#context = this.canvas.getContext('2d');
    this.#context.imageSmoothingQuality = 'low';
    this.#scene = scene;
    this.#files = files;
    this.#background = background;
    this.#pictures = picturesIn(scene, size, size);
  }

  /** Paints the whole picture of one moment. */
  async paint(time: number): Promise<Canvas> {
    await this.#prepare(time);
    this.#context.fillStyle = this.#background;
    this.#context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.#draw(this.#context, this.#scene, this.canvas, time, 0);
    return this.canvas;
  }

  /** Pictures are decoded shortly before they are seen and forgotten afterwards: fifty photos do not fit at once. */
  async #prepare(time: number) {
    const isNear = ({ start, end }: Timed) => time > start - preparedSeconds && time < end;
    for (const { timed } of this.#pictures) if (!isNear(timed)) this.#prepared.delete(timed);
    const wanted = this.#pictures.filter(({ timed }) => isNear(timed) && !this.#prepared.has(timed));
    for (const source of new Set(wanted.map(({ timed }) => stringOr(timed.element.source)))) {
      const image = await decode(this.#files.get(source)!);
      for (const { timed, box } of wanted.filter(each => each.timed.element.source === source))
        this.#prepared.set(timed, this.#pictureOf(image, timed.element, box));
    }
  }

  #pictureOf(image: Image, element: Json, box: Size): Picture {
    const blur = pixels(element.blur_radius, box.width, this.canvas);
    return picture(image, box, stringOr(element.fit, 'cover') as Fit, largestZoom(element), blur);
  }

  #draw(context: SKRSContext2D, scene: Timed[], parent: Size, time: number, depth: number) {
    for (const timed of scene) {
      if (time < timed.start || time >= timed.end || timed.element.hidden === true) continue;
      const { element } = timed;
      const box = boxOf(element, parent, this.canvas);
      const motion = motionAt(timed, time, box, this.canvas);
      const opacity = Math.min(1, motion.opacity * fraction(element.opacity, 1));
      if (opacity <= 0) continue;
      context.save();
      context.globalAlpha *= opacity;
      place(context, element, box, parent, this.canvas, motion);
      this.#drawOne(context, timed, box, motion, time, depth);
      context.restore();
    }
  }

  #drawOne(context: SKRSContext2D, timed: Timed, box: Size, motion: Motion, time: number, depth: number) {
    const { element } = timed;
    if (element.type === 'image') this.#drawPicture(context, timed, box, motion);
    else if (element.type === 'shape') drawShape(context, element, box, this.canvas);
    else if (element.type === 'text') this.#drawText(context, timed, box, motion);
    else if (element.type === 'composition') this.#drawGroup(context, timed, box, time, depth);
  }

  #drawPicture(context: SKRSContext2D, timed: Timed, box: Size, { zoom, panX, panY }: Motion) {
    const { canvas, width, height } = this.#prepared.get(timed) as Picture;
    clip(context, timed.element, box, this.canvas);
    const [drawnWidth, drawnHeight] = [width * zoom, height * zoom];
    const shift = (whole: number, drawn: number, pan: number) => (whole - drawn) * (drawn > whole ? pan : 0.5);
    context.drawImage(
      canvas,
      shift(box.width, drawnWidth, panX),
      shift(box.height, drawnHeight, panY),
      drawnWidth,
      drawnHeight,
    );
    if (typeof timed.element.color_overlay !== 'string') return;
    context.fillStyle = timed.element.color_overlay;
    context.fillRect(0, 0, box.width, box.height);
  }

  #drawText(context: SKRSContext2D, timed: Timed, box: Size, { appeared, split }: Motion) {
    const setting = this.#prepared.get(timed) ?? set(timed.element, box, this.canvas, split);
    this.#prepared.set(timed, setting);
    const { ground, pieces } = setting as Setting;
    if (ground) context.drawImage(ground.canvas, ground.x, ground.y);
    const syllables = pieces.reduce((sum, piece) => sum + piece.syllables, 0);
    let before = 0;
    for (const piece of pieces) {
      if (split === undefined || before / syllables <= appeared) context.drawImage(piece.canvas, piece.x, piece.y);
      before += piece.syllables;
    }
  }

  /** A group that is not opaque is drawn apart first, or its parts would shine through one another. */
  #drawGroup(context: SKRSContext2D, timed: Timed, box: Size, time: number, depth: number) {
    const drawGround = (target: SKRSContext2D) => {
      clip(target, timed.element, box, this.canvas);
      if (!timed.element.fill_color) return;
      target.fillStyle = paintOf(target, timed.element, box);
      target.fillRect(0, 0, box.width, box.height);
    };
    if (context.globalAlpha > 0.999) {
      drawGround(context);
      return this.#draw(context, timed.children, box, time, depth);
    }
    const layer = (this.#layers[depth] ??= createCanvas(this.canvas.width, this.canvas.height));
    const inner = layer.getContext('2d');
    inner.clearRect(0, 0, layer.width, layer.height);
    inner.save();
    inner.setTransform(context.getTransform());
    inner.imageSmoothingQuality = 'low';
    drawGround(inner);
    this.#draw(inner, timed.children, box, time, depth + 1);
    inner.restore();
    context.resetTransform();
    context.drawImage(layer, 0, 0);
  }
}

function picturesIn(scene: Timed[], parent: Size, frame: Size): { timed: Timed; box: Size }[] {
  return scene.flatMap(timed => {
    const box = boxOf(timed.element, parent, frame);
    return timed.element.type === 'image' ? [{ timed, box }] : picturesIn(timed.children, box, frame);
  });
}

function boxOf(element: Json, parent: Size, frame: Size): Size {
  return {
    width: pixels(element.width, parent.width, frame, parent.width),
    height: pixels(element.height, parent.height, frame, parent.height),
  };
}

/** Moves the origin to the element's corner. */
function place(context: SKRSContext2D, element: Json, box: Size, parent: Size, frame: Size, motion: Motion) {
  const x = pixels(element.x, parent.width, frame, parent.width / 2) + motion.dx;
  const y = pixels(element.y, parent.height, frame, parent.height / 2) + motion.dy;
  context.translate(x, y);
  if (element.z_rotation !== undefined) context.rotate((degrees(element.z_rotation) * Math.PI) / 180);
  context.scale(motion.scale * fraction(element.x_scale, 1), motion.scale * fraction(element.y_scale, 1));
  context.translate(-box.width * fraction(element.x_anchor, 0.5), -box.height * fraction(element.y_anchor, 0.5));
}

function clip(context: SKRSContext2D, element: Json, box: Size, frame: Size) {
  const radius = pixels(element.border_radius, Math.min(box.width, box.height), frame);
  context.beginPath();
  if (radius > 0) context.roundRect(0, 0, box.width, box.height, radius);
  else context.rect(0, 0, box.width, box.height);
  context.clip();
}

/** Paths are drawn in percent of the element. */
function drawShape(context: SKRSContext2D, element: Json, box: Size, frame: Size) {
  const path = new Path2D(typeof element.path === 'string' ? element.path.replaceAll('%', '') : undefined);
  const outline = new Path2D();
  if (typeof element.path === 'string')
    outline.addPath(path, { a: box.width / 100, b: 0, c: 0, d: box.height / 100, e: 0, f: 0 });
  else
    outline.roundRect(
      0,
      0,
      box.width,
      box.height,
      pixels(element.border_radius, Math.min(box.width, box.height), frame),
    );
  if (element.fill_color) {
    context.fillStyle = paintOf(context, element, box);
    context.fill(outline);
  }
  if (!element.stroke_color) return;
  context.strokeStyle = stringOr(element.stroke_color);
  context.lineWidth = pixels(element.stroke_width, Math.min(box.width, box.height), frame, 1);
  context.stroke(outline);
}

function paintOf(context: SKRSContext2D, { fill_color: fill, fill_mode, ...element }: Json, box: Size) {
  if (!Array.isArray(fill)) return stringOr(fill);
  const [x0, y0] = [fraction(element.fill_x0, 0.5) * box.width, fraction(element.fill_y0, 0) * box.height];
  const [x1, y1] = [fraction(element.fill_x1, 0.5) * box.width, fraction(element.fill_y1, 1) * box.height];
  const gradient =
    fill_mode === 'radial'
      ? context.createRadialGradient(x0, y0, 0, x0, y0, fraction(element.fill_radius, 0.5) * box.width)
      : context.createLinearGradient(x0, y0, x1, y1);
  for (const stop of fill.filter(isObject))
    gradient.addColorStop(fraction(stop.offset, 0), stringOr(stop.color, '#000'));
  return gradient;
}
