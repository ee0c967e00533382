import type mysql from 'mysql2/promise';

const FINISHED = 1_000_000;
const WAITING = 100_000;
/** Rows that one statement makes: a larger one would outgrow the server's log. */
const BATCH = 10_000;

/** What a copy has instead of the film's own value, in SQL; `n` is the copy's number. */
type Differing = Record<string, string>;

/** Ids in the order of their numbers, and before those of films that are ordered now. */
const id = (version: number) => `concat('01900000-0000-${version}000-8000-', lpad(hex(n), 12, '0'))`;
const later = { due_at: 'now(3) + interval 1 day', deadline: 'now(3) + interval 1 day', ended_at: 'null' };
const end = { event_id: id(4), position: '(select position from castad_gateway.feed) + n + 1' };

const file = `json_object('name', 'film', 'path', 'film.mp4', 'contentType', 'video/mp4', 'size', 1, 'sha256', repeat('0', 64))`;
const film = {
  name: "'video'",
  format: "'9:16'",
  output: "json_object('format', '9:16', 'durationSeconds', 30)",
  files: `json_array(${file})`,
};

/** Of each film: its project, order, stages, last event, lyric, and a message that each service has handled. */
const finished: [table: string, Differing][] = [
  ['castad_gateway.project', {}],
  ['castad_gateway.task_order', {}],
  ['castad_gateway.stage_attempt', {}],
  ['castad_gateway.stage_attempt', film],
  ['castad_gateway.task_event', end],
  ['castad_lyric.lyric', {}],
  ['castad_gateway.inbox', { id: id(4) }],
  ['castad_lyric.inbox', { id: id(4) }],
];

/** A film that waits for its lyric has neither an end nor words. */
const waiting: [table: string, Differing][] = [
  ['castad_gateway.project', {}],
  ['castad_gateway.task_order', { ...later, status: "'running'" }],
  ['castad_gateway.stage_attempt', {}],
  ['castad_lyric.lyric', { ...later, status: "'ordered'", lyric: 'null' }],
];

/** Fills the tables of the gateway and lyric-service with copies of a lyric's film; how many rows each has then. */
export async function fillTables(database: mysql.Connection, film: string): Promise<Record<string, number>> {
  await database.query('create database if not exists bench');
  await database.query('create table bench.numbers (i int not null primary key)');
  await database.query('insert into bench.numbers (i) values ?', [Array.from({ length: BATCH }, (_, i) => [i])]);
  for (let n = 0; n < FINISHED + WAITING; n += BATCH) {
    if (n % (10 * BATCH) === 0) console.log(`  filling the tables: ${n} films`);
    for (const [table, differing] of n < FINISHED ? finished : waiting) await copy(database, table, differing, film, n);
  }
  // New events come after those.
  await database.query('update castad_gateway.feed set position = position + ?', [FINISHED + 1]);
  const counts: Record<string, number> = {};
  for (const table of new Set(finished.map(([name]) => name))) {
    const [[row]] = await database.query<mysql.RowDataPacket[]>(`select count(*) as rows_in from ${table}`);
    counts[table] = Number(row?.rows_in);
  }
  return counts;
}

/** A batch of copies of the one row that a film has in a table, numbered from `first`. */
async function copy(database: mysql.Connection, table: string, differing: Differing, film: string, first: number) {
  const [rows] = await database.query<mysql.RowDataPacket[]>(`show columns from ${table}`);
  const columns = rows.filter(row => !String(row.Extra).includes('GENERATED')).map(row => row.Field as string);
  const values: Differing = { task_id: id(7), ...differing };
  const own = columns.includes('task_id') ? 'where task_id = ?' : '';
  await database.query(
    `insert into ${table} (${columns.map(column => `\`${column}\``).join(', ')})
     select ${columns.map(column => values[column] ?? `film.\`${column}\``).join(', ')}
     from (select i + ${first} as n from bench.numbers) numbers
     join (select * from ${table} ${own} ${table.endsWith('_event') ? "and type = 'TaskCompleted.v1'" : ''} limit 1) film
     order by n`,
    own ? [film] : [],
  );
}
