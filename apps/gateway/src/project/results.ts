import { type Stage as StageName, stages as stageNames } from '@castad/contracts';
import { isDeepStrictEqual } from 'node:util';
import type { Project } from './project.entity.ts';
import type { SongOutput, Stage, StageInput } from '../projection/stage.entity.ts';

/** What a project has come to: of each stage its newest attempt, and the result that counts. */
export class Results {
  /** @param imageIds the photos of the project as they are now; without them no film is stale for its photos */
  constructor(
    private readonly project: Pick<Project, 'choices'> & Partial<Pick<Project, 'edits'>>,
    private readonly stages: Stage[],
    private readonly imageIds?: string[],
  ) {}

  /** Every attempt at a stage, newest first. */
  attempts(name: StageName): Stage[] {
    return this.stages.filter(stage => stage.name === name).toSorted((a, b) => b.revision - a.revision);
  }

  /** The newest completed attempt, unless an earlier one was chosen since. */
  current(name: StageName): Stage | undefined {
    const completed = this.attempts(name).filter(stage => stage.status() === 'completed');
    const choice = this.project.choices?.[name];
    const [newest] = completed;
    if (!choice || (newest && newest.revision > choice.at)) return newest;
    return completed.find(({ revision }) => revision === choice.revision) ?? newest;
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
    const { name, input } = attempt;
    const before = stageNames[stageNames.indexOf(name) - 1];
    const source = before && this.current(before);
    if (!source || !input) return false;
    const isOtherTrack = name === 'video' && !!input.trackId && heard(source, input.trackId) !== this.trackOf(source);
    return input.revision !== source.revision || isOtherTrack || this.hasOtherPhotos(input) || this.isStale(source);
  }

  /** Whether an earlier stage of the same order failed before a provider was asked for this one. */
  isAfterFailure({ name, revision, paid }: Stage): boolean {
    const before = stageNames.slice(0, stageNames.indexOf(name));
    const hasFailed = (attempt: Stage) => attempt.revision === revision && attempt.status() === 'failed';
    return !paid && before.some(stage => this.attempts(stage).some(hasFailed));
  }

  /** The newest attempt at a stage, where it came to nothing and would be made of the same again. */
  unfinished(name: StageName): Stage | undefined {
    const [newest] = this.attempts(name);
    return newest && newest.status() !== 'completed' && !this.isStale(newest) ? newest : undefined;
  }

  /** The first stage without a result, or with a stale one. */
  firstUndone(): StageName | undefined {
    return stageNames.find(name => {
      const current = this.current(name);
      return !current || this.isStale(current);
    });
  }

  /** The client's own words are made of nothing. */
  private isOlderThanEdit({ name, revision, input }: Stage): boolean {
    return revision < (this.project.edits?.[name] ?? 0) && !input?.isOwn;
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
