import { MessageRejected, StageDelayed, type MessageClass } from '@castad/contracts';
import { expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { participants } from '../asyncapi/participants.ts';

/** They report a moment, not the outcome of a row. */
const PASSING: MessageClass[] = [MessageRejected, StageDelayed];

/** The gateway's orders exist nowhere else; the other services' rows follow from their events. */
it.each(participants.filter(({ service }) => service !== 'gateway'))(
  'whatever $service announces, it can be restored from',
  ({ service, sends }) => {
    const sources = globSync(`apps/${service}/src/**/*.ts`).map(file => readFileSync(file, 'utf8'));
    const restored = sources.flatMap(source => [...source.matchAll(/@Restore\((\w+)\)/g)].map(([, name]) => name));
    const announced = sends.filter(type => !PASSING.includes(type)).map(({ name }) => name);
    expect(restored.toSorted()).toEqual(announced.toSorted());
  },
);
