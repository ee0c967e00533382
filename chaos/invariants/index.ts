import type { Evidence } from '../evidence.ts';
import { calledBack } from './callbacks.ts';
import { films } from './films.ts';
import { files, leftovers } from './leftovers.ts';
import { causes, deadLetters, nothingVanished, orderPerKey, outcomesTold } from './messages.ts';
import { payments } from './payments.ts';
import type { Rule, Violation } from './violation.ts';

export type { Violation } from './violation.ts';

const rules: Rule[] = [
  films,
  payments,
  calledBack,
  nothingVanished,
  deadLetters,
  causes,
  outcomesTold,
  orderPerKey,
  leftovers,
  files,
];

/** What must hold of every system at rest, whatever happened to it; here is what does not. */
export function violations(evidence: Evidence): Violation[] {
  return rules.flatMap(rule => rule(evidence));
}

/** For people. */
export const inWords = ({ taskId, words }: Violation): string => (taskId ? `film ${taskId}: ${words}` : words);
