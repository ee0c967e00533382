import { FILM } from '@castad/contracts';
import { Database } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import { ofProject } from '../input/ids.view.ts';
import { nextCursor } from '../project/lists.ts';
import type { VideoPage, VideoView } from '../project/project.dto.ts';
import { Project } from '../project/project.entity.ts';
import { Results } from '../project/results.ts';
import type { SongOutput, Stage, VideoOutput } from '../projection/stage.entity.ts';
import type { SongPage, SongsQuery, SongView, VideosQuery } from './result.dto.ts';
import { attemptsOfPage, type ListedStage } from './result-pages.ts';

/** What counts of one project at a stage. */
export interface Listed {
  project: Project;
  stage: Stage;
  results: Results;
}

export interface ListedPage {
  items: Listed[];
  hasMore: boolean;
  nextCursor?: string;
}

/** The results that count, of many projects. */
@Injectable()
export class ResultLists {
  constructor(private readonly database: Database) {}

  async songs(query: SongsQuery): Promise<SongPage> {
    const { items, ...rest } = await this.page('song', query);
    return { songs: items.map(songView), ...rest };
  }

  async videos(query: VideosQuery): Promise<VideoPage> {
    const { items, ...rest } = await this.page('video', query);
    return { videos: items.map(videoView), ...rest };
  }

  /** Newest project first, a film of each of its formats. Two queries, however long the page. */
  page(name: ListedStage, query: VideosQuery): Promise<ListedPage> {
    return this.database.read('requests', async em => {
      const { limit } = query;
      const attempts = await attemptsOfPage(em, name, { ...query, limit: limit + 1 });
      const ids = [...new Set(attempts.map(({ taskId }) => taskId))];
      const taskIds = ids.slice(0, limit);
      const projects = await em.find(Project, { taskId: { $in: taskIds } }, { orderBy: { taskId: 'desc' } });
      const items = projects.flatMap(project => {
        const results = new Results(
          project,
          attempts.filter(({ taskId }) => taskId === project.taskId),
        );
        const current =
          name === 'video' ? results.formats().map(format => results.current(name, format)) : [results.current(name)];
        return current.flatMap(stage => (stage ? [{ project, stage, results }] : []));
      });
      return { items, ...nextCursor(ids, limit) };
    });
  }
}

const sizeOf = ({ files }: Stage, name: string): number => files?.find(file => file.name === name)?.size ?? 0;

const completedAt = ({ endedAt }: Stage): string => (endedAt ?? new Date(0)).toISOString();

function songView({ project, stage, results }: Listed): SongView {
  const { taskId, brief, language } = project;
  const { title, tracks } = stage.output as SongOutput;
  const trackId = results.trackOf(stage);
  return {
    projectId: taskId,
    revision: stage.revision,
    businessName: brief.businessName,
    region: brief.region,
    language,
    title,
    trackId,
    durationSeconds: tracks.find(track => track.trackId === trackId)?.durationSeconds ?? 0,
    size: sizeOf(stage, trackId),
    completedAt: completedAt(stage),
    href: `/v1/projects/${taskId}/song`,
  };
}

function videoView({ project: { taskId, brief, video }, stage, results }: Listed): VideoView {
  const { format, durationSeconds } = stage.output as VideoOutput;
  const asked = results.formatOf(stage);
  const which = asked === video.format ? '' : `?format=${encodeURIComponent(asked)}`;
  return {
    ...ofProject(taskId),
    businessName: brief.businessName,
    region: brief.region,
    format,
    durationSeconds,
    size: sizeOf(stage, FILM),
    completedAt: completedAt(stage),
    href: `/v1/projects/${taskId}/video${which}`,
    posterHref: `/v1/projects/${taskId}/poster${which}`,
  };
}
