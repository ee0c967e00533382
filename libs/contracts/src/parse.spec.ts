import { describe, expect, it } from '@jest/globals';
import { InvalidMessage, parseMessage } from './parse.ts';
import { SongReady } from './song.ts';
import { TaskCompleted } from './task.ts';

const completed = { taskId: '01997d2e-8c40-7b1a-9f3e-5d2c6a1b4e70', revision: 1, stage: 'video' };

describe('parseMessage', () => {
  it.each([null, [], 'text', 7, true])('refuses %j, which is not an object', value => {
    expect(() => parseMessage(TaskCompleted, value)).toThrow(
      new InvalidMessage('TaskCompleted.v1', ['the value is not a JSON object']),
    );
  });

  it('names every offending property, however deep', () => {
    const lines = [{ text: '', start: 0, end: 1 }];
    const tracks = [{ trackId: 't', url: 'https://cdn.example/t.mp3', durationSeconds: 30, lines }];
    expect(() => parseMessage(SongReady, { ...completed, taskId: 'one', tracks })).toThrow(
      expect.objectContaining({
        problems: expect.arrayContaining([
          expect.stringMatching(/^taskId: /),
          expect.stringMatching(/^tracks\.0\.lines\.0\.text: /),
        ]),
      }),
    );
  });

  it('refuses a list where one object is due', () => {
    expect(() => parseMessage(SongReady, { ...completed, plan: [] })).toThrow(/plan: plan must be an object/);
  });

  it('does not turn a number in words into a number', () => {
    expect(() => parseMessage(TaskCompleted, { ...completed, revision: '1' })).toThrow(/revision: /);
  });
});
