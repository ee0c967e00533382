import { Database, NotFound } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import { Injectable } from '@nestjs/common';
import { estimateIn } from '../estimate/estimate.dto.ts';
import { estimateOf } from '../estimate/estimate.ts';
import { RecentFilms } from '../estimate/recent-films.ts';
import { find } from '../project/project.service.ts';
import { Stage } from '../projection/stage.entity.ts';
import { Order, type OrderStatus } from './order.entity.ts';
import { orderDetailView, storedStatus } from './order.view.ts';
import {
  type OrderDetailView,
  type OrderPage,
  orderStatuses,
  type OrdersQuery,
  type ProjectOrdersQuery,
} from './orders.dto.ts';

type Key = Pick<Order, 'taskId' | 'revision'>;
type Condition = [sql: string, values: unknown[]];

const fields = [
  ...(['firstStage', 'lastStage', 'failedStage', 'retryable', 'status', 'planDeadline', 'planFormats'] as const),
  ...(['errorCode', 'errorReason', 'createdAt', 'endedAt'] as const),
];

/** Orders as they are read. What accepts them is the `OrderService`. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly database: Database,
    private readonly recent: RecentFilms,
  ) {}

  /** Newest first. @throws NotFound `TASK_NOT_FOUND` */
  ofProject(taskId: string, { cursor, limit }: ProjectOrdersQuery): Promise<OrderPage> {
    return this.database.read('requests', async em => {
      await find(em, taskId);
      const orders = await em.find(
        Order,
        { taskId, ...(cursor && { revision: { $lt: cursor } }) },
        { fields, orderBy: { revision: 'desc' }, limit: limit + 1 },
      );
      return pageOf(em, orders as Order[], limit, last => String(last.revision));
    });
  }

  /** @throws NotFound `TASK_NOT_FOUND`, `ORDER_NOT_FOUND` */
  async one(taskId: string, revision: number): Promise<OrderDetailView> {
    const view = await this.database.read('requests', async em => {
      await find(em, taskId);
      const order = await em.findOne(Order, { taskId, revision }, { fields });
      if (!order) throw new NotFound('ORDER_NOT_FOUND', 'The project has no such order.');
      const [only] = await viewsOf(em, [order as Order]);
      return only as OrderDetailView;
    });
    return view.status === 'processing' && !view.preview ? { ...view, ...(await this.estimateFor(view)) } : view;
  }

  private async estimateFor({ stages, createdAt }: OrderDetailView): Promise<Pick<OrderDetailView, 'estimate'>> {
    const left = stages.filter(({ status }) => status !== 'completed');
    const since = new Date(left[0]?.startedAt ?? createdAt);
    const names = left.map(({ stage }) => stage);
    const estimate = estimateOf(names, since, this.recent.latest(), await this.database.now());
    return estimate ? estimateIn(estimate) : {};
  }

  /** Of all projects, newest first. Three queries, however long the page. */
  all(query: OrdersQuery): Promise<OrderPage> {
    const { limit } = query;
    return this.database.read('requests', async em => {
      const keys = await newestKeys(em, query);
      if (keys.length === 0) return { orders: [], hasMore: false };
      const orders = await em.find(Order, { $or: keys }, { fields });
      const sorted = keys.flatMap(key => orders.find(order => isSame(order, key)) ?? []) as Order[];
      return pageOf(em, sorted, limit, ({ createdAt, taskId, revision }) =>
        [createdAt.getTime(), taskId, revision].join('.'),
      );
    });
  }
}

/** Reads each status in the index of its times, no more than fit on the page. */
async function newestKeys(em: EntityManager, { status, limit, ...query }: OrdersQuery): Promise<Key[]> {
  const conditions = conditionsOf(query);
  const where = conditions.map(([sql]) => `and ${sql}`).join(' ');
  const values = conditions.flatMap(([, some]) => some);
  const page = 'order by created_at desc, task_id desc, revision desc limit ?';
  const statuses: OrderStatus[] = (status ? [status] : orderStatuses).map(storedStatus);
  const branches = statuses.map(
    stored => `(select created_at, task_id, revision from task_order where status = '${stored}' ${where} ${page})`,
  );
  return em
    .getConnection()
    .execute<Key[]>(`select task_id taskId, revision from (${branches.join(' union all ')}) newest ${page}`, [
      ...statuses.flatMap(() => [...values, limit + 1]),
      limit + 1,
    ]);
}

function conditionsOf({ cursor, createdFrom, createdTo }: Omit<OrdersQuery, 'limit'>): Condition[] {
  const [ms = '', taskId, revision] = cursor?.split('.') ?? [];
  const at = new Date(Number(ms));
  return [
    ...(createdFrom ? [['created_at >= ?', [createdFrom]] as Condition] : []),
    ...(createdTo ? [['created_at < ?', [createdTo]] as Condition] : []),
    ...(cursor
      ? [
          [
            'created_at <= ? and not (created_at = ? and (task_id > ? or (task_id = ? and revision >= ?)))',
            [at, at, taskId, taskId, Number(revision)],
          ] as Condition,
        ]
      : []),
  ];
}

async function pageOf(
  em: EntityManager,
  orders: Order[],
  limit: number,
  cursorAfter: (last: Order) => string,
): Promise<OrderPage> {
  const page = orders.slice(0, limit);
  const last = page.at(-1);
  const hasMore = orders.length > limit;
  return {
    orders: await viewsOf(em, page),
    hasMore,
    ...(hasMore && last && { nextCursor: cursorAfter(last) }),
  };
}

async function viewsOf(em: EntityManager, orders: Order[]): Promise<OrderDetailView[]> {
  if (orders.length === 0) return [];
  const stages = (await em.find(
    Stage,
    {
      taskId: { $in: [...new Set(orders.map(({ taskId }) => taskId))] },
      revision: { $in: [...new Set(orders.map(({ revision }) => revision))] },
    },
    { fields: ['there', 'error', 'waiting', 'paid', 'startedAt', 'endedAt'] },
  )) as Stage[];
  return orders.map(order =>
    orderDetailView(
      order,
      stages.filter(stage => isSame(stage, order)),
    ),
  );
}

const isSame = (a: Key, b: Key): boolean => a.taskId === b.taskId && a.revision === b.revision;
