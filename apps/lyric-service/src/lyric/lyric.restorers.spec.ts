import type { MessageContext } from '@castad/messaging';
import { aLyric, aLyricGenerated } from '@castad/testing';
import type { OldNews } from '@castad/worker';
import { expect, it } from '@jest/globals';
import type { LyricJob } from './lyric.entity.ts';
import { LyricRestorers } from './lyric.restorers.ts';
import type { LyricWorker } from './lyric.worker.ts';

const context = { cause: { messageId: 'm', traceparent: 't' } } as MessageContext;
const drafts = [aLyric(), { ...aLyric(), title: 'Another' }];

it.each([
  ['a lyric', {}, { lyric: aLyric() }],
  ['drafts', { drafts, draftsAsked: 3 }, { lyric: aLyric(), drafts, draftsAsked: 3 }],
])('%s that was lost is made again from its event, however often it is told', (_, changes, expected) => {
  let job: LyricJob | undefined;
  const restore = (_unit: unknown, { tell }: OldNews<LyricJob>) => (job = tell(job, new Date()));
  const restorers = new LyricRestorers({ restore } as unknown as LyricWorker);
  for (let time = 0; time < 2; time++) restorers.onLyricGenerated(aLyricGenerated(changes), context);
  expect(job).toMatchObject({ status: 'done', ...expected });
});
