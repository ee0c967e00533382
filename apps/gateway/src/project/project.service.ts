import type { Format } from '@castad/contracts';
import { Database, InvalidInput, newId, NotFound, timeOfId, type UnitOfWork } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import { HttpStatus, Injectable } from '@nestjs/common';
import { Answer } from '../answer.ts';
import { absence } from '../deletion/absence.ts';
import type { Call } from '../idempotency/call.ts';
import { Idempotency } from '../idempotency/idempotency.ts';
import { Image } from '../image/image.entity.ts';
import { OrderService } from '../order/order.service.ts';
import { orderRunning, type Situation, situationOf } from '../order/situation.ts';
import {
  type CreateProjectDto,
  type ProjectPage,
  type ProjectSummaryView,
  type ProjectView,
  videoPlanOf,
} from './project.dto.ts';
import type { ListProjectsQuery } from './lists.dto.ts';
import type { PatchProjectDto } from './patch.dto.ts';
import { patchedLabels, patchedMaterial } from './patch.ts';
import { assertMatches, etagOf, isAmong, nextEtag, readEtag } from './etag.ts';
import { attemptsInList, attemptsOf, latestOrders } from './attempts.ts';
import { nextCursor, pageOfTasks } from './lists.ts';
import { Project } from './project.entity.ts';
import { projectView, summaryView } from './project.view.ts';
import { Results } from './results.ts';
import { atOneMoment } from '../rows.ts';
import { Stage, type Step } from '../projection/stage.entity.ts';

export interface Result {
  project: Project;
  stage: Stage;
  results: Results;
}

@Injectable()
export class ProjectService {
  constructor(
    private readonly database: Database,
    private readonly orders: OrderService,
    private readonly keys: Idempotency,
  ) {}

  /** Makes a project, and its first order if it is to run. */
  async create(dto: CreateProjectDto, call: Call): Promise<Answer<ProjectSummaryView>> {
    if (dto.stopAfter && !dto.run)
      throw new InvalidInput('STOP_AFTER_WITHOUT_RUN', 'stopAfter only means something together with run.');
    const { businessName, region, description, language, music, externalId, metadata } = dto;
    const video = videoPlanOf(dto.video);
    const { withoutPhotos, stopAfter, drafts } = dto;
    const asked = { withoutPhotos, drafts: drafts ?? undefined };
    const brief = { businessName, region, ...(description && { description }) };
    const taskId = newId();
    const answer = (view: ProjectSummaryView, etag: string) =>
      new Answer(dto.run ? HttpStatus.ACCEPTED : HttpStatus.CREATED, view, {
        location: `/v1/projects/${view.id}`,
        etag,
      });
    const create = async (unit: UnitOfWork) => {
      const createdAt = timeOfId(taskId);
      const project = Project.create({ taskId, brief, language, music, video, externalId, metadata, createdAt });
      const placed = dto.run ? this.orders.first(unit, project, asked, stopAfter ?? undefined) : undefined;
      unit.insert(project);
      return answer(summaryView(project, placed?.order, placed?.stages ?? [], []), etagOf(project));
    };
    return this.orders.transaction(unit =>
      this.keys.once(
        unit,
        { call, taskId, body: { ...dto, video } },
        () => create(unit),
        async former => {
          const view = await this.summary(unit.em, former);
          return answer(view, (await readEtag(unit.em, former)) as string);
        },
      ),
    );
  }

  /** @param ifNoneMatch the versions that the client has: if it is one of them, that is found out by one read. */
  async get(taskId: string, ifNoneMatch?: string): Promise<Answer<ProjectView | undefined>> {
    return this.database.read('requests', async em => {
      const known = ifNoneMatch && (await readEtag(em, taskId));
      if (known && isAmong(ifNoneMatch, known)) return new Answer(HttpStatus.NOT_MODIFIED, undefined, { etag: known });
      return atOneMoment(em, async () => {
        const view = await viewOf(em, taskId);
        return new Answer(HttpStatus.OK, view, { etag: (await readEtag(em, taskId)) as string });
      });
    });
  }

  view(taskId: string): Promise<ProjectView> {
    return this.database.read('requests', em => atOneMoment(em, () => viewOf(em, taskId)));
  }

  /**
   * Changes what the project is made of, and the client's own notes.
   * @throws Conflict `ORDER_RUNNING`: what runs is made of the brief as it was ordered
   */
  patch(taskId: string, patch: PatchProjectDto, call: Call): Promise<Answer<ProjectView>> {
    return this.database.transaction('requests', unit =>
      this.keys.once(unit, { call, taskId, body: patch }, async () => {
        const situation = await situationOf(unit, taskId);
        const { project, latest } = situation;
        await assertMatches(unit, project, call.ifMatch);
        const material = patchedMaterial(project, patch);
        if (latest?.isRunning() && !project.isMadeOf(material)) throw orderRunning();
        project.edit(material);
        project.label(patchedLabels(project, patch));
        return changedView(unit, situation);
      }),
    );
  }

  /** Five queries, however long the page. */
  async list(query: ListProjectsQuery): Promise<ProjectPage> {
    const { limit, sort } = query;
    return this.database.read('requests', async em => {
      const ids = await pageOfTasks(em, query);
      const page = ids.slice(0, limit);
      if (page.length === 0) return { projects: [], hasMore: false };
      const orderBy = { taskId: sort === 'oldest' ? 'asc' : 'desc' } as const;
      const projects = await em.find(Project, { taskId: { $in: page } }, { orderBy });
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

  /** What counts of a stage, or a revision of it. @throws NotFound when the project, or the result, is not there */
  async result(taskId: string, name: Step, revision?: number, format?: Format): Promise<Result> {
    return this.database.read('requests', async em => {
      const project = await find(em, taskId);
      const results = new Results(project, await em.find(Stage, { taskId, name }));
      const stage = revision ? results.completedBy(revision, name, format) : results.current(name, format);
      if (!stage) throw new NotFound(`${name.toUpperCase()}_NOT_READY`, `The ${name} is not there yet.`);
      return { project, stage, results };
    });
  }

  private async summary(em: EntityManager, taskId: string): Promise<ProjectSummaryView> {
    const project = await find(em, taskId);
    const [order] = await latestOrders(em, [taskId]);
    const stages = await attemptsInList(em, [project]);
    const images = await em.find(Image, { taskId }, { orderBy: { position: 'asc' } });
    return summaryView(project, order, stages, images);
  }
}

async function viewOf(em: EntityManager, taskId: string): Promise<ProjectView> {
  const project = await find(em, taskId);
  const [order] = await latestOrders(em, [taskId]);
  const stages = await attemptsOf(em, project);
  const images = await em.find(Image, { taskId }, { orderBy: { position: 'asc' } });
  return projectView(project, order, stages, images);
}

/** A locked project as it is after what was done to it. */
export async function changedView(unit: UnitOfWork, situation: Situation): Promise<Answer<ProjectView>> {
  const { project, latest, stages, images } = situation;
  const view = projectView(project, latest, stages, images);
  return new Answer(HttpStatus.OK, view, { etag: await nextEtag(unit, project) });
}

/** @throws AppError `TASK_NOT_FOUND`, `PROJECT_DELETED` */
export async function find(em: EntityManager, taskId: string): Promise<Project> {
  const project = await em.findOne(Project, taskId);
  if (!project) throw await absence(em, taskId);
  return project;
}
