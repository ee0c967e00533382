import { firstIdAt } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import type { ListProjectsQuery } from './lists.dto.ts';
import type { ProjectStatus } from './project.dto.ts';
import { type Step, steps } from '../projection/stage.entity.ts';

type Query = [sql: string, values: unknown[]];

/** The tasks that the query asks for, in its order, and one more if there are more. */
export async function pageOfTasks(em: EntityManager, query: ListProjectsQuery): Promise<string[]> {
  const { status } = query;
  const [sql, values] = status && isBestFoundByStatus(query) ? ofStatus(status, query) : ofProjects(query);
  const rows = await em.getConnection().execute<{ task_id: string }[]>(sql, values);
  return rows.map(row => row.task_id);
}

/** Most projects are completed: in a language they are found sooner by that. */
const isBestFoundByStatus = ({ status, q, externalId, language }: ListProjectsQuery): boolean =>
  q === undefined && externalId === undefined && (language === undefined || status !== 'completed');

/** Reads the index of what narrows most, from its newest or oldest entry on, and of a project that fits its latest order. */
function ofProjects(query: ListProjectsQuery): Query {
  const { status, q, language, externalId, limit } = query;
  const index = externalId ? 'project_external_ids' : language ? 'project_languages' : 'project_names';
  const [where, values] = all(
    ...placesOf(query, 'p.task_id'),
    externalId && ['p.external_id = ?', [externalId]],
    language && ['p.language = ?', [language]],
    q && ['p.business_name like ?', [`%${q.replace(/[\\%_]/g, '\\$&')}%`]],
    status && [`(${statusCondition(status)})`, []],
  );
  const latest = `left join task_order o on o.task_id = p.task_id
    and o.revision = (select max(revision) from task_order where task_id = p.task_id)`;
  return [
    `select p.task_id from project p force index (${index}) ${status ? latest : ''}
     where ${where} order by p.task_id ${directionOf(query)} limit ?`,
    [...values, limit + 1],
  ];
}

/** Reads each index entry of the status in order: no more than fit on the page, and what was ordered anew. */
function ofStatus(status: ProjectStatus, query: ListProjectsQuery): Query {
  const { language, limit } = query;
  const isOfLanguage: Query | undefined = language && [
    'exists (select 1 from project p where p.task_id = o.task_id and p.language = ?)',
    [language],
  ];
  const page = `order by task_id ${directionOf(query)} limit ?`;
  const [where, values] = all(...placesOf(query, 'o.task_id'), isOfLanguage);
  if (status === 'draft')
    return [`select task_id from project o where revision = 0 and ${where} ${page}`, [...values, limit + 1]];
  const { order, lastStages } = orderStatuses[status];
  const branches = lastStages.map(
    stage => `(select task_id from task_order o where status = '${order}' and last_stage = '${stage}' and not exists
      (select 1 from task_order later where later.task_id = o.task_id and later.revision > o.revision)
      and ${where} ${page})`,
  );
  return [
    `select task_id from (${branches.join(' union all ')}) page ${page}`,
    [...branches.flatMap(() => [...values, limit + 1]), limit + 1],
  ];
}

/** Ids are in the order of time. */
function placesOf({ cursor, sort, createdFrom, createdTo }: ListProjectsQuery, id: string): (Query | undefined)[] {
  return [
    cursor ? [`${id} ${sort === 'oldest' ? '>' : '<'} ?`, [cursor]] : undefined,
    createdFrom && [`${id} >= ?`, [firstIdAt(createdFrom)]],
    createdTo && [`${id} < ?`, [firstIdAt(createdTo)]],
  ];
}

const directionOf = ({ sort }: ListProjectsQuery): string => (sort === 'oldest' ? 'asc' : 'desc');

function all(...conditions: (Query | '' | undefined)[]): Query {
  const given = conditions.filter(condition => !!condition);
  return [given.map(([sql]) => sql).join(' and ') || 'true', given.flatMap(([, values]) => values)];
}

/** How the latest order of a project with this status stands. */
const orderStatuses: Record<Exclude<ProjectStatus, 'draft'>, { order: string; lastStages: readonly Step[] }> = {
  processing: { order: 'running', lastStages: steps },
  waiting: { order: 'done', lastStages: ['lyric', 'song', 'preview'] },
  completed: { order: 'done', lastStages: ['video'] },
  failed: { order: 'failed', lastStages: steps },
  cancelled: { order: 'cancelled', lastStages: steps },
};

const statusCondition = (status: ProjectStatus): string => {
  if (status === 'draft') return 'o.status is null';
  const { order, lastStages } = orderStatuses[status];
  return `o.status = '${order}' and o.last_stage in (${lastStages.map(stage => `'${stage}'`).join(', ')})`;
};

/** UUIDv7s are in order of time, so the last one of a page says where the next begins. */
export const nextCursor = (ids: string[], limit: number): { hasMore: boolean; nextCursor?: string } => {
  const hasMore = ids.length > limit;
  return { hasMore, ...(hasMore && { nextCursor: ids[limit - 1] }) };
};
