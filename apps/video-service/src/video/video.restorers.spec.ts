import { message, RenderSubmitBegun } from '@castad/contracts';
import type { MessageContext } from '@castad/messaging';
import { aPlan, aRenderSucceeded, aTrack } from '@castad/testing';
import type { OldNews } from '@castad/worker';
import { describe, expect, it } from '@jest/globals';
import type { Video } from './video.entity.ts';
import { VideoRestorers } from './video.restorers.ts';
import type { VideoWorker } from './video.worker.ts';

const context = { cause: { messageId: 'm', traceparent: 't' } } as MessageContext;
const taskId = '01980000-0000-7000-8000-000000000001';

/** The row that the restorers leave. */
function restored(tell: (restorers: VideoRestorers) => void): Video | undefined {
  let video: Video | undefined;
  const restore = (_: unknown, news: OldNews<Video>) => (video = news.tell(video, new Date()));
  tell(new VideoRestorers({ restore } as unknown as VideoWorker));
  return video;
}

describe.each([true, undefined])('a render that is made again from its events, a preview: %s', preview => {
  it('is what it was while its submit is open', () => {
    const film = { plan: aPlan(), format: '9:16' as const, title: 'Sea Breeze', songRevision: 1, track: aTrack() };
    const attempt = { attempt: 1, token: 'a'.repeat(43), ...(preview && { preview }) };
    const begun = message(RenderSubmitBegun, { taskId, revision: 2, ...film, ...attempt });
    const video = restored(restorers => restorers.onRenderSubmitBegun(begun, context));
    expect(video).toMatchObject({ status: 'unknown', attempt: 1, preview: !!preview });
  });

  it('is what it was where nothing but its result is known', () => {
    const event = aRenderSucceeded({ taskId, revision: 2, ...(preview && { preview }) });
    const video = restored(restorers => restorers.onRenderSucceeded(event, context));
    expect(video).toMatchObject({ status: 'done', url: event.url, preview: !!preview });
  });
});
