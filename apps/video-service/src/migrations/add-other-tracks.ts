import { Migration } from '@mikro-orm/migrations';

export class AddOtherTracks extends Migration {
  override up(): void {
    this.addSql(`alter table video add column other_tracks json null`);
  }
}
