import { paidJobColumns } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class CreateVideo extends Migration {
  override up(): void {
    this.addSql(`create table video (
      task_id char(36) character set ascii not null,
      revision int not null,
      format varchar(5) not null,
      plan json not null,
      title varchar(80) not null,
      song_revision int not null,
      track json not null,
      url varchar(2000) null,
      poster_url varchar(2000) null,
      ${paidJobColumns},
      primary key (task_id, revision, format),
      key video_due (due_at),
      key video_lease (lease_owner),
      unique key video_token (token)
    ) engine=InnoDB default charset=utf8mb4`);
    this.addSql(`create table template (
      id varchar(100) not null primary key,
      source json null,
      fetched_at datetime(3) null,
      fetching_until datetime(3) null
    ) engine=InnoDB default charset=utf8mb4`);
  }
}
