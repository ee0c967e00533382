import { stages as stageNames, type Stage as StageName } from '@castad/contracts';
import { Database, toError } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import { Injectable, Logger } from '@nestjs/common';
import { type StageTimes, UNMEASURED } from './estimate.ts';

/** Attempts of each stage that are looked at, the newest projects first. */
const RECENT = 200;
const KEEP_MS = 30_000;

/** How long the stages of recent films took; measured again every half minute, while somebody asks. */
@Injectable()
export class RecentFilms {
  private readonly logger = new Logger(RecentFilms.name);
  private measured = UNMEASURED;
  private dueAt = 0;

  constructor(private readonly database: Database) {}

  /** As they were measured last. For who holds a transaction: nothing is waited for. */
  latest(): StageTimes {
    const now = Date.now();
    if (now >= this.dueAt) {
      this.dueAt = now + KEEP_MS;
      this.measure().catch(error => this.logger.debug({ error: toError(error).message }, 'nothing was measured'));
    }
    return this.measured;
  }

  private async measure(): Promise<void> {
    this.measured = await this.database.read('background', async em => {
      const times = { ...UNMEASURED };
      for (const name of stageNames) times[name] = await recent(em, name);
      return times;
    });
  }
}

async function recent(em: EntityManager, name: StageName): Promise<number[]> {
  const rows = await em.getConnection().execute<{ ms: string | number }[]>(
    `select timestampdiff(microsecond, started_at, ended_at) / 1000 ms from (
       select started_at, ended_at, output, files from stage_attempt where name = ? order by task_id desc limit ${RECENT}
     ) newest where output is not null ${name === 'lyric' ? '' : 'and files is not null'} and started_at is not null`,
    [name],
  );
  return rows.map(({ ms }) => Number(ms)).toSorted((a, b) => a - b);
}
