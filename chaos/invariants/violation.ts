import type { Evidence } from '../evidence.ts';

/** `lost`: a film did not come to its end. `doubled`: something happened twice. `untidy`: anything else. */
export interface Violation {
  kind: 'lost' | 'doubled' | 'untidy';
  /** Empty where no task can be named. */
  taskId: string;
  words: string;
}

export type Rule = (evidence: Evidence) => Violation[];

export const lost = (taskId: string, words: string): Violation => ({ kind: 'lost', taskId, words });
export const doubled = (taskId: string, words: string): Violation => ({ kind: 'doubled', taskId, words });
export const untidy = (taskId: string, words: string): Violation => ({ kind: 'untidy', taskId, words });
