import { Migration } from '@mikro-orm/migrations';

/** What each order made of each stage. */
export class CreateStageAttempt extends Migration {
  override up(): void {
    this.addSql(`create table stage_attempt (
      task_id char(36) character set ascii not null,
      name varchar(5) not null,
      revision int not null,
      input json null,
      output json null,
      files json null,
      error json null,
      paid tinyint(1) not null,
      started_at datetime(3) null,
      ended_at datetime(3) null,
      primary key (task_id, name, revision),
      key stage_attempt_films (name, task_id)
    ) engine=InnoDB default charset=utf8mb4`);
  }
}

/** Of the table before, which kept the newest attempt alone. */
export class CopyStages extends Migration {
  override up(): void {
    this.addSql(`insert into stage_attempt
      (task_id, name, revision, input, output, files, error, paid, started_at, ended_at)
      select task_id, name, revision, null, output, files, error, 0, started_at, ended_at from stage
      on duplicate key update stage_attempt.task_id = stage_attempt.task_id`);
  }
}

export class AddProjectChoices extends Migration {
  override up(): void {
    this.addSql('alter table project add column choices json null');
  }
}

export class AddOrderStage extends Migration {
  override up(): void {
    this.addSql('alter table task_order add column input json null, add column current_stage varchar(5) null');
  }
}
