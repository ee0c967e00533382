import type { Lyric, Message } from '@castad/contracts';
import { loadConfig, ProviderError } from '@castad/platform';
import { aGenerateLyric, aLyric, aPlan } from '@castad/testing';
import type { Outcome } from '@castad/worker';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { LyricServiceConfig } from '../lyric-service.config.ts';
import type { LyricAnswer, LyricRequest, OpenAiClient } from '../openai/openai.client.ts';
import { LyricJob } from './lyric.entity.ts';
import { LyricWorker } from './lyric.worker.ts';

/** A model as a test wants it. */
class FakeModel {
  readonly calls: { request: LyricRequest; maxTokens: number }[] = [];
  answer: LyricAnswer | Error = { lyrics: [aLyric()], model: 'gpt', promptTokens: 10, completionTokens: 20 };

  async write(request: LyricRequest, maxTokens: number): Promise<LyricAnswer> {
    this.calls.push({ request, maxTokens });
    if (this.answer instanceof Error) throw this.answer;
    return this.answer;
  }

  async check(): Promise<void> {
    if (this.answer instanceof Error) throw this.answer;
  }
}

const config = loadConfig(LyricServiceConfig, {
  MYSQL_URL: 'mysql://u:p@localhost/db',
  KAFKA_BROKERS: 'localhost:9092',
  OPENAI_API_KEY: 'the-key',
  OPENAI_MAX_TOKENS: '1000',
});
const timeout = new ProviderError('OPENAI_TIMEOUT', 'Late.', { retriable: true });
Logger.overrideLogger(false);

describe('LyricWorker', () => {
  let model: FakeModel;
  let worker: LyricWorker;

  beforeEach(() => {
    model = new FakeModel();
    worker = new LyricWorker(model as unknown as OpenAiClient, config);
  });

  /** Claimed for its call number `attempt`. */
  const claimed = (attempt = 1, changes: Partial<LyricJob> = {}) => {
    const job = Object.assign(LyricJob.ordered(aGenerateLyric(), { messageId: 'm', traceparent: 't' }), changes);
    job.attempt = attempt - 1;
    worker['begin'](job);
    return job;
  };
  const step = async (job: LyricJob): Promise<Outcome<LyricJob> & { said: Message[] }> => {
    const outcome = await worker['step'](job).catch((error: Error) => worker['failed'](job, error));
    const said: Message[] = [];
    outcome.record?.(job, message => said.push(message));
    return { ...outcome, said };
  };

  it('asks for a lyric about the brief, and announces it', async () => {
    const plan = aPlan({ music: { durationSeconds: 20, style: 'slow jazz' } });
    const job = claimed(1, { plan });
    const { said } = await step(job);
    expect(model.calls).toEqual([
      { request: { ...plan.brief, language: 'en', durationSeconds: 20, style: 'slow jazz' }, maxTokens: 1000 },
    ]);
    expect(said).toMatchObject([{ taskId: job.taskId, plan, lyric: { ...aLyric(), style: 'slow jazz' } }]);
    expect(job).toMatchObject({ status: 'done', attempt: 1, model: 'gpt', completionTokens: 20 });
  });

  describe('where several drafts are ordered', () => {
    const drafts = ['One', 'Two', 'Three'].map(title => ({
      ...aLyric(),
      ...{ title, sections: [{ label: 'verse' as const, lines: [`Waves are calling you to ${title}`] }] },
    }));
    const [one, two, three] = drafts as [Lyric, Lyric, Lyric];
    const korean = { ...one, sections: [{ label: 'verse' as const, lines: ['파도가 너를 부르네'] }] };
    const unsung = { ...one, sections: [] };
    const ordered = (attempt = 1) => {
      const job = claimed(attempt);
      job.draftsAsked = 3;
      return job;
    };

    it('makes one call for all of them, with room for each', async () => {
      model.answer = { lyrics: drafts, completionTokens: 60 };
      const { said } = await step(ordered());
      expect(model.calls).toMatchObject([{ request: { drafts: 3 }, maxTokens: 3000 }]);
      expect(said).toMatchObject([{ lyric: one, drafts, draftsAsked: 3 }]);
    });

    it.each([
      ['one cannot be sung', [unsung, two, three], [two, three]],
      ['one is in another language', [one, korean, three], [one, three]],
      ['two say the same', [one, { ...one, title: 'Another' }, three], [one, three]],
      ['there are too few', [two], [two]],
      [
        'there are too many',
        [one, two, three, { ...one, sections: [{ ...one.sections[0], lines: ['More'] }] }],
        drafts,
      ],
    ] as [string, Lyric[], Lyric[]][])('keeps those of use where %s', async (_, lyrics, expected) => {
      model.answer = { lyrics };
      expect((await step(ordered())).said).toMatchObject([{ lyric: expected[0], drafts: expected, draftsAsked: 3 }]);
      expect(model.calls).toHaveLength(1);
    });

    it('asks again where none is of use, with more room for each', async () => {
      model.answer = { lyrics: [korean, korean] };
      expect((await step(ordered(2))).said).toEqual([]);
      expect(model.calls).toMatchObject([{ maxTokens: 6000 }]);
      expect((await step(ordered(3))).said).toMatchObject([{ code: 'OPENAI_WRONG_LANGUAGE' }]);
    });
  });

  it('asks again where the lyric is in another language than was ordered, and at last says so', async () => {
    const plan = aPlan({ language: 'ko' });
    const job = claimed(1, { plan });
    expect((await step(job)).said).toEqual([]);
    expect(job).toMatchObject({ attempt: 1, errorCode: 'OPENAI_WRONG_LANGUAGE' });
    expect((await step(claimed(3, { plan }))).said).toMatchObject([{ code: 'OPENAI_WRONG_LANGUAGE', retryable: true }]);
  });

  it("leaves the style of the client's own words, and section labels out of them", async () => {
    const plan = aPlan({ music: { durationSeconds: 20, style: 'slow jazz' } });
    const lyric = { ...aLyric(), sections: [{ label: 'verse' as const, lines: ['Verse 1:', 'By the sea'] }] };
    const { said } = await step(claimed(1, { plan, lyric }));
    const sections = [{ label: 'verse', lines: ['By the sea'] }];
    expect(said).toMatchObject([{ lyric: { style: aLyric().style, sections } }]);
  });

  it("asks nobody when the words are the client's own", async () => {
    const job = claimed(1, { lyric: aLyric() });
    const { said } = await step(job);
    expect(said).toMatchObject([{ taskId: job.taskId, lyric: aLyric() }]);
    expect(model.calls).toEqual([]);
    expect(job).toMatchObject({ status: 'done', attempt: 0 });
  });

  it('repeats a call that failed, later and with more room', async () => {
    model.answer = timeout;
    const job = claimed(2);
    const { said, dueInMs } = await step(job);
    expect(model.calls).toMatchObject([{ maxTokens: 2000 }]);
    expect(said).toEqual([]);
    expect(dueInMs).toBeGreaterThanOrEqual(0);
    expect(job).toMatchObject({ status: 'ordered', attempt: 2, tries: 1, errorCode: 'OPENAI_TIMEOUT' });
  });

  it('gives a model that did not come to an end more room once', async () => {
    model.answer = new ProviderError('OPENAI_TRUNCATED', 'Cut.', { retriable: true });
    const job = claimed(1);
    expect((await step(job)).said).toEqual([]);
    worker['begin'](job);
    expect((await step(job)).said).toMatchObject([{ code: 'OPENAI_TRUNCATED', retryable: true }]);
    expect(model.calls.map(({ maxTokens }) => maxTokens)).toEqual([1000, 2000]);
  });

  it("refuses a client's own words that are flagged, and waits while nobody can say", async () => {
    model.answer = new ProviderError('OPENAI_TIMEOUT', 'Late.', { retriable: true, refused: true });
    const job = claimed(1, { lyric: aLyric() });
    expect(await step(job)).toMatchObject({ said: [], dueInMs: expect.any(Number) });
    expect(job).toMatchObject({ status: 'ordered', attempt: 0, tries: 1 });
    model.answer = new ProviderError('OPENAI_FLAGGED', 'Change the lyric.', { detail: 'violence' });
    expect((await step(job)).said).toMatchObject([{ code: 'OPENAI_FLAGGED', retryable: false, detail: 'violence' }]);
  });

  it('gives up after the third call', async () => {
    model.answer = timeout;
    const job = claimed(3);
    const { said } = await step(job);
    expect(said).toMatchObject([{ code: 'OPENAI_TIMEOUT', reason: 'Late.', retryable: true }]);
    expect(job).toMatchObject({ status: 'failed', attempt: 3 });
  });

  it('does not call a fourth time for a job whose process died in the third', async () => {
    const { said } = await step(claimed(4));
    expect(model.calls).toEqual([]);
    expect(said).toMatchObject([{ code: 'OPENAI_NO_ANSWER', retryable: true }]);
  });

  it('does not count a call that was refused, waits as asked, and goes on until the deadline', async () => {
    model.answer = new ProviderError('OPENAI_RATE_LIMITED', 'Slower.', {
      retriable: true,
      refused: true,
      retryAfterMs: 7_000,
      detail: 'rate_limit_exceeded',
    });
    const job = claimed(3);
    expect(await step(job)).toMatchObject({ said: [] });
    expect((await step(Object.assign(job, { attempt: 3 }))).dueInMs).toBeGreaterThanOrEqual(7_000);
    expect(job).toMatchObject({ attempt: 2, tries: 2, errorDetail: 'rate_limit_exceeded' });
    const late = claimed(1, { tries: 100 });
    expect(await step(late)).toMatchObject({ said: [], dueInMs: expect.any(Number) });
    expect(late).toMatchObject({ status: 'ordered', attempt: 0 });
  });

  it('fails at once over a refusal of what was asked', async () => {
    model.answer = new ProviderError('OPENAI_REFUSED', 'No.', { detail: 'Bad parameter.' });
    expect((await step(claimed())).said).toMatchObject([
      { code: 'OPENAI_REFUSED', retryable: false, detail: 'Bad parameter.' },
    ]);
  });

  it('waits, and has everybody wait, while the account is refused', async () => {
    model.answer = new ProviderError('OPENAI_QUOTA_EXHAUSTED', 'Used up.', {
      account: true,
      refused: true,
      detail: 'quota',
    });
    const job = claimed(3);
    const { said, pause } = await step(job);
    expect(said).toEqual([]);
    expect(pause).toMatchObject({ code: 'OPENAI_QUOTA_EXHAUSTED', detail: 'quota', ms: expect.any(Number) });
    expect(job).toMatchObject({ status: 'ordered', attempt: 2, errorCode: 'OPENAI_QUOTA_EXHAUSTED' });
  });

  it('keeps an answer that comes after the lease ran out', async () => {
    const job = claimed();
    const { keep } = await worker['step'](job);
    const saved = claimed();
    const said: Message[] = [];
    keep?.(saved, message => said.push(message));
    keep?.(saved, message => said.push(message));
    expect(said).toMatchObject([{ lyric: aLyric() }]);
    expect(saved.status).toBe('done');
  });

  it('takes words that cannot be sung for garbage', async () => {
    model.answer = { lyrics: [{ title: '', style: '', sections: [] }] };
    const job = claimed();
    expect((await step(job)).said).toEqual([]);
    expect(job).toMatchObject({ tries: 1, errorCode: 'OPENAI_GARBAGE' });
  });

  it('takes a fault of ours for one that may pass', async () => {
    model.answer = new TypeError('undefined is not a function');
    const job = claimed(3);
    expect((await step(job)).said).toMatchObject([{ code: 'INTERNAL_ERROR', retryable: true }]);
  });

  it('ends a job after its deadline: in silence if nothing was begun, else with what went wrong', () => {
    const said: Message[] = [];
    const expire = (job: LyricJob) => worker['expire'](job, message => said.push(message));
    const untouched = LyricJob.ordered(aGenerateLyric(), { messageId: 'm', traceparent: 't' });
    expire(untouched);
    expect(untouched.status).toBe('expired');
    expect(said).toEqual([]);
    expire(claimed(1, { errorCode: 'OPENAI_TIMEOUT', errorReason: 'Late.' }));
    expire(claimed(1));
    expect(said).toMatchObject([{ code: 'OPENAI_TIMEOUT' }, { code: 'DEADLINE_EXCEEDED', retryable: true }]);
  });
});
