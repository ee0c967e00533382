import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import './index.ts';

interface Queue {
  maybeThrottle(ms: number): void;
  push(request: object): void;
  fulfillRequest(answer: { correlationId: number; size: number; payload: Buffer }): void;
}

const logger = { debug: () => undefined, warn: () => undefined };
const options = { maxInFlightRequests: 1, requestTimeout: 30_000, clientId: 'test', broker: 'one:9092', logger };

let sent: number[];
let queue: Queue;

beforeEach(() => {
  jest.useFakeTimers();
  sent = [];
  queue = new RequestQueue(options) as Queue;
});
afterEach(() => void jest.useRealTimers());

function push(correlationId: number): void {
  const entry = { correlationId, resolve: () => undefined, reject: () => undefined };
  queue.push({ entry, expectResponse: true, sendRequest: () => sent.push(correlationId) });
}

const answer = (correlationId: number) => queue.fulfillRequest({ correlationId, size: 0, payload: Buffer.alloc(0) });

it('sets no timer while no request waits', () => {
  push(1);
  answer(1);
  expect(sent).toEqual([1]);
  expect(jest.getTimerCount()).toBe(0);
});

it('sends what waited for an answer when it comes', () => {
  push(1);
  push(2);
  expect(sent).toEqual([1]);
  answer(1);
  expect(sent).toEqual([1, 2]);
});

it('sends what a throttling broker made wait when it may', () => {
  queue.maybeThrottle(500);
  push(1);
  jest.advanceTimersByTime(400);
  expect(sent).toEqual([]);
  jest.advanceTimersByTime(200);
  expect(sent).toEqual([1]);
});

it('corrects the version it was written for', () => {
  const file = createRequire(import.meta.url).resolve('kafkajs/package.json');
  expect((JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version).toBe('2.2.4');
});
