import { jobColumns } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

const TABLE = 'engine=InnoDB default charset=utf8mb4';
const TASK_ID = 'task_id char(36) character set ascii not null';

export class CreateProject extends Migration {
  override up(): void {
    this.addSql(`create table project (
      ${TASK_ID} primary key,
      revision int not null,
      brief json not null,
      business_name varchar(100) not null,
      language varchar(2) not null,
      music json not null,
      video json not null,
      created_at datetime(3) not null
    ) ${TABLE}`);
    this.addSql(`create table image (
      ${TASK_ID},
      image_id char(36) character set ascii not null,
      position int not null,
      content_type varchar(50) not null,
      size int not null,
      created_at datetime(3) not null,
      primary key (task_id, image_id)
    ) ${TABLE}`);
    this.addSql(`create table task_order (
      ${TASK_ID},
      revision int not null,
      plan json not null,
      first_stage varchar(5) not null,
      last_stage varchar(5) not null,
      failed_stage varchar(5) null,
      retryable tinyint(1) null,
      rejection varchar(1000) null,
      ${jobColumns},
      primary key (task_id, revision),
      key task_order_due (due_at),
      key task_order_lease (lease_owner)
    ) ${TABLE}`);
    this.addSql(`create table stage (
      ${TASK_ID},
      name varchar(5) not null,
      revision int not null,
      output json null,
      files json null,
      error json null,
      started_at datetime(3) null,
      ended_at datetime(3) null,
      primary key (task_id, name),
      key stage_films (name, task_id)
    ) ${TABLE}`);
    this.addSql(`create table task_event (
      ${TASK_ID},
      event_id char(36) character set ascii not null,
      type varchar(50) not null,
      revision int not null,
      data json not null,
      time datetime(3) not null,
      primary key (task_id, event_id)
    ) ${TABLE}`);
    this.addSql(`create table idempotency_key (
      id char(64) character set ascii not null primary key,
      fingerprint char(64) character set ascii not null,
      ${TASK_ID},
      created_at datetime(3) not null,
      key idempotency_key_created_at (created_at)
    ) ${TABLE}`);
  }
}
