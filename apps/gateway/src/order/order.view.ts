import { type Stage as StageName, stages as stageNames } from '@castad/contracts';
import { ofProject } from '../input/ids.view.ts';
import { attemptView, errorOf } from '../project/project.view.ts';
import type { AttemptView } from '../project/project.dto.ts';
import { Results } from '../project/results.ts';
import type { Stage } from '../projection/stage.entity.ts';
import type { CancelledView, OrderView } from './order.dto.ts';
import type { Order, OrderStatus } from './order.entity.ts';
import type { OrderDetailView, OrderStageView, OrderViewStatus } from './orders.dto.ts';

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
  const { taskId, revision, firstStage, lastStage, createdAt, endedAt } = order;
  const results = new Results({ choices: null }, stages);
  return {
    projectId: taskId,
    revision,
    status: statusOf(order),
    firstStage,
    lastStage,
    stages: stageNames.filter(name => order.includes(name)).map(name => stageView(name, order, results)),
    paid: stageNames.filter(name => results.attempts(name).some(attempt => attempt.paid)),
    ...(order.status === 'failed' && { error: errorOf(order, results) }),
    deadline: order.planEnd().toISOString(),
    createdAt: createdAt.toISOString(),
    ...(endedAt && { endedAt: endedAt.toISOString() }),
  };
}

function stageView(stage: StageName, order: Order, results: Results): OrderStageView {
  const [attempt] = results.attempts(stage);
  if (!attempt) return { stage, status: order.isRunning() ? 'pending' : 'cancelled' };
  return { stage, ...ofOrder(attemptView(attempt, order, results)) };
}

const ofOrder = ({ revision: _, ...view }: AttemptView): Omit<OrderStageView, 'stage'> => view;
