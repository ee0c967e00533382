import { TaskCompleted, TaskFailed } from '@castad/contracts';
import { aPlan } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { Order } from './order.entity.ts';

const deadline = new Date('2026-01-01T00:45:00Z');
const error = { code: 'SUNO_SENSITIVE_WORDS', reason: 'Suno refuses words of the lyric.', retryable: false };
const anOrder = () =>
  Order.accepted(
    {
      taskId: 'task',
      revision: 2,
      plan: aPlan({ deadline: deadline.toISOString() }),
      firstStage: 'song',
      lastStage: 'video',
    },
    10_000,
    { messageId: 'm', traceparent: 't' },
  );

describe('Order', () => {
  it('given that it was accepted, runs, and is looked at when its time and the grace are over', () => {
    const order = anOrder();
    expect(order.isRunning()).toBe(true);
    expect(order.dueAt).toEqual(new Date('2026-01-01T00:45:10Z'));
    expect(order.deadline).toEqual(order.dueAt);
  });

  it('given that its last stage is done, is completed', () => {
    const order = anOrder();
    const event = order.completed();
    expect(event).toBeInstanceOf(TaskCompleted);
    expect(event).toEqual({ taskId: 'task', revision: 2, stage: 'video' });
    expect(order.isRunning()).toBe(false);
    expect(order).toMatchObject({ status: 'done', dueAt: null });
  });

  it('given a failed stage, has failed there with its reason', () => {
    const order = anOrder();
    const event = order.failed('song', error);
    expect(event).toBeInstanceOf(TaskFailed);
    expect(event).toEqual({ taskId: 'task', revision: 2, stage: 'song', ...error });
    expect(order).toMatchObject({
      status: 'failed',
      failedStage: 'song',
      retryable: false,
      errorCode: error.code,
      dueAt: null,
    });
  });

  it('given that its time is over, has failed at the stage that was not finished', () => {
    expect(anOrder().overdue('video')).toMatchObject({ stage: 'video', code: 'DEADLINE_EXCEEDED', retryable: true });
  });

  it('given that its time is over after a message was put aside, says whose', () => {
    const order = anOrder();
    order.rejection = 'video-service could not handle SongReady.v1: it is invalid';
    expect(order.overdue('video')).toMatchObject({
      stage: 'video',
      code: 'MESSAGE_REJECTED',
      reason: 'video-service could not handle SongReady.v1: it is invalid',
      retryable: true,
    });
  });
});
