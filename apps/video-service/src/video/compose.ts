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
const CONTACT = 'Contact';
const CLOSING = 'Closing';

const SHORTEST_CAPTION = 0.1;
const SHORTEST_CLOSING = 1.5;

/** A template lacks an element that a film needs. */
export class UnusableTemplate extends AppError {
  constructor(missing: string[]) {
    super('TEMPLATE_UNUSABLE', `The video template has no element named ${missing.join(', ')}.`);
  }
}

/**
 * The render of one film: the template's elements with our content. `Photo` and `Caption` are prototypes, repeated
 * for each photo and line at its time; `Song`, `Name`, `Region` and `Contact` are filled in, `Closing` is moved to the
 * end; everything else stays as designed.
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
  const { brief, songUrl, durationSeconds } = film;
  switch (element.name) {
    case PHOTO:
      return photos(element, film);
    case CAPTION:
      return captions(element, film);
    case SONG:
      // Without a duration of its own a long song would stretch the film.
      return [{ ...element, source: songUrl, time: 0, duration: durationSeconds }];
    case NAME:
      return [{ ...element, text: brief.businessName }];
    case REGION:
      return [{ ...element, text: brief.region }];
    case CONTACT:
      return [{ ...element, text: contactIn(brief.description) }];
    case CLOSING:
      return [{ ...withParts(element, film), ...closing(element, film) }];
    default:
      return [withParts(element, film)];
  }
}

const withParts = (element: RenderElement, film: FilmParts): RenderElement =>
  element.elements ? { ...element, elements: element.elements.flatMap(part => filled(part, film)) } : element;

/** The closing card waits for the last word, as far as the song leaves it the time. */
function closing({ duration }: RenderElement, { durationSeconds, lines }: FilmParts): Partial<RenderElement> {
  const wished = Math.max(durationSeconds - Number(duration ?? 0), lines.at(-1)?.end ?? 0);
  const time = round(Math.max(0, Math.min(wished, durationSeconds - SHORTEST_CLOSING)));
  return { time, duration: round(durationSeconds - time) };
}

const contact = /(\+?\d[\d ().-]{6,}\d)|((https?:\/\/|www\.)[^\s,]+)|(@[\w.]{3,})/;

/** The phone number, address or account that a description mentions first. */
const contactIn = (description = ''): string => contact.exec(description)?.[0] ?? '';

/** Every photo for about an equal time, cut where a line begins; each stays under the next one's fade. */
function photos(prototype: RenderElement, { photoUrls, durationSeconds, lines }: FilmParts): RenderElement[] {
  const share = durationSeconds / photoUrls.length;
  const cuts = photoUrls.map((_, i) => (i === 0 ? 0 : nearest(lines, share * i, share / 3)));
  return photoUrls.map((source, i) =>
    copy(prototype, i, {
      source,
      time: round(cuts[i] as number),
      duration: round((cuts[i + 1] ?? durationSeconds) - (cuts[i] as number)),
    }),
  );
}

/** The beginning of the line nearest to a moment, or the moment itself when none is near. */
function nearest(lines: TimedLine[], moment: number, reach: number): number {
  const distance = (start: number) => Math.abs(start - moment);
  const starts = lines.map(({ start }) => start).filter(start => distance(start) <= reach);
  return starts.reduce((best, start) => (distance(start) < distance(best) ? start : best), starts[0] ?? moment);
}

/** Every line for as long as it is sung, within the film. */
function captions(prototype: RenderElement, { lines, durationSeconds }: FilmParts): RenderElement[] {
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
