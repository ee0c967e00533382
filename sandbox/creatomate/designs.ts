import type { Json } from '../stand-in/call.ts';

/** The shape of a film and where its parts stand in it. */
interface Layout {
  format: string;
  code: string;
  digits: string;
  width: number;
  height: number;
  captionY: string;
  captionSize: string;
  titleSize: string;
}

interface Look {
  name: string;
  digit: string;
  ground: string;
  /** The frame that the photos fill, and how round it is. */
  photo: Json;
  backdropTint: string;
  shades: Json[];
  caption: Json;
  sung: string;
  unsung: string;
  /** Where a format wants it otherwise. */
  captionY: Record<string, string>;
  photoWidth?: Record<string, string>;
  title: { ink: string; accent: string; card: string };
  tag: string;
}

const layouts: Layout[] = [
  {
    format: '9:16',
    code: '9a16',
    digits: '09160916',
    width: 720,
    height: 1280,
    captionY: '79%',
    captionSize: '7.4 vmin',
    titleSize: '14 vmin',
  },
  {
    format: '16:9',
    code: '169a',
    digits: '16091609',
    width: 1280,
    height: 720,
    captionY: '83%',
    captionSize: '7 vmin',
    titleSize: '15 vmin',
  },
  {
    format: '1:1',
    code: '11aa',
    digits: '11001100',
    width: 720,
    height: 720,
    captionY: '82%',
    captionSize: '7 vmin',
    titleSize: '13 vmin',
  },
];

const fullFrame = { x: '50%', y: '50%', width: '100%', height: '100%' };

const shade = (name: string, at: 'top' | 'bottom', height: string, color: string, strength: number): Json => ({
  name,
  type: 'shape',
  time: 0,
  x: '50%',
  y: at === 'top' ? '0%' : '100%',
  y_anchor: at === 'top' ? '0%' : '100%',
  width: '100%',
  height,
  path: 'M 0 0 L 100 0 L 100 100 L 0 100 L 0 0 Z',
  fill_mode: 'linear',
  fill_x0: '50%',
  fill_x1: '50%',
  fill_y0: at === 'top' ? '100%' : '0%',
  fill_y1: at === 'top' ? '0%' : '100%',
  fill_color: [
    { offset: '0%', color: `rgba(${color},0)` },
    { offset: '45%', color: `rgba(${color},${strength * 0.62})` },
    { offset: '100%', color: `rgba(${color},${strength})` },
  ],
});

const bar = (name: string, y: string, color: string): Json => ({
  name,
  type: 'shape',
  time: 0,
  ...fullFrame,
  y,
  y_anchor: y,
  height: '6%',
  fill_color: color,
});

const looks: Look[] = [
  {
    name: 'bright',
    digit: '1',
    ground: '#0b1020',
    photo: fullFrame,
    backdropTint: 'rgba(10,16,32,0.28)',
    shades: [shade('Shade', 'bottom', '52%', '8,12,28', 0.86), shade('Sky', 'top', '18%', '8,12,28', 0.55)],
    caption: {
      font_weight: '700',
      shadow_color: 'rgba(0,0,0,0.75)',
      shadow_blur: '14%',
      stroke_color: 'rgba(8,12,28,0.4)',
      stroke_width: '3%',
    },
    sung: '#ffffff',
    unsung: 'rgba(255,255,255,0.58)',
    captionY: {},
    title: { ink: '#ffffff', accent: '#ffd36a', card: 'rgba(9,14,30,0.58)' },
    tag: '#ffffff',
  },
  {
    name: 'paper',
    digit: '2',
    ground: '#f5ede1',
    photo: { x: '50%', y: '43%', width: '88%', height: '62%', border_radius: '5%' },
    backdropTint: 'rgba(245,237,225,0.3)',
    shades: [],
    caption: { font_weight: '700' },
    sung: '#4a2f1d',
    unsung: 'rgba(74,47,29,0.36)',
    captionY: { '9:16': '85%', '16:9': '87%', '1:1': '87%' },
    photoWidth: { '16:9': '54%', '1:1': '82%' },
    title: { ink: '#4a2f1d', accent: '#c8632f', card: '#f5ede1' },
    tag: '#4a2f1d',
  },
  {
    name: 'night',
    digit: '3',
    ground: '#000000',
    photo: fullFrame,
    backdropTint: 'rgba(6,4,16,0.62)',
    shades: [
      shade('Shade', 'bottom', '60%', '6,4,16', 0.92),
      shade('Sky', 'top', '24%', '6,4,16', 0.8),
      bar('Bar above', '0%', '#000000'),
      bar('Bar below', '100%', '#000000'),
    ],
    caption: { font_weight: '900', stroke_color: 'rgba(0,0,0,0.85)', stroke_width: '5%' },
    sung: '#ffe14d',
    unsung: 'rgba(255,255,255,0.78)',
    captionY: { '9:16': '76%', '16:9': '80%', '1:1': '79%' },
    title: { ink: '#ffe14d', accent: '#ff5c8a', card: 'rgba(0,0,0,0.56)' },
    tag: 'rgba(255,255,255,0.9)',
  },
];

const fadeIn = { type: 'fade', time: 'start', duration: 0.5 };
const fadeOut = { type: 'fade', time: 'end', duration: 0.5, reversed: true };
const crossfade = { type: 'fade', time: 0, duration: 0.8, easing: 'linear', transition: true };
const leave = { type: 'fade', time: 'end', duration: 0.8, easing: 'linear', reversed: true };
const rise = { type: 'slide', time: 'start', duration: 0.9, direction: '270°', distance: '25%', fade: true };
const centred = { x_alignment: '50%', y_alignment: '50%' };
const face = { font_family: 'Noto Sans KR' };

/** A photo fills its frame as far as it can without losing much; a soft copy of it fills the rest. */
const photos = (look: Look, layout: Layout): Json[] => {
  const width = look.photoWidth?.[layout.format] ?? look.photo.width;
  const photo = { name: 'Photo', type: 'image', time: 0, duration: 4, dynamic: true, ...look.photo, width };
  const drift = { type: 'pan', easing: 'linear', start_x: '42%', end_x: '58%', start_scale: '112%', end_scale: '126%' };
  return [
    {
      ...photo,
      track: 1,
      fit: 'cover',
      blur_radius: '9 vmin',
      color_overlay: look.backdropTint,
      animations: [crossfade],
    },
    { ...photo, track: 2, fit: 'contain', animations: [crossfade, leave, drift] },
  ];
};

/** The whole line at once, and over it the words as they are sung. */
const captions = (look: Look, layout: Layout): Json[] => {
  const caption = {
    name: 'Caption',
    type: 'text',
    time: 0,
    duration: 3,
    dynamic: true,
    x: '50%',
    y: look.captionY[layout.format] ?? layout.captionY,
    width: '86%',
    height: '20%',
    text: 'Lyrics',
    font_size_maximum: layout.captionSize,
    font_size_minimum: '3.6 vmin',
    line_height: '130%',
    ...centred,
    ...face,
    ...look.caption,
  };
  const sung = { ...caption, fill_color: look.sung, shadow_color: undefined, shadow_blur: undefined };
  return [
    { ...caption, track: 4, fill_color: look.unsung, animations: [{ ...fadeIn, duration: 0.2 }] },
    { ...sung, track: 5, animations: [{ type: 'text-appear', split: 'word', easing: 'linear' }] },
  ];
};

const words = (name: string, text: string, size: string, more: Json): Json => ({
  name,
  type: 'text',
  text,
  x: '50%',
  dynamic: true,
  font_size_maximum: size,
  font_size_minimum: '3 vmin',
  ...centred,
  ...face,
  ...more,
});

const card = (name: string, look: Look, layout: Layout, more: Json, last: Json[]): Json => {
  const { ink, accent, card: ground } = look.title;
  const isWide = layout.format === '16:9';
  const rule = {
    name: 'Rule',
    type: 'shape',
    x: '50%',
    y: '58%',
    width: '14 vmin',
    height: '0.8 vmin',
    fill_color: accent,
  };
  return {
    name,
    type: 'composition',
    ...fullFrame,
    ...more,
    animations: [{ ...fadeIn, duration: name === 'Title' ? 0.01 : 0.6 }, ...(name === 'Title' ? [fadeOut] : [])],
    elements: [
      { name: 'Card', type: 'shape', time: 0, ...fullFrame, fill_color: ground },
      words('Name', 'Business name', layout.titleSize, {
        time: 0,
        y: isWide ? '39%' : '42%',
        width: '84%',
        height: isWide ? '30%' : '22%',
        font_weight: '900',
        line_height: '118%',
        fill_color: ink,
        animations: [rise],
      }),
      {
        ...rule,
        time: 0.2,
        animations: [{ type: 'scale', time: 'start', duration: 0.7, start_scale: '0%', end_scale: '100%' }],
      },
      words('Region', 'Region', '6 vmin', {
        time: 0.4,
        y: isWide ? '64%' : '62%',
        width: '80%',
        height: '8%',
        font_weight: '500',
        letter_spacing: '8%',
        fill_color: accent,
        animations: [fadeIn],
      }),
      ...last,
    ],
  };
};

function script(look: Look, layout: Layout): Json {
  const contact = words('Contact', '', '4.6 vmin', {
    time: 0.8,
    y: '72%',
    width: '80%',
    height: '7%',
    font_weight: '500',
    fill_color: look.title.ink,
    animations: [fadeIn],
  });
  const tag = words('Name', 'Business name', '4.2 vmin', {
    track: 6,
    time: 3,
    y: look.name === 'night' ? '9.5%' : '6.5%',
    width: '70%',
    height: '6%',
    font_weight: '700',
    fill_color: look.tag,
    ...(look.name !== 'paper' && { shadow_color: 'rgba(0,0,0,0.6)', shadow_blur: '20%' }),
    animations: [fadeIn],
  });
  const elements: Json[] = [
    ...photos(look, layout),
    ...(look.shades.length > 0
      ? [{ name: 'Shades', type: 'composition', track: 3, time: 0, ...fullFrame, elements: look.shades }]
      : []),
    ...captions(look, layout),
    tag,
    card('Title', look, layout, { track: 7, time: 0, duration: 2.8 }, []),
    card('Closing', look, layout, { track: 8, time: 16.8, duration: 3.2, dynamic: true }, [contact]),
    {
      name: 'Song',
      type: 'audio',
      track: 9,
      time: 0,
      duration: 20,
      dynamic: true,
      volume: '100%',
      audio_fade_out: 1.5,
    },
  ];
  const { width, height } = layout;
  return {
    output_format: 'mp4',
    width,
    height,
    frame_rate: 25,
    duration: 20,
    snapshot_time: 1.6,
    fill_color: look.ground,
    elements,
  };
}

/** Three looks in three formats; the first look's are the ones that stand in for an account's own. */
export const designs = looks.flatMap(look =>
  layouts.map(layout => ({
    id: `7c1f0a52-${layout.code}-4c1e-8a5${look.digit}-${layout.digits}c0de`,
    name: `Shop film, ${layout.format}, ${look.name}`,
    tags: ['castad', layout.format, look.name],
    created_at: '2026-01-05 10:00:00.000 +0900',
    updated_at: '2026-01-05 10:00:00.000 +0900',
    // Through JSON, so that it is what a client gets.
    source: JSON.parse(JSON.stringify(script(look, layout))) as Json,
  })),
);
