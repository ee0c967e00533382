import { describe, expect, it } from '@jest/globals';
import { isBadData, isDatabaseAway, isRace } from './database-errors.ts';
import { AppError } from './errors.ts';

const wrapped = (fault: object) => new Error('query failed', { cause: Object.assign(new Error('fault'), fault) });
const said = (errno: number, sqlState: string, code = 'ER_WHATEVER') => wrapped({ errno, sqlState, code });

describe('a fault that does not surely lie in the work', () => {
  it.each([
    ...['ECONNREFUSED', 'ETIMEDOUT', 'PROTOCOL_CONNECTION_LOST', 'PROTOCOL_PACKETS_OUT_OF_ORDER'],
    ...['HANDSHAKE_SSL_ERROR', 'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('is the connection: %s', code => expect(isDatabaseAway(wrapped({ code }))).toBe(true));

  it.each([
    ['no such table', 1146, '42S02'],
    ['no such column: the schema is behind', 1054, '42S22'],
    ['no such database', 1049, '42000'],
    ['no right', 1142, '42000'],
    ['disk full', 1021, 'HY000'],
    ['table full', 1114, 'HY000'],
    ['read-only server', 1290, 'HY000'],
    ['statement took too long (MariaDB)', 1969, '70100'],
    ['statement took too long (MySQL)', 3024, 'HY000'],
    ['killed', 1927, '70100'],
    ['packet larger than this server takes', 1153, '08S01'],
    ['column without default: another version wrote the schema', 1364, 'HY000'],
    ['prepared statement to be prepared again', 1615, 'HY000'],
    ['unknown to anybody', 65_000, 'HY000'],
  ])('is %s', (_, errno, state) => {
    expect(isDatabaseAway(said(errno, state))).toBe(true);
    expect(isBadData(said(errno, state))).toBe(false);
  });

  it('is a driver that says only that all is over', () => expect(isDatabaseAway(wrapped({ fatal: true }))).toBe(true));
});

describe('a fault that lies in the data', () => {
  it.each([
    ['too long', 1406, '22001'],
    ['out of range', 1264, '22003'],
    ['wrong value', 1292, '22007'],
    ['not of its character set', 1366, 'HY000'],
    ['no conversion to the character set', 3854, 'HY000'],
    ['illegal mix of collations', 1267, 'HY000'],
    ['bad JSON (MySQL)', 3140, '22032'],
    ['bad JSON (MariaDB)', 4025, '23000'],
    ['null where none may be', 1048, '23000'],
    ['syntax', 1064, '42000'],
  ])('is %s', (_, errno, state) => {
    expect(isBadData(said(errno, state))).toBe(true);
    expect(isDatabaseAway(said(errno, state))).toBe(false);
  });
});

it('a duplicate key is a race, and neither', () => {
  const duplicate = said(1062, '23000', 'ER_DUP_ENTRY');
  expect([isRace(duplicate), isBadData(duplicate), isDatabaseAway(duplicate)]).toEqual([true, false, false]);
});

it.each([
  new TypeError('x is not a function'),
  new Error('no such tune'),
  new AppError('HANDLER_TIMEOUT', 'the handler did not return'),
  Object.assign(new TypeError('bad argument'), { code: 'ERR_INVALID_ARG_TYPE' }),
])('what a handler throws by itself is no fault of the database: %s', error => {
  expect(isDatabaseAway(error)).toBe(false);
  expect(isBadData(error)).toBe(false);
});
