import { Migration } from '@mikro-orm/migrations';

export class AddOrderEstimate extends Migration {
  override up(): void {
    this.addSql(
      'alter table task_order add column expected_at datetime(3) null, add column latest_at datetime(3) null',
    );
  }
}

export class AddEventEstimate extends Migration {
  override up(): void {
    this.addSql(
      'alter table task_event add column expected_at datetime(3) null, add column latest_at datetime(3) null',
    );
  }
}
