import { Migration } from '@mikro-orm/migrations';

/** So that the name of a preview fits. */
export class WidenStages extends Migration {
  override up(): void {
    this.addSql('alter table stage_attempt modify column name varchar(7) not null');
  }
}

export class WidenOrderStages extends Migration {
  override up(): void {
    this.addSql(
      'alter table task_order modify column first_stage varchar(7) not null, modify column last_stage varchar(7) not null',
    );
  }
}
