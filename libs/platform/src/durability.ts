import { Logger } from '@nestjs/common';

/** The driver's own connection, before it joins the pool. */
export interface RawConnection {
  executeQuery(query: { sql: string; parameters: unknown[] }): Promise<{ rows: unknown[] }>;
}

interface Promises {
  flush: number;
  sync: number;
  binlog: number;
}

const ASK =
  'select @@global.innodb_flush_log_at_trx_commit as flush, @@global.sync_binlog as sync, @@global.log_bin as binlog';

/** Says once, as soon as the database answers, if it may forget what it has committed. */
export class Durability {
  private readonly logger = new Logger(Durability.name);
  private isKnown = false;

  async look(connection: RawConnection): Promise<void> {
    if (this.isKnown) return;
    const { rows } = await connection.executeQuery({ sql: ASK, parameters: [] });
    if (this.isKnown) return;
    this.isKnown = true;
    const { flush, sync, binlog } = rows[0] as Promises;
    const wrong = [
      ...(Number(flush) === 1 ? [] : [`innodb_flush_log_at_trx_commit is ${flush}`]),
      ...(Number(binlog) === 0 || Number(sync) === 1 ? [] : [`sync_binlog is ${sync}`]),
    ];
    if (wrong.length > 0)
      this.logger.warn(
        `${wrong.join(', ')}: a crash of the database may lose what was accepted, and have it paid for twice`,
      );
  }
}
