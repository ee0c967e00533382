import { describe, expect, it } from '@jest/globals';
import { etagOf, isAmong } from './etag.ts';

describe('the version of a project', () => {
  it('is another one after each kind of change', () => {
    const tags = [
      etagOf({ revision: 1, version: 1 }, 1),
      etagOf({ revision: 2, version: 1 }, 1),
      etagOf({ revision: 1, version: 2 }, 1),
      etagOf({ revision: 1, version: 1 }, 2),
      etagOf({ revision: 11, version: 1 }),
      etagOf({ revision: 1, version: 11 }),
    ];
    expect(new Set(tags).size).toBe(tags.length);
    for (const tag of tags) expect(tag).toMatch(/^"[\d.]+"$/);
  });

  it('is found among those that a client has, weak ones too, as proxies make them', () => {
    for (const header of ['"a"', 'W/"a"', '"x", "a"', '*', '"x",W/"a" '])
      expect([header, isAmong(header, '"a"')]).toEqual([header, true]);
    for (const header of ['', '"b"', 'a', '"a', ',,', '"A"'])
      expect([header, isAmong(header, '"a"')]).toEqual([header, false]);
  });
});
