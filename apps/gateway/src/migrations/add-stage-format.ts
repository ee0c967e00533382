import { Migration } from '@mikro-orm/migrations';

/** One row for each film of an order. Versions before know the rows whose format is empty, and write no others. */
export class AddStageFormat extends Migration {
  override up(): void {
    this.addSql(`alter table stage_attempt
      add column format varchar(5) character set ascii not null default '',
      drop primary key, add primary key (task_id, name, revision, format)`);
  }
}
