import { Migration } from '@mikro-orm/migrations';

export class AddOrderLyric extends Migration {
  override up(): void {
    this.addSql('alter table task_order add column lyric json null');
  }
}

export class AddStageWaiting extends Migration {
  override up(): void {
    this.addSql('alter table stage_attempt add column waiting json null');
  }
}
