import { Migration } from '@mikro-orm/migrations';

export class AddPreview extends Migration {
  override up(): void {
    this.addSql('alter table video add column preview tinyint(1) not null default 0');
  }
}
