import { message, SongSubmitBegun, SongSubmitted } from '@castad/contracts';
import type { MessageContext } from '@castad/messaging';
import { aLyric, aPlan } from '@castad/testing';
import type { OldNews } from '@castad/worker';
import { describe, expect, it } from '@jest/globals';
import type { Song } from './song.entity.ts';
import { SongRestorers } from './song.restorers.ts';
import type { SongWorker } from './song.worker.ts';

const order = { taskId: '01980000-0000-7000-8000-000000000001', revision: 1, plan: aPlan(), lyric: aLyric() };
const begun = (attempt: number, letter: string, replaces?: string) =>
  message(SongSubmitBegun, { ...order, attempt, token: letter.repeat(43), ...(replaces && { replaces }) });
const taken = (attempt: number, jobId: string) => message(SongSubmitted, { ...order, attempt, jobId });

/** The row that these events leave, in this order. */
function restored(...events: (SongSubmitBegun | SongSubmitted)[]): Song | undefined {
  let song: Song | undefined;
  const restore = (_: unknown, { tell }: OldNews<Song>) => (song = tell(song, new Date()));
  const restorers = new SongRestorers({ restore } as unknown as SongWorker);
  const context = { cause: { messageId: 'm', traceparent: 't' } } as MessageContext;
  for (const event of events)
    if (event instanceof SongSubmitBegun) restorers.onSongSubmitBegun(event, context);
    else restorers.onSongSubmitted(event, context);
  return song;
}

describe('a song that is made again from its events', () => {
  const first = [begun(1, 'a'), taken(1, 'job-1')];

  it('follows its one job, and may be tried once more', () => {
    const song = restored(...first);
    expect(song).toMatchObject({ status: 'running', attempt: 1, jobId: 'job-1' });
    expect(song?.failedJobId).toBeUndefined();
  });

  it('knows that it was tried a second time, and what that replaced', () => {
    const open = { status: 'unknown', attempt: 2, jobId: null, failedJobId: 'job-1', token: 'b'.repeat(43) };
    expect(restored(...first, begun(2, 'b', 'job-1'))).toMatchObject(open);
    expect(restored(begun(1, 'a'), begun(2, 'b', 'job-1'), taken(1, 'job-1'))).toMatchObject(open);
    const ended = restored(...first, begun(2, 'b', 'job-1'), taken(2, 'job-2'));
    expect(ended).toMatchObject({ status: 'running', jobId: 'job-2', failedJobId: 'job-1' });
  });
});
