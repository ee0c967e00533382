import { paidJobColumns } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class CreateSong extends Migration {
  override up(): void {
    this.addSql(`create table song (
      task_id char(36) character set ascii not null,
      revision int not null,
      plan json not null,
      lyric json not null,
      tracks json null,
      chosen_track_id varchar(100) null,
      ${paidJobColumns},
      primary key (task_id, revision),
      key song_due (due_at),
      key song_lease (lease_owner),
      unique key song_token (token)
    ) engine=InnoDB default charset=utf8mb4`);
  }
}
