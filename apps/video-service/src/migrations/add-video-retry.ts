import { retryColumn } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class AddVideoRetry extends Migration {
  override up(): void {
    this.addSql(`alter table video add column ${retryColumn}, add column duration_seconds double null`);
  }
}
