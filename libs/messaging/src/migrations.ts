import { Migration } from '@mikro-orm/migrations';
import type { NamedMigration } from '@castad/platform';

class CreateMessaging extends Migration {
  override up(): void {
    this.addSql(`create table outbox (
      seq bigint not null auto_increment primary key,
      topic varchar(100) not null,
      \`key\` varchar(64) not null,
      headers text not null,
      value mediumtext not null
    ) engine=InnoDB default charset=utf8mb4`);
    this.addSql(`create table inbox (
      id char(36) character set ascii not null primary key,
      handled_at datetime(3) not null,
      key inbox_handled_at (handled_at)
    ) engine=InnoDB default charset=utf8mb4`);
    this.addSql(`create table lease (
      name varchar(50) not null primary key,
      owner char(36) character set ascii not null,
      until datetime(3) not null
    ) engine=InnoDB default charset=utf8mb4`);
  }
}

/** A partition that takes nothing is left out when the others are read. */
class AddOutboxPartition extends Migration {
  override up(): void {
    this.addSql('alter table outbox add column partition_no smallint null');
  }
}

/** Tasks of which nothing is left, and nothing is to be made again. */
class CreateDeletedTask extends Migration {
  override up(): void {
    this.addSql(`create table deleted_task (
      task_id char(36) character set ascii not null primary key,
      deleted_at datetime(3) not null
    ) engine=InnoDB default charset=utf8mb4`);
  }
}

/** The tables every service needs to send and receive messages. */
export const messagingMigrations: NamedMigration[] = [
  { name: '0001-messaging', class: CreateMessaging },
  { name: '0020-outbox-partition', class: AddOutboxPartition },
  { name: '0030-deleted-task', class: CreateDeletedTask },
];
