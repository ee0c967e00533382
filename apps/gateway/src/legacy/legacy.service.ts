import { FILM, type Lyric } from '@castad/contracts';
import { Conflict, NotFound } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { Call } from '../idempotency/call.ts';
import { ImageService } from '../image/image.service.ts';
import { photoFile } from '../image/photo-file.ts';
import { OrderService } from '../order/order.service.ts';
import { CreateProjectDto, type StageView } from '../project/project.dto.ts';
import { ProjectService } from '../project/project.service.ts';
import { filmFile, ResultLinks, songFile } from '../result/result-links.ts';
import { type Listed, ResultLists } from '../result/result-lists.ts';
import { FileLinks } from '../storage/file-links.ts';
import type {
  LegacyImagesView,
  LegacyListQuery,
  LegacyLyricDto,
  LegacyLyricView,
  LegacyProjectDto,
  LegacySongItemView,
  LegacySongView,
  LegacyVideoItemView,
  LegacyVideoStatusView,
  LegacyVideoView,
} from './legacy.dto.ts';
import { LegacyOrders } from './legacy.orders.ts';
import { renderIdOf, renderIn, stageIn, standingAt, standingOf, textOf } from './legacy.view.ts';

/** The former system knew no Idempotency-Key. */
const withoutKey: Call = { name: '' };

interface Page<T> {
  items: T[];
  nextCursor?: string;
}

/** The former system's routes, by the services behind /v1. */
@Injectable()
export class LegacyService {
  constructor(
    private readonly projects: ProjectService,
    private readonly orders: OrderService,
    private readonly stages: LegacyOrders,
    private readonly images: ImageService,
    private readonly results: ResultLinks,
    private readonly links: FileLinks,
    private readonly lists: ResultLists,
  ) {}

  async createProject({ store_name, region, detail_region_info, language }: LegacyProjectDto): Promise<string> {
    const fields = { businessName: store_name, region, description: detail_region_info, ...(language && { language }) };
    const { body } = await this.projects.create(Object.assign(new CreateProjectDto(), fields), withoutKey);
    return body.id;
  }

  async addImages(taskId: string, files: AsyncIterable<Readable>): Promise<LegacyImagesView> {
    const { body } = await this.images.add({ call: withoutKey, taskId, files });
    const added = body.images.map(({ id }) => id);
    const images = (await this.images.all(taskId)).filter(({ imageId }) => added.includes(imageId));
    const urls = await this.links.urls(images.map(photoFile), this.links.longest);
    const views = images.map(({ imageId, position }, i) => ({
      image_id: imageId,
      img_url: urls[i] ?? null,
      img_order: position,
    }));
    return { success: true, task_id: taskId, images: views };
  }

  async generateLyric({ task_id, language }: LegacyLyricDto): Promise<void> {
    await this.orders.transaction(unit => this.orders.stage(unit, task_id, { language, again: true }, 'lyric'));
  }

  async lyric(taskId: string): Promise<LegacyLyricView> {
    const stage = begun(stageIn(await this.projects.view(taskId), 'lyric'));
    const standing = standingAt(stage);
    const words = standing.status === 'completed' ? textOf(stage.output as Lyric) : null;
    return { task_id: taskId, ...standing, lyric_result: words };
  }

  async generateSong(taskId: string): Promise<void> {
    await this.stages.once(taskId, 'song');
  }

  async song(taskId: string): Promise<LegacySongView> {
    const standing = standingAt(begun(stageIn(await this.projects.view(taskId), 'song')));
    const link = standing.status === 'completed' ? await this.results.song(taskId, {}, this.links.longest) : undefined;
    return { task_id: taskId, ...standing, song_result_url: link?.url ?? null };
  }

  /** @returns the render id. @throws Conflict `ALREADY_PROCESSING` */
  async generateVideo(taskId: string): Promise<string> {
    const { revision, isRunning } = await this.stages.once(taskId, 'video');
    if (isRunning) throw new Conflict('ALREADY_PROCESSING', 'Already processing');
    return renderIdOf(taskId, revision);
  }

  async videoStatus(renderId: string): Promise<LegacyVideoStatusView> {
    const { taskId, revision } = renderIn(renderId) ?? notFound('render');
    const { attempts = [] } = stageIn(await this.projects.view(taskId), 'video');
    const attempt = attempts.find(one => one.revision === revision) ?? notFound('render');
    return { render_id: renderId, task_id: taskId, ...standingOf(attempt) };
  }

  async video(taskId: string): Promise<LegacyVideoView> {
    const standing = standingAt(begun(stageIn(await this.projects.view(taskId), 'video')));
    const link = standing.status === 'completed' ? await this.results.film(taskId, {}, this.links.longest) : undefined;
    return { task_id: taskId, ...standing, result_movie_url: link?.url ?? null };
  }

  async songs(query: LegacyListQuery): Promise<Page<LegacySongItemView>> {
    const { items, ...rest } = await this.lists.page('song', query);
    const files = items.map(({ project, stage, results }) => songFile(project, stage, results.trackOf(stage)));
    const urls = await this.links.urls(files, this.links.longest);
    return { items: items.map((item, i) => ({ ...itemView(item), song_result_url: urls[i] ?? null })), ...rest };
  }

  async videos(query: LegacyListQuery): Promise<Page<LegacyVideoItemView>> {
    const { items: films, ...rest } = await this.lists.page('video', query);
    // The former system had one film of a project.
    const items = films.filter(({ project }, i) => films[i - 1]?.project !== project);
    const files = items.map(({ project, stage }) => filmFile(project, stage, FILM));
    const urls = await this.links.urls(files, this.links.longest);
    return { items: items.map((item, i) => ({ ...itemView(item), result_movie_url: urls[i] ?? null })), ...rest };
  }
}

function itemView({ project: { taskId, brief }, stage }: Listed) {
  const created_at = (stage.endedAt ?? new Date(0)).toISOString();
  return {
    task_id: taskId,
    store_name: brief.businessName,
    region: brief.region,
    status: 'completed' as const,
    created_at,
  };
}

const begun = (stage: StageView): StageView => (stage.revision > 0 ? stage : notFound(stage.stage));

function notFound(what: string): never {
  throw new NotFound(`${what.toUpperCase()}_NOT_FOUND`, `There is no such ${what}, or none yet.`);
}
