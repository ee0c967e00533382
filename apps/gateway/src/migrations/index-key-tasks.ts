import { Migration } from '@mikro-orm/migrations';

/** The keys of a project that is deleted lose their answers. */
export class IndexKeyTasks extends Migration {
  override up(): void {
    this.addSql('alter table idempotency_key add key idempotency_key_tasks (task_id)');
  }
}
