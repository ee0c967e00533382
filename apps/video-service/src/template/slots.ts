import { MAX_IMAGES, formats, type Format } from '@castad/contracts';
import type { RenderElement, RenderScript } from '../creatomate/render-script.ts';
import { misfitOf } from './template-format.ts';

/** What of a film a template shows. */
export interface Slots {
  photos: { min: number; max: number };
  /** Properties of the brief, with the longest text that each takes. */
  texts: { property: string; maxLength: number }[];
  /** Whether the sung lines are shown. */
  captions: boolean;
}

/** The elements that a film's texts go to: see `compose`. */
const texts: Record<string, { property: string; maxLength: number }> = {
  Name: { property: 'businessName', maxLength: 100 },
  Region: { property: 'region', maxLength: 100 },
  Contact: { property: 'description', maxLength: 2000 },
};

export function slotsOf(template: RenderScript): Slots {
  const names = new Set(namesIn(template.elements));
  return {
    photos: { min: 0, max: names.has('Photo') ? MAX_IMAGES : 0 },
    texts: Object.entries(texts).flatMap(([name, slot]) => (names.has(name) ? [slot] : [])),
    captions: names.has('Caption'),
  };
}

const namesIn = (elements: RenderElement[] = []): string[] =>
  elements.flatMap(({ name, elements: parts }) => [...(name ? [name] : []), ...namesIn(parts)]);

/** The format that a template is designed for. Undefined: it has no size, or another shape. */
export const formatOf = (template: RenderScript): Format | undefined =>
  template.width && template.height ? formats.find(format => !misfitOf(template, format)) : undefined;
