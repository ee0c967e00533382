import {
  DeadlockException,
  LockWaitTimeoutException,
  OptimisticLockError,
  UniqueConstraintViolationException,
} from '@mikro-orm/core';

const AWAY = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_QUERY_INTERRUPTED',
  // No room to write; how it is said depends on what was to be written.
  'ER_DISK_FULL',
  'ER_RECORD_FILE_FULL',
  'ER_ERROR_ON_WRITE',
  'ER_GET_ERRNO',
  'ER_TEMP_FILE_WRITE_FAILURE',
  // Dropped, or not made again yet.
  'ER_BAD_DB_ERROR',
  'ER_NO_DB_ERROR',
  'ER_NO_SUCH_TABLE',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_ACCESS_DENIED_ERROR',
]);

function* causes(thrown: unknown): Generator<{ code?: unknown; cause?: unknown }> {
  for (let error = thrown; typeof error === 'object' && error !== null; error = (error as { cause?: unknown }).cause)
    yield error;
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

/** The database cannot be reached, cannot write or is not there: nothing is wrong with the work itself. */
export const isDatabaseAway = (error: unknown): boolean =>
  [...causes(error)].some(({ code }) => typeof code === 'string' && AWAY.has(code));
