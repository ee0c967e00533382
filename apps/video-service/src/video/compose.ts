import type { Brief, TimedLine } from '@castad/contracts';
import { AppError } from '@castad/platform';
import type { RenderElement, RenderScript } from '../creatomate/render-script.ts';

/** What a film is made of. Times are seconds, addresses are links a provider can fetch. */
export interface FilmParts {
  brief: Brief;
  songUrl: string;
  durationSeconds: number;
  photoUrls: string[];
  lines: TimedLine[];
}

const PHOTO = 'Photo';
const CAPTION = 'Caption';
const SONG = 'Song';
const NAME = 'Name';
const REGION = 'Region';
const SHORTEST_CAPTION = 0.1;

/** A template lacks an element that a film needs. */
export class UnusableTemplate extends AppError {
  constructor(missing: string[]) {
    super('TEMPLATE_UNUSABLE', `The video template has no element named ${missing.join(', ')}.`);
  }
}

/**
 * The render of one film: the template's elements with our content. `Photo` and `Caption` are prototypes, repeated
 * for each photo and line at its time; `Song`, `Name` and `Region` are filled in; everything else stays as designed.
 * @throws UnusableTemplate
 */
export function compose(template: RenderScript, film: FilmParts): RenderScript {
  const missing = [PHOTO, CAPTION, SONG].filter(name => !template.elements.some(element => element.name === name));
  if (missing.length > 0) throw new UnusableTemplate(missing);
  return {
    ...template,
    output_format: 'mp4',
    duration: film.durationSeconds,
    elements: template.elements.flatMap(element => filled(element, film)),
  };
}

function filled(element: RenderElement, film: FilmParts): RenderElement[] {
  const { brief, songUrl, durationSeconds, photoUrls, lines } = film;
  switch (element.name) {
    case PHOTO:
      return photos(element, photoUrls, durationSeconds);
    case CAPTION:
      return captions(element, lines, durationSeconds);
    case SONG:
      // Without a duration of its own a long song would stretch the film.
      return [{ ...element, source: songUrl, time: 0, duration: durationSeconds }];
    case NAME:
      return [{ ...element, text: brief.businessName }];
    case REGION:
      return [{ ...element, text: brief.region }];
    default:
      return [element];
  }
}

/** Every photo for an equal time, one after the other; each stays under the next one's fade. */
function photos(prototype: RenderElement, urls: string[], durationSeconds: number): RenderElement[] {
  const share = durationSeconds / urls.length;
  return urls.map((source, i) => copy(prototype, i, { source, time: round(share * i), duration: round(share) }));
}

/** Every line for as long as it is sung, within the film. */
function captions(prototype: RenderElement, lines: TimedLine[], durationSeconds: number): RenderElement[] {
  return lines
    .filter(({ start }) => start <= durationSeconds - SHORTEST_CAPTION)
    .map(({ text, start, end }, i) => {
      const time = round(start);
      const duration = round(Math.max(Math.min(end, durationSeconds) - time, SHORTEST_CAPTION));
      return copy(prototype, i, { text, time, duration });
    });
}

/** A repeated element must not keep the id of its prototype. */
function copy({ id: _, ...prototype }: RenderElement, index: number, changes: Partial<RenderElement>): RenderElement {
  return { ...prototype, name: `${prototype.name}-${index + 1}`, ...changes };
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
