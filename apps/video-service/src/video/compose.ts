import { type Brief, type Cut, shownLines, type TimedLine } from '@castad/contracts';
import { AppError, shortened } from '@castad/platform';
import { secondsOf, type RenderElement, type RenderScript } from '../creatomate/render-script.ts';

/** What a film is made of. Times are seconds, addresses are links a provider can fetch. */
export interface FilmParts extends Cut {
  brief: Brief;
  songUrl: string;
  photoUrls: string[];
}

const PHOTO = 'Photo';
const CAPTION = 'Caption';
const SONG = 'Song';
const NAME = 'Name';
const REGION = 'Region';
const CONTACT = 'Contact';
const CLOSING = 'Closing';

const SHORTEST_CLOSING = 1.5;

/** No film can be made with a template. */
export class UnusableTemplate extends AppError {
  constructor(reason: string) {
    super('TEMPLATE_UNUSABLE', reason);
  }
}

/**
 * The render of one film: the template's elements with our content. `Photo` and `Caption` are prototypes, repeated
 * for each photo and line at its time; `Song`, `Name`, `Region` and `Contact` are filled in, `Closing` is moved to the
 * end; everything else stays as designed.
 * @throws UnusableTemplate
 */
export function compose(template: RenderScript, film: FilmParts): RenderScript {
  const missing = [PHOTO, CAPTION, SONG].filter(name => !holds(template, name));
  if (missing.length > 0) throw new UnusableTemplate(`The video template has no element named ${missing.join(', ')}.`);
  return {
    ...template,
    output_format: 'mp4',
    duration: film.durationSeconds,
    elements: template.elements.flatMap(element => filled(element, film)),
  };
}

const holds = ({ elements = [] }: Pick<RenderElement, 'elements'>, name: string): boolean =>
  elements.some(element => element.name === name || holds(element, name));

function filled(element: RenderElement, film: FilmParts): RenderElement[] {
  const { brief } = film;
  switch (element.name) {
    case PHOTO:
      return photos(element, film);
    case CAPTION:
      return captions(element, film);
    case SONG:
      return [song(element, film)];
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

/** Played from its beginning, whatever part of its sample the design plays. */
function song(
  { trim_start: _start, trim_duration: _duration, loop: _loop, ...designed }: RenderElement,
  { songUrl, durationSeconds, fadeSeconds }: FilmParts,
): RenderElement {
  const fade = fadeSeconds && { audio_fade_out: fadeSeconds };
  // Without a duration of its own a long song would stretch the film.
  return { ...designed, source: songUrl, time: 0, duration: durationSeconds, ...fade };
}

/** The closing card waits for the last word, as far as the song leaves it the time. */
function closing({ duration }: RenderElement, { durationSeconds, lines }: FilmParts): Partial<RenderElement> {
  const designed = secondsOf(duration, durationSeconds) ?? 0;
  if (Number.isNaN(designed))
    throw new UnusableTemplate(
      `The element ${CLOSING} of the video template has a duration that is none: ${shortened(JSON.stringify(duration), 100)}.`,
    );
  const wished = Math.max(durationSeconds - designed, lines.at(-1)?.end ?? 0);
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
function captions(prototype: RenderElement, film: FilmParts): RenderElement[] {
  return shownLines(film).map(({ text, start, end }, i) => {
    const time = round(start);
    return copy(prototype, i, { text, time, duration: round(end - time) });
  });
}

/** A repeated element must not keep the id of its prototype. */
function copy({ id: _, ...prototype }: RenderElement, index: number, changes: Partial<RenderElement>): RenderElement {
  return { ...prototype, name: `${prototype.name}-${index + 1}`, ...changes };
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
