import { errorDetailColumn } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class AddSongErrorDetail extends Migration {
  override up(): void {
    this.addSql(`alter table song add column ${errorDetailColumn}, add key song_status_due (status, due_at)`);
  }
}
