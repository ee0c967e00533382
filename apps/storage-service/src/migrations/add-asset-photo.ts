import { Migration } from '@mikro-orm/migrations';

export class AddAssetPhoto extends Migration {
  override up(): void {
    this.addSql('alter table asset add column photo json null');
  }
}
