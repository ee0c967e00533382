import {
  type Format,
  formats as allFormats,
  formatsOf,
  type Lyric,
  type Stage as StageName,
  stages as stageNames,
} from '@castad/contracts';
import { isDeepStrictEqual } from 'node:util';
import { choiceKey, type Project } from './project.entity.ts';
import {
  type LyricOutput,
  type SongOutput,
  type Stage,
  type StageInput,
  stageOf,
  type Step,
} from '../projection/stage.entity.ts';

/** What a project has come to: of each stage its newest attempt, and the result that counts. */
export class Results {
  /** @param imageIds the photos of the project as they are now; without them no film is stale for its photos */
  constructor(
    private readonly project: Pick<Project, 'choices' | 'video'> & Partial<Pick<Project, 'edits'>>,
    private readonly stages: Stage[],
    private readonly imageIds?: string[],
  ) {}

  /** Every attempt at a stage, or at the film or preview of one format, newest first. */
  attempts(name: Step, format?: Format): Stage[] {
    return this.stages
      .filter(stage => stage.name === name && (!format || this.formatOf(stage) === format))
      .toSorted((a, b) => b.revision - a.revision || this.placeOf(a) - this.placeOf(b));
  }

  /** The formats of the films, those that were made once and are not asked for any more last. */
  formats(): Format[] {
    return [...new Set([...formatsOf(this.project.video), ...this.attempts('video').map(film => this.formatOf(film))])];
  }

  private placeOf(film: Stage): number {
    return allFormats.indexOf(this.formatOf(film));
  }

  /** The format whose film it is. What was ordered without naming one is the project's first. */
  formatOf({ format }: Stage): Format {
    return format || this.project.video.format;
  }

  /** The newest completed attempt, unless an earlier one was chosen since; of the films, at that of the first format. */
  current(name: Step, format: Format = this.project.video.format): Stage | undefined {
    const completed = this.attempts(name, stageOf(name) === 'video' ? format : undefined).filter(
      stage => stage.status() === 'completed',
    );
    const choice = name === 'preview' ? undefined : this.project.choices?.[choiceKey(name, format, this.project.video)];
    const [newest] = completed;
    if (!choice || (newest && newest.revision > choice.at)) return newest;
    return completed.find(({ revision }) => revision === choice.revision) ?? newest;
  }

  /** What an order made of a stage; of its films, that of this format, or the first of the project's. */
  completedBy(revision: number, name: Step, format?: Format): Stage | undefined {
    const completed = this.attempts(name, format).filter(
      attempt => attempt.revision === revision && attempt.status() === 'completed',
    );
    return completed.find(attempt => this.formatOf(attempt) === this.project.video.format) ?? completed[0];
  }

  /** Which draft of a lyric is sung, from 1. */
  draftOf({ revision }: Stage): number {
    const choice = this.project.choices?.lyric;
    return (choice?.revision === revision && choice.draft) || 1;
  }

  /** The words of a lyric that are sung. */
  wordsOf(lyric: Stage): Lyric {
    const only = lyric.output as LyricOutput;
    return only.drafts?.[this.draftOf(lyric) - 1] ?? only;
  }

  /** The track of a song that a film of it is made with. */
  trackOf(song: Stage): string {
    const choice = this.project.choices?.song;
    const chosen = choice?.revision === song.revision ? choice.trackId : undefined;
    return chosen ?? heard(song, (song.output as SongOutput).chosenTrackId);
  }

  /** The track of a film that was ordered with this one, or with the song's own. */
  trackHeard(song: Stage, trackId = (song.output as SongOutput).chosenTrackId): string {
    return heard(song, trackId);
  }

  /** Whether an attempt is made from something else than what counts now. */
  isStale(attempt: Stage): boolean {
    if (this.isOlderThanEdit(attempt)) return true;
    const { input } = attempt;
    const name = stageOf(attempt.name);
    const before = stageNames[stageNames.indexOf(name) - 1];
    const source = before && this.current(before);
    if (!source || !input) return false;
    const isOtherDraft = name === 'song' && (input.draft ?? 1) !== this.draftOf(source);
    const isOtherTrack = name === 'video' && !!input.trackId && heard(source, input.trackId) !== this.trackOf(source);
    const isOther = input.revision !== source.revision || isOtherDraft || isOtherTrack;
    return isOther || this.hasOtherPhotos(input) || this.isStale(source);
  }

  /** Whether an earlier stage of the same order failed before a provider was asked for this one. */
  isAfterFailure({ name, revision, paid }: Stage): boolean {
    const before = stageNames.slice(0, stageNames.indexOf(stageOf(name)));
    const hasFailed = (attempt: Stage) => attempt.revision === revision && attempt.status() === 'failed';
    return !paid && before.some(stage => this.attempts(stage).some(hasFailed));
  }

  /** The newest attempt at a stage, where it came to nothing and would be made of the same again. */
  unfinished(name: StageName, format?: Format): Stage | undefined {
    const [newest] = this.attempts(name, format);
    return newest && newest.status() !== 'completed' && !this.isStale(newest) ? newest : undefined;
  }

  /** The first stage without a result, or with a stale one. */
  firstUndone(): StageName | undefined {
    return stageNames.find(name => (name === 'video' ? this.undoneFormats().length > 0 : this.isUndone(name)));
  }

  /** The formats that the project is to have, without a film or preview, or with a stale one. */
  undoneFormats(name: 'video' | 'preview' = 'video'): Format[] {
    return formatsOf(this.project.video).filter(format => this.isUndone(name, format));
  }

  private isUndone(name: Step, format?: Format): boolean {
    const current = this.current(name, format);
    return !current || this.isStale(current);
  }

  /** The client's own words are made of nothing. */
  private isOlderThanEdit({ name, revision, input }: Stage): boolean {
    return revision < (this.project.edits?.[stageOf(name)] ?? 0) && !input?.isOwn;
  }

  /** What was made before photos were remembered is not stale for them. */
  private hasOtherPhotos({ imageIds }: StageInput): boolean {
    return !!imageIds && !!this.imageIds && !isDeepStrictEqual(imageIds, this.imageIds);
  }
}

/** The track that a film made of this one has: where its file was lost, it is the first of the others. */
function heard(song: Stage, trackId: string): string {
  const stored = song.storedTracks().map(track => track.trackId);
  return stored.includes(trackId) ? trackId : (stored[0] ?? trackId);
}
