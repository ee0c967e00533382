import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from './database.ts';
import { toError } from './errors.ts';
import { Lifecycle } from './lifecycle.ts';

const EVERY_MS = 60 * 60 * 1000;
const CHUNK = 5_000;

interface Rule {
  table: string;
  timeColumn: string;
  keepDays: number;
}

/** Forgets rows that have served their time, every hour and in small pieces. */
@Injectable()
export class Retention implements OnApplicationBootstrap {
  private readonly logger = new Logger(Retention.name);
  private readonly rules: Rule[] = [];
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    lifecycle: Lifecycle,
  ) {
    lifecycle.onDrain('workers', async () => clearInterval(this.timer));
  }

  add(rule: Rule): void {
    this.rules.push(rule);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.purgeAll(), EVERY_MS);
  }

  private async purgeAll(): Promise<void> {
    for (const rule of this.rules) {
      await this.purge(rule).catch((error: unknown) =>
        this.logger.warn({ table: rule.table, error: toError(error).message }, 'old rows stay for another hour'),
      );
    }
  }

  private async purge({ table, timeColumn, keepDays }: Rule): Promise<void> {
    const sql = `delete from ${table} where ${timeColumn} < now(3) - interval ? day limit ?`;
    for (let deleted = CHUNK; deleted === CHUNK;) {
      const result = await this.database.read('background', em =>
        em.getConnection().execute<{ affectedRows: number }>(sql, [keepDays, CHUNK], 'run'),
      );
      deleted = result.affectedRows;
    }
  }
}
