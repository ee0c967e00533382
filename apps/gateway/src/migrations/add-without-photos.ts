import { Migration } from '@mikro-orm/migrations';

export class AddProjectWithoutPhotos extends Migration {
  override up(): void {
    this.addSql('alter table project add column without_photos tinyint(1) not null default 0');
  }
}
