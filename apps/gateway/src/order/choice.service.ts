import type { Format, Stage as StageName } from '@castad/contracts';
import { Database, NotFound } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import type { Answer } from '../answer.ts';
import type { Call } from '../idempotency/call.ts';
import { Idempotency } from '../idempotency/idempotency.ts';
import { orderRunning, type Situation, situationOf } from './situation.ts';
import { assertMatches } from '../project/etag.ts';
import type { ProjectView } from '../project/project.dto.ts';
import { choiceKey, type Choice } from '../project/project.entity.ts';
import { changedView } from '../project/project.service.ts';
import type { LyricOutput, Stage } from '../projection/stage.entity.ts';

interface Chosen extends Omit<Choice, 'at'> {
  /** Of a film. Default: the project's first. */
  format?: Format;
}

/** Lets a client say which of the results that are there counts. Nothing is made for it and nothing is paid. */
@Injectable()
export class ChoiceService {
  constructor(
    private readonly database: Database,
    private readonly keys: Idempotency,
  ) {}

  /**
   * @throws NotFound `REVISION_NOT_FOUND`, `DRAFT_NOT_FOUND`, `TRACK_NOT_FOUND`
   * @throws Conflict `ORDER_RUNNING`: what runs is made of what counted when it was ordered
   */
  choose(taskId: string, name: StageName, choice: Chosen, call: Call): Promise<Answer<ProjectView>> {
    return this.database.transaction('requests', unit =>
      this.keys.once(unit, { call, taskId, body: choice }, async () => {
        const { revision } = choice;
        const situation = await situationOf(unit, taskId, { name, revision });
        await assertMatches(unit, situation.project, call.ifMatch);
        this.make(situation, name, choice);
        return changedView(unit, situation);
      }),
    );
  }

  private make({ project, latest, results }: Situation, name: StageName, { format, ...choice }: Chosen) {
    const { revision, draft = 1, trackId } = choice;
    if (latest?.isRunning()) throw orderRunning();
    const film = name === 'video' ? (format ?? project.video.format) : undefined;
    const chosen = results.attempts(name, film).find(stage => stage.revision === revision);
    if (chosen?.status() !== 'completed')
      throw new NotFound('REVISION_NOT_FOUND', `There is no finished ${name} of this revision.`);
    if (draft > draftsOf(chosen)) throw new NotFound('DRAFT_NOT_FOUND', 'The lyric has no such draft.');
    if (trackId && !hasTrack(chosen, trackId))
      throw new NotFound('TRACK_NOT_FOUND', 'The song has no such track, or it could not be stored.');
    const isSamePart = results.draftOf(chosen) === draft && (!trackId || results.trackOf(chosen) === trackId);
    if (results.current(name, film) !== chosen || !isSamePart)
      project.choose(choiceKey(name, film, project.video), choice);
  }
}

const draftsOf = ({ output }: Stage): number => (output as LyricOutput).drafts?.length ?? 1;

const hasTrack = (stage: Stage, trackId: string): boolean =>
  stage.name === 'song' && stage.storedTracks().some(track => track.trackId === trackId);
