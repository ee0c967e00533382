import { errorDetailColumn, jobColumns } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class CreateErasure extends Migration {
  override up(): void {
    this.addSql(`create table erasure (
      task_id char(36) character set ascii not null primary key,
      ${jobColumns},
      ${errorDetailColumn},
      key erasure_due (due_at),
      key erasure_lease (lease_owner)
    ) engine=InnoDB default charset=utf8mb4`);
  }
}
