import { Migration } from '@mikro-orm/migrations';

/** The fingerprint before depends on the order of the request's properties. */
export class AddCanonicalRequest extends Migration {
  override up(): void {
    this.addSql('alter table idempotency_key add column canonical char(64) character set ascii null');
  }
}
