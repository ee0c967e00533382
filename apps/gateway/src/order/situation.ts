import { Conflict, type UnitOfWork } from '@castad/platform';
import { LockMode } from '@mikro-orm/core';
import { absence } from '../deletion/absence.ts';
import { Image } from '../image/image.entity.ts';
import { type Attempt, attemptsOf } from '../project/attempts.ts';
import { Project } from '../project/project.entity.ts';
import { Results } from '../project/results.ts';
import type { Stage } from '../projection/stage.entity.ts';
import { Order } from './order.entity.ts';

/** The project, locked, as it stands when an order for it is accepted. */
export interface Situation {
  project: Project;
  latest: Order | undefined;
  stages: Stage[];
  results: Results;
  /** Its photos in their order. */
  images: Image[];
}

/** @throws AppError `TASK_NOT_FOUND`, `PROJECT_DELETED` */
export async function lockProject({ em }: UnitOfWork, taskId: string): Promise<Project> {
  const lockMode = LockMode.PESSIMISTIC_WRITE;
  const project = await em.findOne(Project, taskId, { lockMode });
  if (!project) throw await absence(em, taskId);
  return project;
}

/** @param whole what is to be known in full beside what counts */
export async function situationOf(unit: UnitOfWork, taskId: string, whole?: Attempt): Promise<Situation> {
  const project = await lockProject(unit, taskId);
  const latest = await unit.em.findOne(
    Order,
    { taskId },
    { orderBy: { revision: 'desc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  const images = await unit.em.find(Image, { taskId }, { orderBy: { position: 'asc' } });
  const stages = await attemptsOf(unit.em, project, whole);
  const imageIds = images.map(({ imageId }) => imageId);
  const results = new Results(project, stages, imageIds);
  return { project, latest: latest ?? undefined, stages, results, images };
}

export const orderRunning = () =>
  new Conflict('ORDER_RUNNING', 'Another order of this project is still running. Wait for it, or cancel it.');
