import { describe, expect, it } from '@jest/globals';
import type { RenderElement, RenderScript } from '../creatomate/render-script.ts';
import { compose, type FilmParts, UnusableTemplate } from './compose.ts';

const template: RenderScript = {
  output_format: 'gif',
  width: 1080,
  height: 1920,
  frame_rate: 30,
  duration: 20,
  snapshot_time: 2,
  elements: [
    { id: 'p', name: 'Photo', type: 'image', track: 1, time: 0, duration: 5, fit: 'cover' },
    { id: 's', name: 'Shade', type: 'shape', track: 2, time: 0 },
    { id: 'n', name: 'Name', type: 'text', track: 3, text: 'Business name' },
    { id: 'r', name: 'Region', type: 'text', track: 4, text: 'Region' },
    { id: 'c', name: 'Caption', type: 'text', track: 5, time: 0, duration: 3, text: 'Lyrics', font_size: '6 vmin' },
    { id: 'a', name: 'Song', type: 'audio', track: 6, time: 0, duration: 20, audio_fade_out: 2 },
  ],
};

const parts = (changes: Partial<FilmParts> = {}): FilmParts => ({
  brief: { businessName: 'Sea Breeze Stay', region: 'Gangneung' },
  songUrl: 'https://blob.example/song.mp3?sig=x',
  durationSeconds: 10,
  photoUrls: ['https://blob.example/1.jpg', 'https://blob.example/2.jpg', 'https://blob.example/3.jpg'],
  lines: [
    { text: 'Waves are calling you', start: 0.5, end: 3 },
    { text: 'Stay with us tonight', start: 3.12345, end: 6.98765 },
  ],
  ...changes,
});

const named = ({ elements }: RenderScript, name: string) =>
  elements.filter(element => element.name?.replace(/-\d+$/, '') === name);
const times = (elements: RenderElement[]) => elements.map(({ time, duration }) => [time, duration]);

describe('compose', () => {
  it('makes a film as long as the song, otherwise as it was designed', () => {
    expect(compose(template, parts())).toMatchObject({
      output_format: 'mp4',
      width: 1080,
      height: 1920,
      frame_rate: 30,
      snapshot_time: 2,
      duration: 10,
    });
  });

  it('shows the photos in order, each for an equal time', () => {
    const photos = named(compose(template, parts({ lines: [] })), 'Photo');
    expect(photos.map(({ name, source, fit, track }) => [name, source, fit, track])).toEqual([
      ['Photo-1', 'https://blob.example/1.jpg', 'cover', 1],
      ['Photo-2', 'https://blob.example/2.jpg', 'cover', 1],
      ['Photo-3', 'https://blob.example/3.jpg', 'cover', 1],
    ]);
    expect(times(photos)).toEqual([
      [0, 3.333],
      [3.333, 3.333],
      [6.667, 3.333],
    ]);
  });

  it('cuts where a line begins, if one does nearby', () => {
    const lines = [3, 4, 9].map(start => ({ text: 'la', start, end: start + 1 }));
    expect(times(named(compose(template, parts({ lines })), 'Photo'))).toEqual([
      [0, 3],
      [3, 3.667],
      [6.667, 3.333],
    ]);
  });

  it('shows a single photo all the time, and none where there is none', () => {
    const one = parts({ photoUrls: ['https://blob.example/1.jpg'] });
    expect(times(named(compose(template, one), 'Photo'))).toEqual([[0, 10]]);
    expect(named(compose(template, parts({ photoUrls: [] })), 'Photo')).toEqual([]);
  });

  it('shows each line while it is sung', () => {
    const captions = named(compose(template, parts()), 'Caption');
    expect(captions.map(({ name, text, font_size }) => [name, text, font_size])).toEqual([
      ['Caption-1', 'Waves are calling you', '6 vmin'],
      ['Caption-2', 'Stay with us tonight', '6 vmin'],
    ]);
    expect(times(captions)).toEqual([
      [0.5, 2.5],
      [3.123, 3.865],
    ]);
  });

  it('keeps captions within the film', () => {
    const lines = [
      { text: 'runs over', start: 8, end: 12 },
      { text: 'just fits', start: 9.9, end: 12 },
      { text: 'no time left', start: 9.95, end: 10 },
      { text: 'at the end', start: 10, end: 11 },
      { text: 'after it', start: 11, end: 12 },
    ];
    const captions = named(compose(template, parts({ lines })), 'Caption');
    expect(captions.map(({ text }) => text)).toEqual(['runs over', 'just fits']);
    for (const { time, duration } of captions) expect(Number(time) + Number(duration)).toBeLessThanOrEqual(10);
  });

  it('shows even a line without length for a moment', () => {
    const captions = named(compose(template, parts({ lines: [{ text: 'la', start: 2, end: 2 }] })), 'Caption');
    expect(times(captions)).toEqual([[2, 0.1]]);
  });

  it('shows no caption where no line is known', () => {
    expect(named(compose(template, parts({ lines: [] })), 'Caption')).toEqual([]);
  });

  it('plays the song from the beginning and never longer than the film', () => {
    expect(named(compose(template, parts()), 'Song')).toEqual([
      { ...template.elements[5], source: 'https://blob.example/song.mp3?sig=x', time: 0, duration: 10 },
    ]);
  });

  it('fades out a song that goes on after the film, and plays any from its beginning', () => {
    const sample = { ...template.elements[5], type: 'audio', trim_start: 30, trim_duration: 20, loop: true };
    const elements = [...template.elements.slice(0, 5), sample];
    const [song] = named(compose({ ...template, elements }, parts({ fadeSeconds: 3 })), 'Song');
    expect(song).toEqual({
      ...template.elements[5],
      source: 'https://blob.example/song.mp3?sig=x',
      time: 0,
      duration: 10,
      audio_fade_out: 3,
    });
  });

  it('names the business and the region', () => {
    const film = compose(template, parts());
    expect(named(film, 'Name')).toEqual([{ ...template.elements[2], text: 'Sea Breeze Stay' }]);
    expect(named(film, 'Region')).toEqual([{ ...template.elements[3], text: 'Gangneung' }]);
  });

  describe('with a closing card', () => {
    const card: RenderElement = {
      name: 'Closing',
      type: 'composition',
      time: 16,
      duration: 4,
      elements: [
        { name: 'Name', type: 'text', text: '' },
        { name: 'Contact', type: 'text', text: '' },
      ],
    };
    const closing = (changes?: Partial<FilmParts>) =>
      named(compose({ ...template, elements: [...template.elements, card] }, parts(changes)), 'Closing');

    it.each([
      ['at the end', 5, [6, 4]],
      ['after the last word', 7, [7, 3]],
      ['but for a moment at least', 9.8, [8.5, 1.5]],
    ])('shows it %s', (_, end, expected) => {
      expect(times(closing({ lines: [{ text: 'la', start: 1, end }] }))).toEqual([expected]);
    });

    it.each<[unknown, number]>([
      ['4 s', 6],
      ['4s', 6],
      ['4', 6],
      ['2.5', 7.5],
      ['40%', 6],
      ['100%', 5],
      ['media', 8.5],
      ['end', 8.5],
      [null, 8.5],
      [undefined, 8.5],
    ])('understands a length of %j', (duration, time) => {
      const elements = [...template.elements, { ...card, duration } as RenderElement];
      const lines = [{ text: 'la', start: 1, end: 5 }];
      const [element] = named(compose({ ...template, elements }, parts({ lines })), 'Closing');
      expect(element?.time).toBe(time);
      expect(element?.duration).toBeCloseTo(10 - time);
    });

    it.each<unknown>(['four seconds', '4 bars', '-4', NaN, -4, {}, [], true])('refuses a length of %j', duration => {
      const elements = [...template.elements, { ...card, duration } as RenderElement];
      expect(() => compose({ ...template, elements }, parts())).toThrow(UnusableTemplate);
      expect(() => compose({ ...template, elements }, parts())).toThrow('Closing of the video template has a duration');
    });

    it.each([
      ['Open daily, call +82 33 123-4567.', '+82 33 123-4567'],
      ['See www.sea.example, or come by', 'www.sea.example'],
      ['Follow @sea.stay now', '@sea.stay'],
      ['A house by the sea since 1998', ''],
    ])('fills in the name and the contact of "%s"', (description, contact) => {
      const [{ elements }] = closing({ brief: { ...parts().brief, description } }) as [RenderElement];
      expect(elements?.map(({ text }) => text)).toEqual(['Sea Breeze Stay', contact]);
    });
  });

  it('gives no two elements the same id', () => {
    const ids = compose(template, parts()).elements.flatMap(({ id }) => id ?? []);
    expect(ids).toEqual(['s', 'n', 'r', 'a']);
  });

  it('leaves other elements and the template itself as they are', () => {
    const before = structuredClone(template);
    expect(named(compose(template, parts()), 'Shade')).toEqual([template.elements[1]]);
    expect(template).toEqual(before);
  });

  it('fills elements inside compositions', () => {
    const scene: RenderElement = { name: 'Scene', type: 'composition', elements: template.elements };
    const [{ elements = [] }] = compose({ elements: [scene] }, parts()).elements as [RenderElement];
    expect(elements.filter(({ type }) => type === 'image').map(({ source }) => source)).toEqual(parts().photoUrls);
  });

  it('can do without name and region, but not without photo, caption or song', () => {
    const without = (...names: string[]): RenderScript => ({
      ...template,
      elements: template.elements.filter(({ name }) => !names.includes(name ?? '')),
    });
    expect(() => compose(without('Name', 'Region', 'Shade'), parts())).not.toThrow();
    expect(() => compose(without('Photo', 'Song'), parts())).toThrow(UnusableTemplate);
    expect(() => compose(without('Photo', 'Song'), parts())).toThrow('no element named Photo, Song');
    expect(() => compose(without('Caption'), parts())).toThrow(expect.objectContaining({ code: 'TEMPLATE_UNUSABLE' }));
  });
});
