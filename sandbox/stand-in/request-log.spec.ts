import { describe, expect, it } from '@jest/globals';
import { readable, RequestLog } from './request-log.ts';

const call = (raw: string) => ({
  at: 0,
  method: 'POST',
  path: '/orders',
  query: '',
  status: null,
  raw,
  problems: [],
  faults: [],
});

describe('RequestLog', () => {
  it('keeps every call, and of their bodies the newest', () => {
    const log = new RequestLog(10);
    for (const raw of ['[1,2]', '[3,4]', '[5,6]']) log.add(call(raw));
    expect(log.find({}).map(entry => readable(entry).body)).toEqual(['no longer kept', [3, 4], [5, 6]]);
  });

  it('begins anew when it is cleared', () => {
    const log = new RequestLog(10);
    log.add(call('[1,2]'));
    log.clear();
    for (const raw of ['[3,4]', '[5,6]']) log.add(call(raw));
    expect(log.find({}).map(entry => readable(entry).body)).toEqual([
      [3, 4],
      [5, 6],
    ]);
  });
});
