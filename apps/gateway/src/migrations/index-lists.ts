import { Migration } from '@mikro-orm/migrations';

/** Names in the order of the list, so that a search reads them and nothing else of a project. */
export class IndexProjectNames extends Migration {
  override up(): void {
    this.addSql('alter table project add key project_names (task_id, business_name)');
  }
}

/** A project without an order is at revision 0. */
export class IndexDrafts extends Migration {
  override up(): void {
    this.addSql('alter table project add key project_revision (revision, task_id)');
  }
}

/** Each status of a list, in the order of the list. */
export class IndexOrderStatuses extends Migration {
  override up(): void {
    this.addSql('alter table task_order add key task_order_status (status, last_stage, task_id, revision)');
  }
}
