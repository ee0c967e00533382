import { type Stage as StageName, stages as stageNames } from '@castad/contracts';
import { ofProject } from '../input/ids.view.ts';
import { attemptView, errorOf, stageView } from '../project/project.view.ts';
import type { AttemptView, FilmView } from '../project/project.dto.ts';
import { Results } from '../project/results.ts';
import { type Stage, stageOf } from '../projection/stage.entity.ts';
import type { CancelledView, OrderView } from './order.dto.ts';
import type { Order, OrderStatus } from './order.entity.ts';
import type { OrderDetailView, OrderFilmView, OrderStageView, OrderViewStatus } from './orders.dto.ts';

const statuses: Record<OrderStatus, OrderViewStatus> = {
  running: 'processing',
  done: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** The status of the table that clients know by this name. */
export const storedStatus = (status: OrderViewStatus): OrderStatus =>
  (Object.keys(statuses) as OrderStatus[]).find(stored => statuses[stored] === status) as OrderStatus;

export const statusOf = ({ status }: Order): OrderViewStatus => statuses[status];

export function orderView({ taskId, revision }: Order): OrderView {
  return { ...ofProject(taskId), revision, status: 'processing' };
}

export function cancelledView({ taskId, revision }: Order, paid: StageName[]): CancelledView {
  return { ...ofProject(taskId), revision, status: 'cancelled', paid };
}

/** @param stages what this very order did */
export function orderDetailView(order: Order, stages: Stage[]): OrderDetailView {
  const { taskId, revision, firstStage, lastStage, isPreview, createdAt, endedAt } = order;
  const [format = '9:16', ...others] = order.formats ?? [];
  const video = { format, ...(others.length > 0 && { formats: [format, ...others] }) };
  const results = new Results({ choices: null, video }, stages);
  return {
    projectId: taskId,
    revision,
    status: statusOf(order),
    firstStage: stageOf(firstStage),
    lastStage: stageOf(lastStage),
    ...(isPreview && { preview: true }),
    stages: stageNames.filter(name => order.includes(name)).map(name => ofStage(name, order, results)),
    paid: stageNames.filter(name => results.attempts(order.stepAt(name)).some(attempt => attempt.paid)),
    ...(order.status === 'failed' && { error: errorOf(order, results) }),
    deadline: order.planEnd().toISOString(),
    createdAt: createdAt.toISOString(),
    ...(endedAt && { endedAt: endedAt.toISOString() }),
  };
}

function ofStage(stage: StageName, order: Order, results: Results): OrderStageView {
  const step = order.stepAt(stage);
  const [attempt] = results.attempts(step);
  if (!attempt) return { stage, status: order.isRunning() ? 'pending' : 'cancelled' };
  if (stage !== 'video' || !order.formats) return { stage, ...ofOrder(attemptView(attempt, order, results)) };
  const view = stageView(step, results, order);
  return { stage, ...ofOrder(view), formats: (view.formats ?? []).map(filmOfOrder) };
}

const filmOfOrder = ({ format, result: _, stale: __, ...view }: FilmView): OrderFilmView => ({
  format,
  ...ofOrder(view),
});

const ofOrder = ({ revision: _, ...view }: AttemptView): Omit<OrderStageView, 'stage'> => view;
