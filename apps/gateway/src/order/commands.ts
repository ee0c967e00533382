import {
  type Format,
  GenerateLyric,
  GenerateSong,
  type Language,
  type Lyric,
  message,
  type Message,
  type Plan,
  planOfFilm,
  RenderVideo,
} from '@castad/contracts';
import { Conflict } from '@castad/platform';
import type { Results } from '../project/results.ts';
import type { SongOutput, StageInput, Step } from '../projection/stage.entity.ts';

/** A film that an order makes. */
interface Film {
  format: Format;
  /** The order whose film came to nothing; what was paid for it is taken over. */
  retryOf?: number;
}

/** What an order is to make, from its first stage to its last. */
export interface Range {
  first: Step;
  last: Step;
  /** The client's own words, instead of written ones. */
  lyric?: Lyric;
  /** How many lyrics are written to choose from. Default: one. */
  drafts?: number;
  /** The order that did not come to its end; what was paid for it is taken over. */
  retryOf?: number;
  /** Where the films are all it makes. */
  films?: Film[];
  withoutPhotos?: boolean;
  language?: Language;
}

/** The commands of the first stage, with all its input, and what that input is. */
export function commandsFor(
  head: { taskId: string; revision: number; plan: Plan },
  { first, lyric: own, drafts, retryOf, films = [] }: Range,
  results: Results,
): { commands: Message[]; input?: StageInput } {
  if (first === 'lyric')
    return own
      ? { commands: [message(GenerateLyric, { ...head, lyric: own })], input: { revision: 0, isOwn: true } }
      : { commands: [message(GenerateLyric, { ...head, ...(drafts && { drafts }) })] };
  if (first === 'song') {
    const lyric = results.current('lyric');
    if (!lyric) throw new Conflict('LYRIC_MISSING', 'There is no lyric yet. Order the lyric first.');
    const command = message(GenerateSong, { ...head, lyric: results.wordsOf(lyric), ...(retryOf && { retryOf }) });
    const draft = results.draftOf(lyric);
    return { commands: [command], input: { revision: lyric.revision, ...(draft > 1 && { draft }) } };
  }
  const song = results.current('song');
  if (!song) throw new Conflict('SONG_MISSING', 'There is no song yet. Order the song first.');
  const { title, tracks } = song.output as SongOutput;
  const trackId = results.trackOf(song);
  const track = tracks.find(candidate => candidate.trackId === trackId);
  if (!track) throw new Conflict('SONG_MISSING', 'The song has no such track. Order the song again.');
  const cut = { ...head, title, songRevision: song.revision, track };
  const commands = films.map(film =>
    message(RenderVideo, {
      ...{ ...cut, plan: planOfFilm(head.plan, film.format) },
      ...(film.retryOf && { retryOf: film.retryOf }),
      ...(first === 'preview' && { preview: true }),
    }),
  );
  return { commands, input: { revision: song.revision, trackId, imageIds: head.plan.imageIds } };
}
