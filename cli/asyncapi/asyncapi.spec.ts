import { DiagnosticSeverity, Parser } from '@asyncapi/parser';
import { messages, parseMessage, services, type MessageClass } from '@castad/contracts';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { globSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { asyncApi, DOCUMENT } from './document.ts';
import { participants } from './participants.ts';
import { messageSchemas, SCHEMAS } from './schemas.ts';

interface Published {
  components: { messages: Record<string, { examples: { payload: object }[] }> };
}

const text = asyncApi(process.cwd());
const published = parse(text) as Published;
const names = (types: MessageClass[]) => types.map(({ name }) => name);

describe('the AsyncAPI document', () => {
  it('is what `npm run asyncapi` writes', () => {
    expect(readFileSync(DOCUMENT, 'utf8')).toBe(text);
  });

  it('is accepted by the official parser', async () => {
    const { document, diagnostics } = await new Parser().parse(text);
    const faults = diagnostics.filter(({ severity }) => Number(severity) <= Number(DiagnosticSeverity.Warning));
    expect(faults.map(({ message, path }) => `${path.join('.')}: ${message}`)).toEqual([]);
    expect(document?.allMessages().all()).toHaveLength(messages.length + 3);
  });

  it('names a sender of every message', () => {
    const sent = participants.flatMap(({ sends }) => sends);
    expect(names(messages.filter(type => !sent.includes(type)))).toEqual([]);
  });

  it.each(services)('names every message that %s handles', service => {
    const sources = globSync(`apps/${service}/src/**/*.ts`).map(file => readFileSync(file, 'utf8'));
    const handled = sources.flatMap(source => [...source.matchAll(/@Handle\((\w+)\)/g)].map(([, name]) => name));
    const receives = participants.find(participant => participant.service === service)?.receives ?? [];
    expect(names(receives)).toEqual(expect.arrayContaining(handled));
  });
});

it('the schemas that messages are checked by are what `npm run asyncapi` writes', () => {
  expect(readFileSync(SCHEMAS, 'utf8')).toBe(messageSchemas());
});

describe('the published schemas', () => {
  const ajv = new Ajv({ strict: false, schemas: [{ $id: 'asyncapi', ...published }] });
  formats.default(ajv);

  it.each(messages.map(type => [type.type, type] as const))('admit of %s what its class admits', (name, type) => {
    const admits = ajv.compile({ $ref: `asyncapi#/components/schemas/${type.name}` });
    const sample = published.components.messages[name]?.examples[0]?.payload as object;
    expect(admits(sample) || admits.errors).toBe(true);
    for (const part of Object.keys(sample)) {
      const rest = { ...sample, [part]: undefined };
      expect([part, admits(rest)]).toEqual([part, isMessage(type, rest)]);
    }
  });
});

function isMessage(type: MessageClass, data: object): boolean {
  try {
    return parseMessage(type, data) instanceof type;
  } catch {
    return false;
  }
}
