import { Migration } from '@mikro-orm/migrations';

/** Of a film: the format in its output, so that an index can hold it. Who selects all columns does not see it. */
export class AddFilmFormat extends Migration {
  override up(): void {
    this.addSql(`alter table stage_attempt
      add column film_format varchar(10) generated always as (json_unquote(json_extract(output, '$.format'))) virtual invisible`);
  }
}

/** The films of each format, in the order of the list. By itself: MySQL locks a table that gets column and index at once. */
export class IndexFilmFormats extends Migration {
  override up(): void {
    this.addSql('alter table stage_attempt add key stage_attempt_format (film_format, task_id)');
  }
}

/** The projects of each language, in the order of the list. */
export class IndexProjectLanguages extends Migration {
  override up(): void {
    this.addSql('alter table project add key project_language (language, task_id)');
  }
}
