import { Migration } from '@mikro-orm/migrations';
import type { NamedMigration } from '@castad/platform';

class CreateBucket extends Migration {
  override up(): void {
    this.addSql(`create table bucket (
      name varchar(50) not null primary key,
      tokens double not null,
      refilled_at datetime(3) not null,
      paused_until datetime(3) null
    ) engine=InnoDB default charset=utf8mb4`);
  }
}

class CreateCancellation extends Migration {
  override up(): void {
    this.addSql(`create table cancellation (
      task_id char(36) character set ascii not null primary key,
      revision int not null
    ) engine=InnoDB default charset=utf8mb4`);
  }
}

/** Why an account is paused. */
class AddPauseReason extends Migration {
  override up(): void {
    this.addSql(`alter table bucket
      add column pause_code varchar(64) null,
      add column pause_reason varchar(1000) null,
      add column pause_detail varchar(1000) null`);
  }
}

export const workerMigrations: NamedMigration[] = [
  { name: '0002-worker', class: CreateBucket },
  { name: '0004-cancellation', class: CreateCancellation },
  { name: '0006-pause-reason', class: AddPauseReason },
];
