import { describe, expect, it } from '@jest/globals';
import { catalog, messages } from './catalog.ts';
import * as contracts from './index.ts';
import { topics } from './topics.ts';

const named = messages.map(message => [message.type, message] as const);

describe('catalog', () => {
  it('knows every message under a type of its own', () => {
    expect(catalog.size).toBe(messages.length);
  });

  it('leaves out no message class', () => {
    const classes = Object.values(contracts).filter(
      value => typeof value === 'function' && value.prototype instanceof contracts.Message && 'type' in value,
    );
    expect(new Set(messages)).toEqual(new Set(classes));
  });

  it.each(named)(
    'names %s after its class: SongReady is SongReady.v1, SongReadyV2 is SongReady.v2',
    (type, { name }) => {
      const [, subject, version = '1'] = /^(.+?)(?:V(\d+))?$/.exec(name) ?? [];
      expect(type).toBe(`${subject}.v${version}`);
    },
  );

  it.each(named)('sends %s over a topic that is provisioned', (_type, { topic }) => {
    expect(Object.values(topics).map(({ name }) => name)).toContain(topic);
  });
});

describe('topics', () => {
  it('have names of their own', () => {
    const names = Object.values(topics).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('are named castad.<domain>.<commands, callbacks or events>', () => {
    for (const { name } of Object.values(topics)) expect(name).toMatch(/^castad\.[a-z]+\.(commands|callbacks|events)$/);
  });
});
