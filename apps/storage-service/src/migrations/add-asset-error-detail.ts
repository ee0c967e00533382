import { errorDetailColumn } from '@castad/worker';
import { Migration } from '@mikro-orm/migrations';

export class AddAssetErrorDetail extends Migration {
  override up(): void {
    this.addSql(`alter table asset add column ${errorDetailColumn}`);
  }
}
