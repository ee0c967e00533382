import { stages as stageNames, type Stage as StageName } from '@castad/contracts';
import type { EntityManager } from '@mikro-orm/mysql';
import type { ListProjectsQuery, ListQuery, ProjectStatus } from './project.dto.ts';
import { Stage } from '../projection/stage.entity.ts';
import { entitiesOf } from '../rows.ts';

type Query = [sql: string, values: unknown[]];

/** The newest tasks that the query asks for, and one more if there are more. */
export async function pageOfTasks(em: EntityManager, query: ListProjectsQuery): Promise<string[]> {
  const [sql, values] = query.q === undefined && query.status ? ofStatus(query.status, query) : ofName(query);
  const rows = await em.getConnection().execute<{ task_id: string }[]>(sql, values);
  return rows.map(row => row.task_id);
}

/** Reads the index of names from the newest on, and of a project whose name fits its latest order. */
function ofName({ status, q, cursor, limit }: ListProjectsQuery): Query {
  const conditions: Query[] = [
    ...(cursor ? [['p.task_id < ?', [cursor]] as Query] : []),
    ...(q ? [['p.business_name like ?', [`%${q.replace(/[\\%_]/g, '\\$&')}%`]] as Query] : []),
    ...(status ? [[`(${statusCondition(status)})`, []] as Query] : []),
  ];
  const latest = `left join task_order o on o.task_id = p.task_id
    and o.revision = (select max(revision) from task_order where task_id = p.task_id)`;
  return [
    `select p.task_id from project p force index (project_names) ${status ? latest : ''}
     ${conditions.length > 0 ? `where ${conditions.map(([sql]) => sql).join(' and ')}` : ''}
     order by p.task_id desc limit ?`,
    [...conditions.flatMap(([, values]) => values), limit + 1],
  ];
}

/** Reads each index entry of the status from the newest on: no more than fit on the page, and what was ordered anew. */
function ofStatus(status: ProjectStatus, { cursor, limit }: ListQuery): Query {
  const page = `${cursor ? 'and task_id < ?' : ''} order by task_id desc limit ?`;
  const values = [...(cursor ? [cursor] : []), limit + 1];
  if (status === 'draft') return [`select task_id from project where revision = 0 ${page}`, values];
  const { order, lastStages } = orderStatuses[status];
  const branches = lastStages.map(
    stage => `(select task_id from task_order o where status = '${order}' and last_stage = '${stage}' and not exists
      (select 1 from task_order later where later.task_id = o.task_id and later.revision > o.revision) ${page})`,
  );
  return [
    `select task_id from (${branches.join(' union all ')}) page order by task_id desc limit ?`,
    [...branches.flatMap(() => values), limit + 1],
  ];
}

/** How the latest order of a project with this status stands. */
const orderStatuses: Record<Exclude<ProjectStatus, 'draft'>, { order: string; lastStages: readonly StageName[] }> = {
  processing: { order: 'running', lastStages: stageNames },
  waiting: { order: 'done', lastStages: ['lyric', 'song'] },
  completed: { order: 'done', lastStages: ['video'] },
  failed: { order: 'failed', lastStages: stageNames },
  cancelled: { order: 'cancelled', lastStages: stageNames },
};

const statusCondition = (status: ProjectStatus): string => {
  if (status === 'draft') return 'o.status is null';
  const { order, lastStages } = orderStatuses[status];
  return `o.status = '${order}' and o.last_stage in (${lastStages.map(stage => `'${stage}'`).join(', ')})`;
};

/** All films of so many tasks. */
export function filmsOfPage(em: EntityManager, cursor: string | undefined, tasks: number): Promise<Stage[]> {
  const isFilm = "name = 'video' and output is not null and files is not null";
  return entitiesOf(
    em,
    Stage,
    `select film.* from stage_attempt film join (
       select distinct task_id from stage_attempt where ${isFilm} ${cursor ? 'and task_id < ?' : ''} order by task_id desc limit ?
     ) page on page.task_id = film.task_id where ${isFilm} order by film.task_id desc`,
    [...(cursor ? [cursor] : []), tasks],
  );
}

/** UUIDv7s are in order of time, so the last one of a page says where the next begins. */
export const nextCursor = (ids: string[], limit: number) => (ids.length > limit ? { nextCursor: ids[limit - 1] } : {});
