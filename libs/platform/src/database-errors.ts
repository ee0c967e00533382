import {
  DeadlockException,
  DriverException,
  LockWaitTimeoutException,
  OptimisticLockError,
  UniqueConstraintViolationException,
} from '@mikro-orm/core';
import { types } from 'node:util';
import { AppError } from './errors.ts';

/** SQLSTATE classes "data exception" and "integrity constraint violation". */
const DATA_CLASSES = new Set(['22', '23']);

/** What also lies in the data, though the servers file it under "general error", "warning" or "access rule". */
const DATA_NUMBERS = new Set([
  1064, // syntax
  1149, // syntax
  1118, // row too large
  1265, // truncated
  1267, // text compared in two character sets
  1270, // the same, of three
  1271, // the same, of more
  1300, // not text of its character set
  1366, // not a value of the column's type
  1411, // not a value for the function
  3143, // not a JSON path
  3819, // check constraint
  3854, // no conversion to the character set
  3988, // the same
]);

interface Fault {
  code?: unknown;
  errno?: unknown;
  sqlState?: unknown;
  fatal?: unknown;
  cause?: unknown;
}

function* causes(thrown: unknown): Generator<Fault> {
  for (let error = thrown; typeof error === 'object' && error !== null; error = (error as Fault).cause) yield error;
}

/** A lock was not to be had. */
export const isBlocked = (error: unknown): boolean =>
  [...causes(error)].some(({ code }) => code === 'ER_LOCK_DEADLOCK' || code === 'ER_LOCK_WAIT_TIMEOUT');

/** Two transactions met. Repeating the whole of either is right. */
export const isRace = (error: unknown): boolean =>
  error instanceof DeadlockException ||
  error instanceof LockWaitTimeoutException ||
  error instanceof UniqueConstraintViolationException ||
  error instanceof OptimisticLockError ||
  isBlocked(error) ||
  [...causes(error)].some(({ code }) => code === 'ER_DUP_ENTRY');

/** The database works and refuses the values themselves: it always will. */
export const isBadData = (error: unknown): boolean =>
  !isRace(error) && [...causes(error)].some(fault => isSaidByServer(fault) && isAboutData(fault));

/** The database cannot do it now, for a reason that does not surely lie in the work itself: it may be able to later. */
export const isDatabaseAway = (error: unknown): boolean =>
  !isRace(error) && !isBadData(error) && [...causes(error)].some(isDriverFault);

const isSaidByServer = ({ sqlState }: Fault): boolean => typeof sqlState === 'string';

const isAboutData = ({ errno, sqlState }: Fault): boolean =>
  DATA_CLASSES.has(String(sqlState).slice(0, 2)) || DATA_NUMBERS.has(Number(errno));

/** Server, driver and network give their errors a code; Node calls its own, which are programming errors, `ERR_...`. */
function isDriverFault(fault: Fault): boolean {
  if (fault instanceof AppError || !types.isNativeError(fault)) return false;
  const { code, fatal } = fault as Fault;
  return (
    isSaidByServer(fault) ||
    fault instanceof DriverException ||
    fatal === true ||
    (typeof code === 'string' && !code.startsWith('ERR_'))
  );
}
