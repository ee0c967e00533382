import type { MissingFile } from '@castad/contracts';
import type { Reason } from '@castad/worker';

/** One file to copy. The film goes on without an optional one. */
export interface Source {
  name: string;
  url: string;
  optional?: boolean;
  failure?: CopyFailure;
}

/** How the last try to copy a file ended. */
export interface CopyFailure extends Omit<MissingFile, 'name'> {
  /** Since when the file cannot be had, ISO 8601. Absent: the fault was ours. */
  since?: string;
  /** Another try would end alike. */
  isFinal?: boolean;
}

export type Words = Pick<Reason, 'code' | 'reason' | 'detail'>;

/** Without a failure, it was time that ended it. */
export const whyOf = (failure?: CopyFailure): Words => ({
  code: failure?.code ?? 'DEADLINE_EXCEEDED',
  reason: failure?.reason ?? 'The files were not stored in time.',
  ...(failure?.detail && { detail: failure.detail }),
});

/** Whether a file is worth another try: the film waits only so long for an optional one that its host does not give. */
export function isOpen({ optional, failure }: Source, now: Date, patienceMs: number): boolean {
  if (!failure) return true;
  const isLate = !!failure.since && now.getTime() - new Date(failure.since).getTime() >= patienceMs;
  return !failure.isFinal && !(optional && isLate);
}
