import { TaskCancelled, TaskCompleted, TaskFailed } from '@castad/contracts';
import { aPlan } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { Order } from './order.entity.ts';

const now = new Date('2026-01-01T00:10:00Z');
const deadline = new Date('2026-01-01T00:45:00Z');
const error = { code: 'SUNO_SENSITIVE_WORDS', reason: 'Suno refuses words of the lyric.', retryable: false };
const limits = { graceMs: 10_000, stageMs: { lyric: 60_000, song: 1_800_000, video: 600_000 } };
const minutes = (count: number) => Array.from({ length: 5 }, () => count * 60_000);
const times = { lyric: minutes(1), song: minutes(2), video: minutes(4) };
const anOrder = () =>
  Order.accepted(
    {
      taskId: 'task',
      revision: 2,
      plan: aPlan({ deadline: deadline.toISOString() }),
      firstStage: 'song',
      lastStage: 'video',
    },
    limits,
    times,
    { messageId: 'm', traceparent: 't', at: new Date('2026-01-01T00:00:00Z') },
  );

describe('Order', () => {
  it('given that it was accepted, runs, and is due when the time of its first stage is over', () => {
    const order = anOrder();
    expect(order.isRunning()).toBe(true);
    expect(order.dueAt).toEqual(new Date('2026-01-01T00:30:00Z'));
    expect(order.deadline).toEqual(order.dueAt);
  });

  it('given that it reached a stage, gives it its own time, within that of the whole order', () => {
    const order = anOrder();
    order.reached('song', new Date('2026-01-01T00:20:00Z'), limits, times);
    expect(order.deadline).toEqual(new Date('2026-01-01T00:30:00Z'));
    order.reached('video', new Date('2026-01-01T00:20:00Z'), limits, times);
    expect(order.deadline).toEqual(new Date('2026-01-01T00:30:00Z'));
    order.reached('song', new Date('2026-01-01T00:40:00Z'), limits, times);
    expect(order).toMatchObject({ deadline: new Date('2026-01-01T00:45:10Z'), dueAt: order.deadline });
  });

  it('given how long recent films took, expects its end with each stage that it reaches', () => {
    const order = anOrder();
    expect(order).toMatchObject({ expectedAt: new Date('2026-01-01T00:06:00Z'), latestAt: order.expectedAt });
    order.reached('video', new Date('2026-01-01T00:05:00Z'), limits, times);
    expect(order.expectedAt).toEqual(new Date('2026-01-01T00:09:00Z'));
    order.completed(now);
    expect(order).toMatchObject({ expectedAt: null, latestAt: null });
  });

  it('given that its stage waits for somebody, knows of no end', () => {
    const order = anOrder();
    order.waits('song', limits);
    expect(order).toMatchObject({ expectedAt: null, latestAt: null });
  });

  it('given that its last stage is done, is completed', () => {
    const order = anOrder();
    const event = order.completed(now);
    expect(event).toBeInstanceOf(TaskCompleted);
    expect(event).toEqual({ taskId: 'task', revision: 2, stage: 'video' });
    expect(order.isRunning()).toBe(false);
    expect(order).toMatchObject({ status: 'done', dueAt: null, endedAt: now });
  });

  it('given a failed stage, has failed there with its reason', () => {
    const order = anOrder();
    const event = order.failed(now, 'song', error);
    expect(event).toBeInstanceOf(TaskFailed);
    expect(event).toEqual({ taskId: 'task', revision: 2, stage: 'song', ...error });
    expect(order).toMatchObject({
      status: 'failed',
      failedStage: 'song',
      retryable: false,
      errorCode: error.code,
      errorReason: error.reason,
      dueAt: null,
      endedAt: now,
    });
  });

  it('given that its time is over, has failed at the stage it had reached', () => {
    expect(anOrder().overdue(deadline)).toMatchObject({ stage: 'song', code: 'DEADLINE_EXCEEDED', retryable: true });
  });

  it('given that the time of its stage is over, has failed there', () => {
    expect(anOrder().overdue(new Date('2026-01-01T00:30:00Z'))).toMatchObject({
      stage: 'song',
      code: 'STAGE_TIMEOUT',
      reason: 'The song took too long.',
      retryable: true,
    });
  });

  it('given that its time is over after a message was dead-lettered, says whose', () => {
    const order = anOrder();
    order.rejection = 'video-service could not handle SongReady.v1: it is invalid';
    expect(order.overdue(deadline)).toMatchObject({
      stage: 'song',
      code: 'MESSAGE_REJECTED',
      reason: 'video-service could not handle SongReady.v1: it is invalid',
      retryable: true,
    });
  });

  it('given that it was cancelled, says what was paid, and ends no other way', () => {
    const order = anOrder();
    const event = order.cancelled(now, ['song']);
    expect(event).toBeInstanceOf(TaskCancelled);
    expect(event).toEqual({ taskId: 'task', revision: 2, stage: 'song', paid: ['song'] });
    expect(order).toMatchObject({ status: 'cancelled', dueAt: null, endedAt: now });
    expect(anOrder().cancelled(now, [])).toEqual({ taskId: 'task', revision: 2, stage: 'song' });
  });

  it('includes its stages from the first to the last', () => {
    expect((['lyric', 'song', 'video'] as const).map(name => anOrder().includes(name))).toEqual([false, true, true]);
  });
});
