import { Migration } from '@mikro-orm/migrations';

/** A stage keeps what each order made of it; projects know their latest order and what was chosen. */
export class KeepAttempts extends Migration {
  override up(): void {
    this.addSql('alter table project add column order_revision int not null default 0, add column choices json null');
    this.addSql('update project set order_revision = revision');
    this.addSql(
      "alter table task_order add column input json null, add column current_stage varchar(5) not null default ''",
    );
    this.addSql("update task_order set current_stage = first_stage where current_stage = ''");
    this.addSql(`alter table stage
      add column input json null,
      add column paid tinyint(1) not null default 0,
      drop primary key,
      add primary key (task_id, name, revision)`);
  }
}
