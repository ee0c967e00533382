import { Migration } from '@mikro-orm/migrations';

/**
 * Each event gets its place in the order of commits. The column may be null as long as processes run that do not know
 * it; what they write is placed later.
 */
export class CreateFeed extends Migration {
  override up(): void {
    this.addSql(`create table if not exists feed (
      id tinyint not null primary key,
      position bigint not null
    ) engine=InnoDB default charset=utf8mb4`);
    this.addSql(`alter table task_event
      add column position bigint null,
      add unique key task_event_position (position)`);
  }
}

/** What happened before is placed by its time. Done again after a failure, it goes on behind what was placed. */
export class PlaceEvents extends Migration {
  override up(): void {
    this.addSql(`update task_event e
      join (
        select task_id, event_id,
          (select coalesce(max(position), 0) from task_event) + row_number() over (order by time, event_id) as place
        from task_event where position is null
      ) numbered on numbered.task_id = e.task_id and numbered.event_id = e.event_id
      set e.position = numbered.place`);
    this.addSql(`insert into feed (id, position) select 1, coalesce(max(position), 0) from task_event
      on duplicate key update position = values(position)`);
  }
}
