import type { Evidence, JobRow, Submit } from '../evidence.ts';
import { announced, nameOf, revisionOf, subjectOf } from './records.ts';
import { doubled, lost, untidy, type Violation } from './violation.ts';

const NOTES = ['SongSubmitBegun', 'RenderSubmitBegun'];

/**
 * The paid providers took one order per row at most, and a second one only in place of a job that nothing came of; each
 * was noted before, and no job is known that they never gave.
 */
export function payments({ records, submits, jobs }: Evidence): Violation[] {
  const notes = new Map(
    announced(records)
      .filter(record => NOTES.includes(nameOf(record)))
      .map(record => [record.data.token as string, record]),
  );
  const rows = Map.groupBy(submits, ({ provider, token }) => {
    const note = notes.get(token);
    return note ? `${provider} ${note.key} ${revisionOf(note)} ${subjectOf(note)}`.trim() : '';
  });
  const unnoted = rows.get('') ?? [];
  const isSecondTry = (ofRow: Submit[]) =>
    ofRow.length === 2 &&
    ofRow.some(({ token }) => ofRow.some(({ jobId }) => notes.get(token)?.data.replaces === jobId));
  const twice = [...rows].filter(([row, ofRow]) => row !== '' && ofRow.length > 1 && !isSecondTry(ofRow));
  const given = new Set(submits.map(({ jobId }) => jobId));
  return [
    ...unnoted.map(({ provider, jobId }) => untidy('', `${provider} took order ${jobId}, which nobody noted before`)),
    ...twice.map(([row, { length }]) => {
      const [provider, taskId = '', ...rest] = row.split(' ');
      return doubled(taskId, `${provider} was paid ${length} times for order ${rest.join(' ')}`);
    }),
    ...jobs
      .filter(({ jobId }) => jobId && !given.has(jobId))
      .map(({ taskId, table, jobId }) => untidy(taskId, `its ${table} names job ${jobId}, which no provider gave`)),
    ...jobs
      .filter(row => row.status === 'done' && ['song', 'video'].includes(row.table) && !wasMade(row, jobs))
      .map(({ taskId, table, revision }) => lost(taskId, `its ${table} ${revision} is done, but by no job`)),
  ];
}

/** By a job of its own, or of an earlier order whose result it took. */
const wasMade = ({ taskId, table, revision }: JobRow, jobs: JobRow[]): boolean =>
  jobs.some(row => row.taskId === taskId && row.table === table && row.revision <= revision && row.jobId);
