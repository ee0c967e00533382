import type { VideoPlan } from '@castad/contracts';
import { Conflict, Unavailable } from '@castad/platform';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { TemplateClient, TemplateFault } from './template.client.ts';
import { Templates } from './templates.ts';

Logger.overrideLogger(false);

const configured: VideoPlan = { format: '9:16' };
const own: VideoPlan = { format: '9:16', template: 'my-own' };
const fault = { code: 'TEMPLATE_UNKNOWN', reason: 'There is no such template.', detail: 'HTTP 404' };

describe('Templates', () => {
  let asked: VideoPlan[];
  let answer: () => Promise<TemplateFault | undefined>;
  let templates: Templates;
  let runs: number;

  beforeEach(() => {
    jest.useFakeTimers();
    [asked, answer, runs] = [[], async () => undefined, 0];
    const client = {
      faultOf: (video: VideoPlan) => {
        asked.push(video);
        return answer();
      },
    };
    templates = new Templates(client as unknown as TemplateClient);
  });
  afterEach(() => void jest.useRealTimers());

  const order = (video: VideoPlan) =>
    templates.checked(async () => {
      runs += 1;
      templates.assertUsable(video);
      return 'placed';
    });

  it('asks once, outside of the transaction, and again after a while', async () => {
    expect(await order(own)).toBe('placed');
    expect([asked, runs]).toEqual([[own], 2]);
    expect(await order(own)).toBe('placed');
    expect([asked.length, runs]).toEqual([1, 3]);
    jest.advanceTimersByTime(60_001);
    expect(await order(own)).toBe('placed');
    expect(asked).toHaveLength(2);
  });

  it('asks once for orders that come together', async () => {
    await Promise.all(Array.from({ length: 20 }, () => order(configured)));
    expect(asked).toEqual([configured]);
  });

  it('asks nothing for what needs no template', async () => {
    expect(await templates.checked(async () => 'a lyric alone')).toBe('a lyric alone');
    await expect(templates.checked(() => Promise.reject(new Error('another fault')))).rejects.toThrow('another fault');
    expect(asked).toEqual([]);
  });

  it.each([own, configured])('refuses %j with its code and reason', async video => {
    answer = async () => fault;
    const refusal = { code: 'TEMPLATE_UNKNOWN', message: 'There is no such template. (HTTP 404)' };
    await expect(order(video)).rejects.toMatchObject(refusal);
    await expect(order(video)).rejects.toBeInstanceOf(Conflict);
    expect(asked).toHaveLength(1);
  });

  describe('while video-service does not answer', () => {
    beforeEach(() => {
      answer = () => Promise.reject(new Error('ECONNREFUSED'));
    });

    it("accepts the operator's template, and not one of the client's own", async () => {
      expect(await order(configured)).toBe('placed');
      await expect(order(own)).rejects.toBeInstanceOf(Unavailable);
      await expect(order(own)).rejects.toMatchObject({ code: 'TEMPLATE_UNCHECKED' });
    });

    it('does not ask for every order, and soon again', async () => {
      await order(configured);
      await order(configured);
      expect(asked).toHaveLength(1);
      jest.advanceTimersByTime(2_001);
      answer = async () => fault;
      await expect(order(configured)).rejects.toMatchObject({ code: fault.code });
    });
  });
});
