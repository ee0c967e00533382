import { Database } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import { ofProject } from '../input/ids.view.ts';
import { Order } from '../order/order.entity.ts';
import { statusOf } from '../order/order.view.ts';
import { find } from '../project/project.service.ts';
import { stageOf } from '../projection/stage.entity.ts';
import { TaskEvent } from '../projection/task-event.entity.ts';
import { eventView } from './event.view.ts';
import { endOfFeed } from './feed.ts';
import type { AcceptedView, EventView, HistoryPage, HistoryQuery } from './live.dto.ts';

interface Place {
  revision: number;
  position: number;
}

/** Where an order stands: before everything that was heard about it. */
const ACCEPTED = 0;

@Injectable()
export class HistoryService {
  constructor(private readonly database: Database) {}

  /** Order by order; each with its events as they were heard. @throws NotFound `TASK_NOT_FOUND` */
  async of(taskId: string, { cursor, limit }: HistoryQuery): Promise<HistoryPage> {
    const after = placeOf(cursor);
    return this.database.read('requests', async em => {
      await find(em, taskId);
      const orders = await em.find(
        Order,
        { taskId, revision: { $gt: after.revision } },
        { orderBy: { revision: 'asc' }, limit: limit + 1 },
      );
      const events = await em.find(
        TaskEvent,
        {
          taskId,
          position: { $ne: null },
          $or: [{ revision: { $gt: after.revision } }, { revision: after.revision, position: { $gt: after.position } }],
        },
        {
          orderBy: { revision: 'asc', position: 'asc' },
          limit: limit + 1,
          indexHint: 'force index (primary)',
        },
      );
      const entries = [...orders.map(acceptedView), ...events.map(eventView)].sort(inOrder);
      const page = entries.slice(0, limit);
      const last = page.at(-1);
      return { entries: page, ...(last && entries.length > limit && { nextCursor: cursorTo(last) }) };
    });
  }

  /** @throws NotFound `TASK_NOT_FOUND` */
  async mustHave(taskId: string): Promise<void> {
    await this.database.read('requests', em => find(em, taskId));
  }

  end(): Promise<number> {
    return this.database.read('requests', endOfFeed);
  }
}

function acceptedView(order: Order): AcceptedView {
  const { taskId, revision, createdAt, firstStage, lastStage, isPreview } = order;
  const { endedAt, errorCode, errorReason, retryable } = order;
  return {
    type: 'OrderAccepted',
    ...ofProject(taskId),
    revision,
    time: createdAt.toISOString(),
    firstStage: stageOf(firstStage),
    lastStage: stageOf(lastStage),
    ...(isPreview && { preview: true }),
    status: statusOf(order),
    ...(endedAt && { endedAt: endedAt.toISOString() }),
    ...(errorCode && { error: { code: errorCode, reason: errorReason ?? '', retryable: retryable ?? true } }),
  };
}

const positionOf = (entry: AcceptedView | EventView): number => ('id' in entry ? entry.id : ACCEPTED);

const inOrder = (a: AcceptedView | EventView, b: AcceptedView | EventView): number =>
  a.revision - b.revision || positionOf(a) - positionOf(b);

const cursorTo = (entry: AcceptedView | EventView): string => `${entry.revision}.${positionOf(entry)}`;

function placeOf(cursor: string | undefined): Place {
  const [revision = -1, position = ACCEPTED] = cursor?.split('.').map(Number) ?? [];
  return { revision, position };
}
