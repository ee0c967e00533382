import { errorDetailColumn } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class AddLyricErrorDetail extends Migration {
  override up(): void {
    this.addSql(`alter table lyric add column ${errorDetailColumn}`);
  }
}
