import { Migration } from '@mikro-orm/migrations';

/** What is a client's own of a project, its version for readers, and the indexes of the lists' filters. */
export class AddProjectLabels extends Migration {
  override up(): void {
    this.addSql(`alter table project
      add column version int not null default 0,
      add column edits json null,
      add column external_id varchar(200) character set utf8mb4 collate utf8mb4_bin null,
      add column metadata json null,
      add key project_external_ids (external_id, task_id),
      add key project_languages (language, task_id, business_name)`);
  }
}

/** The latest event of a project is part of its version. */
export class IndexProjectEvents extends Migration {
  override up(): void {
    this.addSql('alter table task_event add key task_event_of_task (task_id, position)');
  }
}

/** Orders of each status, in the order of time. */
export class IndexOrderTimes extends Migration {
  override up(): void {
    this.addSql('alter table task_order add key task_order_times (status, created_at, task_id, revision)');
  }
}

/** Any request may have a key. The version before wrote a fingerprint, and reads the canonical form. */
export class KeepAnswers extends Migration {
  override up(): void {
    this.addSql(`alter table idempotency_key
      add column request varchar(255) null,
      add column answer mediumtext null,
      alter column fingerprint set default ''`);
  }
}
