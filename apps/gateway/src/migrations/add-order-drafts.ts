import { Migration } from '@mikro-orm/migrations';

export class AddOrderDrafts extends Migration {
  override up(): void {
    this.addSql('alter table task_order add column drafts tinyint null');
  }
}
