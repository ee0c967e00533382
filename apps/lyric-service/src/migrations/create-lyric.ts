import { jobColumns } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class CreateLyric extends Migration {
  override up(): void {
    this.addSql(`create table lyric (
      task_id char(36) character set ascii not null,
      revision int not null,
      plan json not null,
      lyric json null,
      model varchar(100) null,
      prompt_tokens int null,
      completion_tokens int null,
      ${jobColumns},
      primary key (task_id, revision),
      key lyric_due (due_at),
      key lyric_lease (lease_owner)
    ) engine=InnoDB default charset=utf8mb4`);
  }
}
