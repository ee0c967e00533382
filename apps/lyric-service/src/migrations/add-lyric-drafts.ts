import { Migration } from '@mikro-orm/migrations';

export class AddLyricDrafts extends Migration {
  override up(): void {
    this.addSql('alter table lyric add column drafts_asked tinyint null, add column drafts json null');
  }
}
