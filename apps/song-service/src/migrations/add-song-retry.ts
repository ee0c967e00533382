import { retryColumn } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class AddSongRetry extends Migration {
  override up(): void {
    this.addSql(`alter table song add column ${retryColumn}`);
  }
}
