import { errorDetailColumn } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class AddVideoErrorDetail extends Migration {
  override up(): void {
    this.addSql(`alter table video add column ${errorDetailColumn}, add key video_status_due (status, due_at)`);
  }
}
