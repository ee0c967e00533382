import { Migration } from '@mikro-orm/migrations';

/** The job that a second try took the place of. */
export class AddFailedJob extends Migration {
  override up(): void {
    this.addSql('alter table song add column failed_job_id varchar(100) null');
  }
}
