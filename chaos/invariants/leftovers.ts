import type { Evidence } from '../evidence.ts';
import { untidy, type Violation } from './violation.ts';

/** When all films have ended nothing is under way any more. */
export function leftovers({ jobs, outbox, temporary }: Evidence): Violation[] {
  return [
    ...jobs
      .filter(({ leaseOwner }) => leaseOwner)
      .map(({ taskId, table, leaseOwner }) => untidy(taskId, `its ${table} is still leased by ${leaseOwner}`)),
    ...jobs
      .filter(({ dueAt }) => dueAt)
      .map(({ taskId, table, revision, status }) =>
        untidy(taskId, `its ${table} ${revision} is still due (${status})`),
      ),
    ...outbox.map(({ service, taskId, topic }) =>
      untidy(taskId, `a message to ${topic} is left in the outbox of ${service}`),
    ),
    ...temporary.map(file => untidy('', `a temporary file is left: ${file}`)),
  ];
}

/** Each file is named by a row, and each row's file is there. */
export function files({ jobs, blobs }: Evidence): Violation[] {
  const named = new Map(jobs.flatMap(({ taskId, paths }) => paths.map(path => [path, taskId])));
  const there = new Set(blobs);
  return [
    ...blobs
      .filter(path => !named.has(path))
      .map(path => untidy(path.split('/')[0] ?? '', `nobody knows of the file ${path}`)),
    ...[...named]
      .filter(([path]) => !there.has(path))
      .map(([path, taskId]) => untidy(taskId, `the file ${path} is not there`)),
  ];
}
