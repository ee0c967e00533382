import { jobColumns } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class CreateAsset extends Migration {
  override up(): void {
    this.addSql(`create table asset (
      task_id char(36) character set ascii not null,
      revision int not null,
      kind varchar(10) character set ascii not null,
      ref varchar(100) not null,
      sources json not null,
      files json not null,
      ${jobColumns},
      primary key (task_id, revision, kind, ref),
      key asset_due (due_at),
      key asset_lease (lease_owner)
    ) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin`);
  }
}
