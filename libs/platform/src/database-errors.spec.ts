import { describe, expect, it } from '@jest/globals';
import { isDatabaseAway } from './database-errors.ts';

const wrapped = (code: string) => new Error('query failed', { cause: Object.assign(new Error(code), { code }) });

describe('a database that is not there', () => {
  it.each([
    ...['ECONNREFUSED', 'ER_NO_SUCH_TABLE', 'ER_BAD_DB_ERROR', 'ER_NO_DB_ERROR', 'ER_DBACCESS_DENIED_ERROR'],
    ...['ER_DISK_FULL', 'ER_RECORD_FILE_FULL', 'ER_ERROR_ON_WRITE', 'ER_GET_ERRNO'],
  ])('is away by %s, so that messages wait for it', code => expect(isDatabaseAway(wrapped(code))).toBe(true));

  it('is not what a wrong statement says', () => {
    expect(isDatabaseAway(wrapped('ER_PARSE_ERROR'))).toBe(false);
    expect(isDatabaseAway(wrapped('ER_BAD_FIELD_ERROR'))).toBe(false);
  });
});
