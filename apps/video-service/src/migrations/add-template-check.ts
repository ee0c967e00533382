import { Migration } from '@mikro-orm/migrations';

export class AddTemplateCheck extends Migration {
  override up(): void {
    this.addSql(`alter table template add column faults json null, add column checked_at datetime(3) null`);
  }
}
