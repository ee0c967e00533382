import { type Stage as StageName } from '@castad/contracts';
import { Database, NotFound } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import { orderRunning, situationOf } from './order.service.ts';
import type { Choice } from '../project/project.entity.ts';
import type { Stage } from '../projection/stage.entity.ts';

/** Lets a client say which of the results that are there counts. Nothing is made for it and nothing is paid. */
@Injectable()
export class ChoiceService {
  constructor(private readonly database: Database) {}

  /**
   * @throws NotFound `REVISION_NOT_FOUND`, `TRACK_NOT_FOUND`
   * @throws Conflict `ORDER_RUNNING`: what runs is made of what counted when it was ordered
   */
  choose(taskId: string, name: StageName, { revision, trackId }: Omit<Choice, 'at'>): Promise<void> {
    return this.database.transaction('requests', async unit => {
      const { project, latest, results } = await situationOf(unit, taskId);
      if (latest?.isRunning()) throw orderRunning();
      const chosen = results.attempts(name).find(stage => stage.revision === revision);
      if (chosen?.status() !== 'completed')
        throw new NotFound('REVISION_NOT_FOUND', `There is no finished ${name} of this revision.`);
      if (trackId && !hasTrack(chosen, trackId))
        throw new NotFound('TRACK_NOT_FOUND', 'The song has no such track, or it could not be stored.');
      const isSame = results.current(name) === chosen && (!trackId || results.trackOf(chosen) === trackId);
      if (!isSame) project.choose(name, { revision, ...(trackId && { trackId }) });
    });
  }
}

const hasTrack = (stage: Stage, trackId: string): boolean =>
  stage.name === 'song' && stage.storedTracks().some(track => track.trackId === trackId);
