import { AppError, Conflict } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import { OrderService } from '../order/order.service.ts';
import type { ProjectView } from '../project/project.dto.ts';
import { ProjectService } from '../project/project.service.ts';
import { isThere, stageIn, standingOf } from './legacy.view.ts';

/** What came of asking for a stage. */
export interface Ordered {
  revision: number;
  /** It was being made already. */
  isRunning: boolean;
}

const before = { song: 'lyric', video: 'song' } as const;

/** The project has changed since it was looked at: whoever was first has ordered, or the stage is done. */
const OVERTAKEN = ['REVISION_STALE', 'NOTHING_TO_DO'];

/** Orders for GET requests, which browsers, proxies and impatient people repeat: what is made of one thing is paid once. */
@Injectable()
export class LegacyOrders {
  constructor(
    private readonly projects: ProjectService,
    private readonly orders: OrderService,
  ) {}

  /**
   * Orders the stage, unless it is there or being made.
   * @throws Conflict `ALREADY_PAID` where the stage failed after it was paid for: to pay again takes more than a GET
   */
  async once(taskId: string, name: 'song' | 'video'): Promise<Ordered> {
    for (;;) {
      const view = await this.projects.view(taskId);
      const stage = stageIn(view, name);
      const isRunning = stage.revision > 0 && standingOf(stage).status === 'processing';
      if (isRunning) return { revision: stage.revision, isRunning };
      if (isThere(stage)) return { revision: stage.result as number, isRunning };
      assertOrderable(view, name);
      try {
        const asked = { seen: view.revision, withoutPhotos: view.images.length === 0 };
        const { revision } = await this.orders.transaction(unit => this.orders.run(unit, taskId, asked, name));
        return { revision, isRunning };
      } catch (error) {
        if (!(error instanceof AppError && OVERTAKEN.includes(error.code))) throw error;
      }
    }
  }
}

function assertOrderable(view: ProjectView, name: 'song' | 'video'): void {
  const source = stageIn(view, before[name]);
  if (source.result === undefined)
    throw new Conflict(`${source.stage.toUpperCase()}_MISSING`, `There is no ${source.stage} yet.`);
  if (source.stale) throw new Conflict('SONG_STALE', 'The song is not of the present lyric. Generate the song first.');
  const [newest] = stageIn(view, name).attempts ?? [];
  if (newest?.status === 'failed' && newest.paid && !newest.stale)
    throw new Conflict(
      'ALREADY_PAID',
      `The ${name} was paid for and failed: ${newest.error?.reason} To pay again, POST /v1/projects/${view.taskId}/retry.`,
    );
}
