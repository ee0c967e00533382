import { createCanvas } from '@napi-rs/canvas';
import { describe, expect, it } from '@jest/globals';
import { Painter } from './painter.ts';
import { timeline } from './timeline.ts';

const size = { width: 100, height: 100 };

/** A picture that is red on its left and blue on its right half. */
function halves(width: number, height: number): Buffer {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#ff0000';
  context.fillRect(0, 0, width / 2, height);
  context.fillStyle = '#0000ff';
  context.fillRect(width / 2, 0, width / 2, height);
  return canvas.toBuffer('image/png');
}

const files = new Map([
  ['wide', halves(200, 100)],
  ['square', halves(100, 100)],
]);

/** The colours of a moment at some points, as r, g, b. */
async function colours(elements: object[], time: number, ...points: [number, number][]) {
  const painter = new Painter(timeline({ duration: 4, elements }), size, files);
  const context = (await painter.paint(time)).getContext('2d');
  return points.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data.subarray(0, 3)]);
}

const black = [0, 0, 0];
const red = [255, 0, 0];
const blue = [0, 0, 255];
const white = [255, 255, 255];
const box = (more: object = {}) => ({ type: 'shape', fill_color: '#ffffff', ...more });

describe('the painter', () => {
  it('shows an element in its time and not a frame longer', async () => {
    const elements = [box({ time: 1, duration: 1 })];
    const seen = await Promise.all([0.99, 1, 1.99, 2].map(async time => (await colours(elements, time, [50, 50]))[0]));
    expect(seen).toEqual([black, white, white, black]);
  });

  it('places by percent, with the anchor in the middle unless it is said', async () => {
    const middle = box({ width: '50%', height: '20%', x: '50%', y: '50%' });
    expect(await colours([middle], 0, [26, 50], [24, 50], [50, 41], [50, 38])).toEqual([white, black, white, black]);
    const corner = box({ width: '50%', height: '50%', x: '0%', y: '0%', x_anchor: '0%', y_anchor: '0%' });
    expect(await colours([corner], 0, [10, 10], [60, 60])).toEqual([white, black]);
  });

  it('measures in vmin of the film, also inside a composition', async () => {
    const inner = box({ width: '10 vmin', height: '10 vmin' });
    const group = { type: 'composition', width: '50%', height: '50%', elements: [inner] };
    expect(await colours([group], 0, [46, 50], [43, 50])).toEqual([white, black]);
  });

  it('cuts off what reaches beyond its composition', async () => {
    const group = { type: 'composition', width: '50%', height: '50%', elements: [box({ width: '300%' })] };
    expect(await colours([group], 0, [30, 50], [20, 50])).toEqual([white, black]);
  });

  it.each([
    ['cover', [red, red, blue]],
    ['contain', [red, black, blue]],
    ['fill', [red, red, blue]],
  ])('fits a picture by %s', async (fit, expected) => {
    const image = { type: 'image', source: 'wide', fit };
    expect(await colours([image], 0, [45, 50], [45, 10], [55, 50])).toEqual(expected);
  });

  it('pans over what does not fit', async () => {
    const pan = { type: 'pan', easing: 'linear', start_x: '0%', end_x: '100%' };
    const image = { type: 'image', source: 'wide', fit: 'cover', time: 0, duration: 4, animations: [pan] };
    expect(await colours([image], 0, [90, 50])).toEqual([red]);
    expect(await colours([image], 3.99, [10, 50])).toEqual([blue]);
  });

  it('zooms into a picture without leaving its frame', async () => {
    const zoom = { type: 'pan', easing: 'linear', start_scale: '100%', end_scale: '200%' };
    const image = { type: 'image', source: 'square', width: '50%', height: '50%', animations: [zoom] };
    expect(await colours([image], 3.9, [30, 50], [20, 50])).toEqual([red, black]);
  });

  it('fades in and out, and crosses from one to the next', async () => {
    const half = (time: number, animation: object) =>
      colours([box({ time: 0, duration: 4, animations: [animation] })], time, [50, 50]);
    const fade = { type: 'fade', duration: 1, easing: 'linear' };
    expect((await half(0.5, { ...fade, time: 'start' }))[0]![0]).toBeCloseTo(128, -1);
    expect((await half(3.5, { ...fade, time: 'end', reversed: true }))[0]![0]).toBeCloseTo(128, -1);
    const crossing = [
      box({ track: 1, time: 0, duration: 2, fill_color: '#ff0000' }),
      box({ track: 1, time: 2, fill_color: '#0000ff', animations: [{ ...fade, time: 0, transition: true }] }),
    ];
    const [[r, , b]] = (await colours(crossing, 2.5, [50, 50])) as [number[]];
    expect([r, b]).toEqual([expect.closeTo(128, -1), expect.closeTo(128, -1)]);
  });

  it('makes no transition from nothing', async () => {
    const fade = { type: 'fade', duration: 1, time: 0, transition: true };
    expect(await colours([box({ track: 1, animations: [fade] })], 0, [50, 50])).toEqual([white]);
  });

  it('fades a composition as a whole', async () => {
    const group = { type: 'composition', opacity: '50%', elements: [box({ fill_color: '#ff0000' }), box()] };
    const [[r, g]] = (await colours([group], 0, [50, 50])) as [number[]];
    expect([r, g]).toEqual([expect.closeTo(128, -1), expect.closeTo(128, -1)]);
  });

  it('slides and scales into place', async () => {
    const move = (animation: object) => [
      box({ width: '40%', animations: [{ duration: 1, easing: 'linear', time: 'start', ...animation }] }),
    ];
    const slide = move({ type: 'slide', direction: '0°', distance: '40 vmin' });
    expect(await colours(slide, 0, [20, 50], [60, 50])).toEqual([white, black]);
    expect(await colours(slide, 1, [20, 50], [60, 50])).toEqual([black, white]);
    const scale = move({ type: 'scale', start_scale: '0%', end_scale: '100%' });
    expect(await colours(scale, 0.5, [50, 20], [50, 40])).toEqual([black, white]);
  });

  it('paints gradients', async () => {
    const fill_color = [
      { offset: '0%', color: '#000000' },
      { offset: '100%', color: '#ffffff' },
    ];
    const [top, bottom] = await colours([box({ fill_color, fill_mode: 'linear' })], 0, [50, 5], [50, 95]);
    expect(bottom![0]! - top![0]!).toBeGreaterThan(200);
  });

  describe('with text', () => {
    const text = (more: object) => ({
      type: 'text',
      fill_color: '#ffffff',
      font_size: '20',
      x_alignment: '0%',
      y_alignment: '50%',
      ...more,
    });
    const lit = async (elements: object[], time: number) => {
      const painter = new Painter(timeline({ duration: 4, elements }), size, files);
      const { data } = (await painter.paint(time)).getContext('2d').getImageData(0, 0, 100, 100);
      const columns = new Set<number>();
      const rows = new Set<number>();
      for (let i = 0; i < data.length; i += 4) {
        if (data[i]! < 128) continue;
        columns.add((i / 4) % 100);
        rows.add(Math.floor(i / 400));
      }
      return {
        from: Math.min(...columns),
        to: Math.max(...columns),
        top: Math.min(...rows),
        bottom: Math.max(...rows),
      };
    };

    it.each(['바다', 'Sea', '海の家', '大海', '₩3,000'])('draws %s', async words => {
      const { from, to } = await lit([text({ text: words })], 0);
      expect(to - from).toBeGreaterThan(20);
    });

    it('leaves out emoji, and draws nothing where nothing is left', async () => {
      expect(await lit([text({ text: '바다 🌊🏖️' })], 0)).toEqual(await lit([text({ text: '바다' })], 0));
      expect((await lit([text({ text: '🌊' })], 0)).to).toBe(-Infinity);
    });

    it('shrinks a long name until it fits', async () => {
      const name = text({
        text: '아주아주 이름이 긴 하늘바다 게스트하우스',
        font_size: null,
        font_size_maximum: '40',
        height: '50%',
      });
      const { from, to, top, bottom } = await lit([name], 0);
      expect([from, top].every(place => place >= 0) && to < 100 && top >= 24 && bottom <= 76).toBe(true);
    });

    it('lets words appear one after the other', async () => {
      const appear = { type: 'text-appear', split: 'word', easing: 'linear' };
      const line = [text({ text: '가 나 다', time: 0, duration: 3, animations: [appear] })];
      const ends = await Promise.all([0, 1.2, 2.2].map(async time => (await lit(line, time)).to));
      expect(ends).toEqual([...ends].sort((a, b) => a - b));
      expect(new Set(ends).size).toBe(3);
    });
  });
});
