import type { Evidence } from '../evidence.ts';
import { announced, nameOf } from './records.ts';
import { lost, type Violation } from './violation.ts';

const FAILURES = ['SongFailed', 'RenderFailed'];

/** Nobody says that the outcome of a paid call is unknown after its callback was taken. */
export function calledBack({ records, jobs, submits, callbacks }: Evidence): Violation[] {
  const jobOf = new Map(submits.map(({ token, jobId }) => [token, jobId]));
  return announced(records)
    .filter(record => FAILURES.includes(nameOf(record)) && record.data.code === 'OUTCOME_UNKNOWN')
    .flatMap(({ key, type, data, headers }) => {
      const table = type.startsWith('Song') ? 'song' : 'video';
      const row = jobs.find(job => job.table === table && job.taskId === key && job.revision === data.revision);
      const jobId = jobOf.get(row?.token ?? '');
      const came = callbacks.find(callback => callback.jobId === jobId && callback.at < String(headers.ce_time));
      return came ? [lost(key, `its ${table} is of unknown outcome, but job ${came.jobId} was called back`)] : [];
    });
}
