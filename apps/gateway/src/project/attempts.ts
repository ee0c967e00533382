import type { EntityManager } from '@mikro-orm/mysql';
import { Order } from '../order/order.entity.ts';
import { Stage } from '../projection/stage.entity.ts';
import { entitiesOf } from '../rows.ts';
import type { Project } from './project.entity.ts';

const columns = 'task_id, name, revision, format, input, files, error, waiting, paid, started_at, ended_at';

export const isCompleted = "output is not null and (files is not null or name = 'lyric')";

/** A result without what is long in it: the words of a lyric, and when those of a song are sung. */
export const outline = `json_remove(if(output is null or name <> 'lyric', output, '{}'), '$.tracks[0].lines', '$.tracks[1].lines')`;

/** What an order made of a stage. */
export type Attempt = Pick<Stage, 'name' | 'revision'>;

/** The newest order of each project, with how it stands. */
export const latestOrders = (em: EntityManager, taskIds: string[]): Promise<Order[]> =>
  entitiesOf(
    em,
    Order,
    `select task_id, revision, status, last_stage, failed_stage, retryable, error_code, error_reason, expected_at, latest_at
     from task_order join (
       select task_id, max(revision) revision from task_order where task_id in (?) group by task_id
     ) latest using (task_id, revision)`,
    [taskIds],
  );

/** Every attempt of a project. Only the results that count, and that of `whole`, are whole, the others are in outline. */
export function attemptsOf(em: EntityManager, project: Project, whole?: Attempt): Promise<Stage[]> {
  const chosen = chosenIn(project);
  if (whole) chosen.push([project.taskId, whole.name, whole.revision]);
  const counts = ['isNewest', ...chosen.map(() => '(task_id, name, revision) = (?, ?, ?)')].join(' or ');
  return entitiesOf(
    em,
    Stage,
    `select ${columns}, json_extract(if(${counts}, output, ${outline}), '$') output
     from stage_attempt left join (
       select name, max(revision) revision, true isNewest from stage_attempt
       where task_id = ? and ${isCompleted} group by name
     ) newest using (name, revision)
     where task_id = ?`,
    [...chosen.flat(), project.taskId, project.taskId],
  );
}

/**
 * What a list tells of the projects' attempts: the newest and those that count, each with the others of its order, all
 * in outline. However many there are of a project, these are a few.
 */
export function attemptsInList(em: EntityManager, projects: Project[]): Promise<Stage[]> {
  const taskIds = projects.map(({ taskId }) => taskId);
  const chosen = projects.flatMap(chosenIn);
  const isChosen = chosen.map(() => '(task_id, name, revision) = (?, ?, ?)').join(' or ') || 'false';
  return entitiesOf(
    em,
    Stage,
    `select ${columns}, ${outline} output from stage_attempt join (
       select task_id, max(revision) revision from stage_attempt where task_id in (?) group by task_id, name, format
       union
       select task_id, max(revision) from stage_attempt
       where task_id in (?) and ${isCompleted} group by task_id, name, format
       union
       select task_id, revision from stage_attempt where ${isChosen}
     ) shown using (task_id, revision)`,
    [taskIds, taskIds, ...chosen.flat()],
  );
}

const chosenIn = ({ taskId, choices }: Project): [taskId: string, name: string, revision: number][] =>
  Object.entries(choices ?? {}).map(([what, { revision }]) => [taskId, what.split(' ')[0] as string, revision]);
