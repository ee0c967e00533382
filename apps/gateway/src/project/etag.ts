import { AppError, type UnitOfWork } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import { HttpStatus } from '@nestjs/common';
import type { Project } from './project.entity.ts';

/** Raised when the same rows are shown otherwise. */
const FORM = 1;

/** What has changed the view so far: orders and choices; clients in other ways; what was heard of the services. */
interface Versions {
  revision: number;
  version: number;
  /** Of the latest event in the feed. */
  position: number;
}

const NONE_HEARD = 0;

const LATEST = '(select max(position) from task_event where task_event.task_id = project.task_id)';

export const etagOf = ({ revision, version }: Pick<Project, 'revision' | 'version'>, position = NONE_HEARD): string =>
  `"${[FORM, revision, version, position].join('.')}"`;

/** One read of two indexes, whatever the size of the project. Undefined: there is no such project. */
export async function readEtag(em: EntityManager, taskId: string): Promise<string | undefined> {
  const sql = `select revision, version, ${LATEST} position from project where task_id = ?`;
  const [row] = await em.getConnection().execute<Versions[]>(sql, [taskId], 'all', em.getTransactionContext());
  return row && etagOf(row, Number(row.position ?? NONE_HEARD));
}

/** As it will be when what was done to the locked project is committed. */
export async function nextEtag({ em }: UnitOfWork, project: Project): Promise<string> {
  const sql = `select ${LATEST} position from project where task_id = ?`;
  const [row] = await em
    .getConnection()
    .execute<Pick<Versions, 'position'>[]>(sql, [project.taskId], 'all', em.getTransactionContext());
  return etagOf(project, Number(row?.position ?? NONE_HEARD));
}

/** The views of these projects show something else by what is committed here, of which no event tells. */
export async function changed({ em }: UnitOfWork, taskIds: string[]): Promise<void> {
  const sql = 'update project set version = version + 1 where task_id in (?)';
  await em.getConnection().execute(sql, [taskIds], 'run', em.getTransactionContext());
}

/** Whether a client that has one of the named versions has this one. */
export const isAmong = (header: string, etag: string): boolean =>
  tagsIn(header).some(tag => tag === '*' || tag.replace(/^W\//, '') === etag);

/** @throws AppError `PRECONDITION_FAILED` when the locked project is not as the client saw it */
export async function assertMatches(unit: UnitOfWork, project: Project, ifMatch: string | undefined): Promise<void> {
  if (ifMatch === undefined) return;
  const etag = await nextEtag(unit, project);
  if (!tagsIn(ifMatch).some(tag => tag === '*' || tag === etag))
    throw new AppError('PRECONDITION_FAILED', 'The project has changed since you looked at it.', {
      status: HttpStatus.PRECONDITION_FAILED,
    });
}

const tagsIn = (header: string): string[] => header.split(',').map(tag => tag.trim());
