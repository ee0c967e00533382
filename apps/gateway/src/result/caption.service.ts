import { cutOf, type Language, type Plan, shownLines, type Track } from '@castad/contracts';
import { Database, NotFound } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import type { FilmQuery, TrackQuery } from '../order/order.dto.ts';
import { Order } from '../order/order.entity.ts';
import type { Project } from '../project/project.entity.ts';
import { ProjectService } from '../project/project.service.ts';
import type { SongOutput, Stage } from '../projection/stage.entity.ts';
import type { Captions } from './captions.ts';

/** Captions, and what their file is called by. */
export interface CaptionsOf extends Captions {
  language: Language;
  project: Project;
  stage: Stage;
}

/** When the lines of a song are sung, and when its film shows them. */
@Injectable()
export class CaptionService {
  constructor(
    private readonly database: Database,
    private readonly projects: ProjectService,
  ) {}

  /** @throws NotFound `SONG_NOT_READY`, `TRACK_NOT_FOUND` */
  async ofSong(taskId: string, { revision, trackId }: TrackQuery): Promise<CaptionsOf> {
    const { project, stage, results } = await this.projects.result(taskId, 'song', revision);
    const { title, lines = [] } = trackIn(stage, trackId ?? results.trackOf(stage));
    const { language } = await this.planOf(project, stage);
    return { title, artist: project.businessName, lines, language, project, stage };
  }

  /** Of a longer song a film shows the beginning. @throws NotFound `VIDEO_NOT_READY` */
  async ofVideo(taskId: string, { revision, format }: FilmQuery): Promise<CaptionsOf> {
    const { project, stage: film } = await this.projects.result(taskId, 'video', revision, format);
    const { music, language } = await this.planOf(project, film);
    const songRevision = film.input?.revision ?? film.revision;
    const { stage: song, results } = await this.projects.result(taskId, 'song', songRevision);
    const { title, ...track } = trackIn(song, results.trackHeard(song, film.input?.trackId));
    const lines = shownLines(cutOf(track, music.durationSeconds));
    return { title, artist: project.businessName, lines, language, project, stage: film };
  }

  /** As it was ordered. */
  private async planOf(project: Project, { taskId, revision }: Stage): Promise<Pick<Plan, 'music' | 'language'>> {
    const order = await this.database.read('requests', em => em.findOne(Order, { taskId, revision }));
    return order?.plan ?? project;
  }
}

function trackIn({ output }: Stage, trackId: string): Track & { title: string } {
  const { title, tracks } = output as SongOutput;
  const track = tracks.find(candidate => candidate.trackId === trackId);
  if (!track) throw new NotFound('TRACK_NOT_FOUND', 'The song has no such track.');
  return { ...track, title };
}
