import { firstIdAt } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import { isCompleted, outline } from '../project/attempts.ts';
import { Stage } from '../projection/stage.entity.ts';
import { entitiesOf } from '../rows.ts';
import type { VideosQuery } from './result.dto.ts';

export type ListedStage = 'song' | 'video';

type Condition = [sql: string, ...values: unknown[]];

/** The results at a stage of so many projects, of songs without their lines. */
export function attemptsOfPage(em: EntityManager, name: ListedStage, query: VideosQuery): Promise<Stage[]> {
  const [sql, ...values] = pageQuery(name, query);
  return entitiesOf(em, Stage, sql, values);
}

export function pageQuery(name: ListedStage, query: VideosQuery): Condition {
  const isListed = and([[isCompleted], ['name = ?', name], ...ofFormat(query)]);
  const [page, ...values] = pageOf(isListed, query);
  const sql = `select task_id, name, revision, format, files, ended_at, ${name === 'song' ? outline : 'output'} output
    from stage_attempt join (${page}) page using (task_id) where ${isListed[0]} order by task_id desc`;
  return [sql, ...values, ...isListed.slice(1)];
}

/** The newest projects that the query asks for, read in the order of the index that narrows them down most. */
function pageOf(isListed: Condition, query: VideosQuery): Condition {
  const { language, format, limit } = query;
  const [within, ...bounds] = and(boundsOf(query));
  const [listed, ...wanted] = isListed;
  if (language) {
    const isThere = `exists (select 1 from stage_attempt where task_id = p.task_id and ${listed})`;
    const sql = `select task_id from project p force index (project_language)
      where language = ? and ${within} and ${isThere} order by task_id desc limit ?`;
    return [sql, language, ...bounds, ...wanted, limit];
  }
  const index = format ? 'stage_attempt_format' : 'stage_attempt_films';
  const sql = `select distinct task_id from stage_attempt force index (${index})
    where ${listed} and ${within} order by task_id desc limit ?`;
  return [sql, ...wanted, ...bounds, limit];
}

const ofFormat = ({ format }: VideosQuery): Condition[] => (format ? [['film_format = ?', format]] : []);

/** Ids of projects are in the order of the time when they were made. */
const boundsOf = ({ projectId, cursor, from, to }: VideosQuery): Condition[] => [
  ...(projectId ? [['task_id = ?', projectId] as Condition] : []),
  ...(cursor ? [['task_id < ?', cursor] as Condition] : []),
  ...(from ? [['task_id >= ?', firstIdAt(new Date(from))] as Condition] : []),
  ...(to ? [['task_id < ?', firstIdAt(new Date(to))] as Condition] : []),
];

const and = (conditions: Condition[]): Condition => [
  conditions.map(([sql]) => sql).join(' and ') || 'true',
  ...conditions.flatMap(([, ...values]) => values),
];
