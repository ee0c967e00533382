import { Migration } from '@mikro-orm/migrations';
import type { NamedMigration } from '../src/index.ts';

/** A migration of these statements. */
export const migrationOf = (name: string, ...statements: string[]): NamedMigration => ({
  name,
  class: class extends Migration {
    override up(): void {
      statements.forEach(sql => this.addSql(sql));
    }
  },
});

/** Long enough for others to come in between. */
export const slowMigrations = [
  migrationOf('0001-counter', 'create table counter (name varchar(20) not null primary key, value int not null)'),
  migrationOf('0002-rows', "insert into counter select 'a', sleep(1)", "insert into counter values ('b', 0)"),
  migrationOf('0003-note', 'alter table counter add column note varchar(20) null'),
];
