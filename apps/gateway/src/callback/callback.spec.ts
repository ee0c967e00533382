import { RenderCalledBack, SongCalledBack } from '@castad/contracts';
import { newId } from '@castad/platform';
import { describe, expect, it } from '@jest/globals';
import { readCallback } from './callback.ts';

const taskId = newId();
const token = 'A'.repeat(42) + '-';
const read = (body: unknown, path = ['suno', taskId, token]) =>
  readCallback(path, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
const complete = { code: 200, data: { callbackType: 'complete', task_id: 'job-1', data: [] } };

describe('readCallback', () => {
  it('takes the job from where each provider names it', () => {
    const song = read(complete)?.message;
    expect(song).toBeInstanceOf(SongCalledBack);
    expect(song).toEqual({ taskId, revision: 0, token, jobId: 'job-1' });
    expect(read({ data: { taskId: 'job-1' } })?.message).toEqual(song);
    expect(read({ data: { task_id: '', taskId: 'job-1' } })?.message).toEqual(song);
    const film = read({ id: 'render-1', status: 'succeeded' }, ['creatomate', taskId, token])?.message;
    expect(film).toBeInstanceOf(RenderCalledBack);
    expect(film).toMatchObject({ jobId: 'render-1' });
  });

  it('gives the same callback the same id, and every other one another', () => {
    const other = { ...complete, data: { ...complete.data, callbackType: 'first' } };
    const ids = [
      read(complete),
      read(other),
      read(complete, ['suno', taskId, 'B'.repeat(43)]),
      read({ ...complete, id: 'x' }, ['creatomate', taskId, token]),
    ].map(callback => callback?.id);
    expect(new Set(ids).size).toBe(4);
    expect(read(complete)?.id).toBe(ids[0]);
    expect(read(complete, ['suno', taskId.toUpperCase(), token])).toEqual(read(complete));
  });

  it.each<[string, unknown]>([
    ['nothing', ''],
    ['no JSON', '{"data":'],
    ['null', 'null'],
    ['a list', [1]],
    ['no data', { data: null }],
    ['a number for a job', { data: { task_id: 7 } }],
    ['an object for a job', { data: { task_id: { a: 1 } } }],
    ['an empty job', { data: { task_id: '' } }],
    ['a number for a job in the other spelling', { data: { taskId: 7 } }],
    ['a job that is not in its data', { task_id: 'job-1', taskId: 'job-1' }],
    ['a job that is too long', { data: { task_id: 'x'.repeat(101) } }],
    ['a job with a line break', { data: { task_id: 'a\nb' } }],
    ['a poisoned prototype', '{"__proto__":{"data":{"task_id":"x"}}}'],
  ])('reads no callback in %s', (_, body) => {
    expect(read(body)).toBeUndefined();
  });

  it.each([
    [['toString', taskId, token]],
    [['suno', token]],
    [['suno', 'no-id', token]],
    [['suno', taskId]],
    [['suno', taskId, 'A'.repeat(42)]],
    [['suno', taskId, token, 'more']],
    [['']],
    [[]],
  ])('reads no callback at %j', path => {
    expect(read(complete, path)).toBeUndefined();
  });
});
