import { isObject, type Json } from '../stand-in/call.ts';
import { animationTypes } from './film/motion.ts';
import { animationsOf } from './film/timeline.ts';

const elementTypes = new Set(['audio', 'composition', 'image', 'shape', 'text', 'video']);
const mediaTypes = new Set(['audio', 'image', 'video']);

export const sourceProperties = new Set([
  'duration',
  'elements',
  'emoji_style',
  'fill_color',
  'fonts',
  'frame_rate',
  'height',
  'output_format',
  'snapshot_time',
  'width',
]);

const elementProperties = new Set(
  `animations aspect_ratio audio_fade_in audio_fade_out background_align_threshold background_border_radius background_color
  background_x_padding background_y_padding blend_mode blur_mode blur_radius border_color border_radius border_width clip
  color_filter color_filter_value color_overlay duration dynamic elements exit enter fill_color fill_mode fill_radius fill_x0
  fill_x1 fill_y0 fill_y1 fit font_family font_size font_size_maximum font_size_minimum font_style font_weight height hidden id
  letter_spacing line_height locked loop mask_mode name opacity path perspective playback_rate provider repeat shadow_blur
  shadow_color shadow_x shadow_y smart_crop source speed stroke_cap stroke_color stroke_end stroke_join stroke_offset
  stroke_start stroke_width text text_clip text_transform text_wrap time track transcript_color transcript_effect
  transcript_source trim_duration trim_start type visible volume warp_matrix warp_mode width x x_alignment x_anchor x_padding
  x_rotation x_scale x_skew y y_alignment y_anchor y_padding y_rotation y_scale y_skew z_index z_rotation`.split(/\s+/),
);

export interface Asset {
  type: string;
  url: string;
}

/** The flat list of a source's elements, those inside compositions included. */
export function elementsOf(source: Json): Json[] {
  const elements = Array.isArray(source.elements) ? source.elements.filter(isObject) : [];
  return elements.flatMap(element => [element, ...elementsOf(element)]);
}

/** Every file a render has to fetch, each once. */
export function assetsOf(source: Json): Asset[] {
  const assets = new Map<string, Asset>();
  for (const { type, source: url } of elementsOf(source)) {
    if (typeof url === 'string' && url !== '' && mediaTypes.has(String(type)))
      assets.set(`${String(type)} ${url}`, { type: String(type), url });
  }
  return [...assets.values()];
}

/** What makes a render impossible. */
export function errorsIn(source: Json): string[] {
  if (!Array.isArray(source.elements)) return ['elements: an array is required.'];
  return source.elements.flatMap((element: unknown, index) => {
    if (!isObject(element)) return [`elements[${index}]: an object is required.`];
    const type = String(element.type);
    if (!elementTypes.has(type)) return [`elements[${index}].type: '${type}' is not a type of element.`];
    return type === 'composition' ? errorsIn(element) : [];
  });
}

/** What renders, but surely not as it was meant. */
export function problemsIn(source: Json): string[] {
  const end = typeof source.duration === 'number' ? source.duration : Infinity;
  return elementsOf(source).flatMap(element => {
    const name = String(element.name ?? element.type);
    const unknown = Object.keys(element).filter(property => !elementProperties.has(property));
    const problems = unknown.map(property => `${name} has no property ${property}`);
    if (mediaTypes.has(String(element.type)) && !element.source) problems.push(`${name} has no source`);
    if (element.type === 'text' && typeof element.text !== 'string') problems.push(`${name} has no text`);
    if (typeof element.time === 'number' && element.time >= end) problems.push(`${name} starts after the end`);
    return problems;
  });
}

const drawnProperties = new Set(
  `animations audio_fade_in audio_fade_out background_border_radius background_color background_x_padding background_y_padding
  blur_radius border_radius color_overlay duration dynamic elements fill_color fill_mode fill_radius fill_x0 fill_x1 fill_y0
  fill_y1 fit font_family font_size font_size_maximum font_size_minimum font_weight height hidden id letter_spacing line_height
  locked loop name opacity path shadow_blur shadow_color shadow_x shadow_y smart_crop source stroke_color stroke_width text
  text_transform time track trim_duration trim_start type volume width x x_alignment x_anchor x_scale y y_alignment y_anchor
  y_scale z_rotation`.split(/\s+/),
);

/** What is RenderScript but stays without effect here. */
export function unsupportedIn(source: Json): string[] {
  return elementsOf(source).flatMap(element => {
    const name = String(element.name ?? element.type);
    const properties = Object.keys(element).filter(key => elementProperties.has(key) && !drawnProperties.has(key));
    const moves = animationsOf(element).filter(({ type }) => !animationTypes.has(String(type)));
    return [
      ...properties.map(property => `The property '${property}' of '${name}' is not supported.`),
      ...moves.map(({ type }) => `The animation '${String(type)}' of '${name}' is not supported.`),
      ...(element.type === 'video' ? [`The video '${name}' is not supported.`] : []),
    ];
  });
}
