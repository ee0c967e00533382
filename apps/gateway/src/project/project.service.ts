import type { Stage as StageName } from '@castad/contracts';
import { AppError, Database, InvalidInput, newId, NotFound, Retention, type UnitOfWork } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import { Injectable } from '@nestjs/common';
import { IdempotencyKey } from '../idempotency/idempotency-key.entity.ts';
import { Image } from '../image/image.entity.ts';
import { OrderService } from '../order/order.service.ts';
import type {
  CreateProjectDto,
  ListProjectsQuery,
  ListQuery,
  ProjectPage,
  ProjectSummaryView,
  ProjectView,
  VideoPage,
} from './project.dto.ts';
import { attemptsInList, attemptsOf, latestOrders } from './attempts.ts';
import { filmsOfPage, nextCursor, pageOfTasks } from './lists.ts';
import { Project } from './project.entity.ts';
import { projectView, summaryView } from './project.view.ts';
import { Results } from './results.ts';
import { Stage, type VideoOutput } from '../projection/stage.entity.ts';

export interface Result {
  stage: Stage;
  results: Results;
}

const KEY = /^[ -~]{1,255}$/;

@Injectable()
export class ProjectService {
  constructor(
    private readonly database: Database,
    private readonly orders: OrderService,
    retention: Retention,
  ) {
    retention.add({ table: 'idempotency_key', timeColumn: 'created_at', keepDays: 1 });
  }

  /**
   * Makes a project, and its first order if it is to run. The same key with the same body is the same project.
   * @throws InvalidInput `IDEMPOTENCY_KEY_REUSED` when the key came with another body
   */
  async create(dto: CreateProjectDto, key: string | undefined): Promise<ProjectSummaryView> {
    if (key !== undefined && !KEY.test(key))
      throw new InvalidInput('INVALID_IDEMPOTENCY_KEY', 'An Idempotency-Key has 1 to 255 printable ASCII characters.');
    if (dto.stopAfter && !dto.run)
      throw new InvalidInput('STOP_AFTER_WITHOUT_RUN', 'stopAfter only means something together with run.');
    const taskId = newId();
    return this.orders.transaction(async unit => {
      const original = key === undefined ? undefined : await this.claimKey(unit, IdempotencyKey.of(key, dto, taskId));
      if (original) return this.summary(unit.em, original);
      const { businessName, region, description, language, music, video } = dto;
      const brief = { businessName, region, ...(description && { description }) };
      const project = Project.create({ taskId, brief, language, music, video });
      const { withoutPhotos, stopAfter } = dto;
      const placed = dto.run ? this.orders.first(unit, project, { withoutPhotos }, stopAfter ?? undefined) : undefined;
      unit.insert(project);
      return summaryView(project, placed?.order, placed ? [placed.stage] : [], []);
    });
  }

  async get(taskId: string): Promise<ProjectView> {
    return this.database.read('requests', async em => {
      const project = await find(em, taskId);
      const [order] = await latestOrders(em, [taskId]);
      const stages = await attemptsOf(em, project);
      const images = await em.find(Image, { taskId }, { orderBy: { position: 'asc' } });
      return projectView(project, order, stages, images);
    });
  }

  /** Newest first. Five queries, however long the page. */
  async list({ status, q, cursor, limit }: ListProjectsQuery): Promise<ProjectPage> {
    return this.database.read('requests', async em => {
      const ids = await pageOfTasks(em, { status, q, cursor, limit });
      const page = ids.slice(0, limit);
      if (page.length === 0) return { projects: [] };
      const projects = await em.find(Project, { taskId: { $in: page } }, { orderBy: { taskId: 'desc' } });
      const orders = await latestOrders(em, page);
      const stages = await attemptsInList(em, projects);
      const images = await em.find(Image, { taskId: { $in: page } }, { orderBy: { position: 'asc' } });
      return {
        projects: projects.map(project => {
          const isOfProject = ({ taskId }: { taskId: string }) => taskId === project.taskId;
          return summaryView(project, orders.find(isOfProject), stages.filter(isOfProject), images.filter(isOfProject));
        }),
        ...nextCursor(ids, limit),
      };
    });
  }

  /** The film that counts of each task, newest task first. Two queries, however long the page. */
  async videos({ cursor, limit }: ListQuery): Promise<VideoPage> {
    return this.database.read('requests', async em => {
      const films = await filmsOfPage(em, cursor, limit + 1);
      const ids = [...new Set(films.map(({ taskId }) => taskId))];
      const projects = await em.find(
        Project,
        { taskId: { $in: ids.slice(0, limit) } },
        { orderBy: { taskId: 'desc' } },
      );
      return {
        videos: projects.flatMap(project => {
          const ofTask = films.filter(({ taskId }) => taskId === project.taskId);
          const film = new Results(project, ofTask).current('video');
          return film ? [videoView(film, project)] : [];
        }),
        ...nextCursor(ids, limit),
      };
    });
  }

  /** What counts of a stage, or a revision of it. @throws NotFound when the project, or the result, is not there */
  async result(taskId: string, name: StageName, revision?: number): Promise<Result> {
    return this.database.read('requests', async em => {
      const project = await find(em, taskId);
      const results = new Results(project, await em.find(Stage, { taskId, name }));
      const stage = revision
        ? results.attempts(name).find(attempt => attempt.revision === revision && attempt.status() === 'completed')
        : results.current(name);
      if (!stage) throw new NotFound(`${name.toUpperCase()}_NOT_READY`, `The ${name} is not there yet.`);
      return { stage, results };
    });
  }

  private async claimKey(unit: UnitOfWork, key: IdempotencyKey): Promise<string | undefined> {
    const known = await unit.em.findOne(IdempotencyKey, key.id);
    if (!known) {
      // Two at once meet at the unique key: the later one is repeated and finds the first.
      unit.insert(key);
      return undefined;
    }
    if (!known.isSameRequestAs(key)) {
      throw new AppError('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used with another body.', { status: 422 });
    }
    return known.taskId;
  }

  private async summary(em: EntityManager, taskId: string): Promise<ProjectSummaryView> {
    const project = await find(em, taskId);
    const [order] = await latestOrders(em, [taskId]);
    const stages = await attemptsInList(em, [project]);
    const images = await em.find(Image, { taskId }, { orderBy: { position: 'asc' } });
    return summaryView(project, order, stages, images);
  }
}

/** @throws NotFound `TASK_NOT_FOUND` */
export async function find(em: EntityManager, taskId: string): Promise<Project> {
  const project = await em.findOne(Project, taskId);
  if (!project) throw new NotFound('TASK_NOT_FOUND', 'There is no such project.');
  return project;
}

function videoView(film: Stage, { taskId, brief }: Project) {
  const { format, durationSeconds } = film.output as VideoOutput;
  return {
    taskId,
    businessName: brief.businessName,
    region: brief.region,
    format,
    durationSeconds,
    size: film.files?.find(({ name }) => name === 'film')?.size ?? 0,
    completedAt: (film.endedAt ?? new Date(0)).toISOString(),
    href: `/v1/projects/${taskId}/video`,
    posterHref: `/v1/projects/${taskId}/poster`,
  };
}
