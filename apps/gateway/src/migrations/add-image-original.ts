import { Migration } from '@mikro-orm/migrations';

/** The same file is not kept twice. */
export class AddImageOriginal extends Migration {
  override up(): void {
    this.addSql('alter table image add column original char(64) character set ascii null');
  }
}
