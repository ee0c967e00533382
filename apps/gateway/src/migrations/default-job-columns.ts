import { Migration } from '@mikro-orm/migrations';

/** Orders are no jobs any more: nobody writes these columns, but the version before reads them. */
export class DefaultJobColumns extends Migration {
  override up(): void {
    this.addSql('alter table task_order alter column attempt set default 0, alter column tries set default 0');
  }
}
