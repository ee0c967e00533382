import { LyricFailed, LyricGenerated } from '@castad/contracts';
import { aGenerateLyric, aLyric, aPlan } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { LyricJob } from './lyric.entity.ts';

const cause = { messageId: '01990000-0000-7000-8000-000000000001', traceparent: '00-a-b-01' };
const reason = { code: 'OPENAI_REFUSED', reason: 'No.', retryable: false };

describe('LyricJob', () => {
  it('is due at once, until the deadline of its order', () => {
    const command = aGenerateLyric({ revision: 3, plan: aPlan() });
    expect(LyricJob.ordered(command, cause)).toMatchObject({
      taskId: command.taskId,
      revision: 3,
      status: 'ordered',
      attempt: 0,
      deadline: new Date(command.plan.deadline),
      causeId: cause.messageId,
    });
  });

  it('hands on the lyric with the plan, and keeps what it cost', () => {
    const command = aGenerateLyric();
    const job = LyricJob.ordered(command, cause);
    const event = job.written({ lyric: aLyric() }, { model: 'gpt', promptTokens: 10, completionTokens: 20 });
    expect(job).toMatchObject({ status: 'done', dueAt: null, model: 'gpt', promptTokens: 10, completionTokens: 20 });
    expect(event).toBeInstanceOf(LyricGenerated);
    expect(event).toEqual({ taskId: command.taskId, revision: 1, plan: command.plan, lyric: aLyric() });
  });

  it('hands on all that there is to choose from, and how many were asked for', () => {
    const job = LyricJob.ordered(aGenerateLyric({ drafts: 3 }), cause);
    const drafts = [aLyric(), { ...aLyric(), title: 'Another' }];
    const event = job.written({ lyric: aLyric(), drafts }, {});
    expect(event).toMatchObject({ lyric: aLyric(), drafts, draftsAsked: 3 });
    expect(job).toMatchObject({ lyric: aLyric(), drafts, draftsAsked: 3 });
  });

  it('says why there is no lyric', () => {
    const job = LyricJob.ordered(aGenerateLyric(), cause);
    const event = job.failed(reason);
    expect(job).toMatchObject({ status: 'failed', errorCode: 'OPENAI_REFUSED', errorReason: 'No.' });
    expect(event).toBeInstanceOf(LyricFailed);
    expect(event).toEqual({ taskId: job.taskId, revision: 1, ...reason });
  });

  it('counts only the calls that the model may have worked on', () => {
    const job = Object.assign(LyricJob.ordered(aGenerateLyric(), cause), { attempt: 2 });
    job.troubled({ code: 'OPENAI_TIMEOUT', reason: 'Late.' }, true);
    expect(job).toMatchObject({ attempt: 2, tries: 1, errorCode: 'OPENAI_TIMEOUT' });
    job.troubled({ code: 'OPENAI_RATE_LIMITED', reason: 'Slower.' }, false);
    expect(job).toMatchObject({ attempt: 1, tries: 2, errorCode: 'OPENAI_RATE_LIMITED' });
  });
});
