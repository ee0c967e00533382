import { stages as stageNames, type Stage as StageName } from '@castad/contracts';
import { Database } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import { Injectable } from '@nestjs/common';
import type { StageTimes } from './estimate.ts';

/** Attempts of each stage that are looked at, the newest projects first. */
const RECENT = 200;
const KEEP_MS = 30_000;

/** How long the stages of recent films took; measured again every half minute, while somebody asks. */
@Injectable()
export class RecentFilms {
  private measured?: { until: number; times: Promise<StageTimes> };

  constructor(private readonly database: Database) {}

  async times(): Promise<StageTimes> {
    if (!this.measured || this.measured.until <= Date.now()) {
      const measured = { until: Date.now() + KEEP_MS, times: this.measure() };
      this.measured = measured;
      measured.times.catch(() => {
        if (this.measured === measured) this.measured = undefined;
      });
    }
    return this.measured.times;
  }

  private measure(): Promise<StageTimes> {
    return this.database.read('requests', async em => {
      const times: StageTimes = { lyric: [], song: [], video: [] };
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
