import {
  AssetFailed,
  AssetStored,
  LyricFailed,
  message,
  MessageRejected,
  messages,
  parseMessage,
  SongSubmitted,
  TaskCancelled,
  TaskCompleted,
  TaskFailed,
  type Message,
} from '@castad/contracts';
import { aLyricGenerated, aRenderSucceeded, aSongReady } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TaskEvent } from '../projection/task-event.entity.ts';
import { eventView } from './event.view.ts';

const head = { taskId: '01900000-0000-7000-8000-000000000000', revision: 2 };
const failure = { code: 'SUNO_REFUSED', reason: 'Suno refuses.', retryable: true };
const files = [{ name: 'film', path: 'secret/path', contentType: 'video/mp4', size: 1, sha256: 'a'.repeat(64) }];
const time = new Date('2026-01-01T00:00:00Z');
const viewOf = (event: Message) => eventView(Object.assign(TaskEvent.received('event', time, event), { position: 7 }));

describe('an event as clients see it', () => {
  it('tells what happened, when, and to which order', () => {
    expect(viewOf(aLyricGenerated(head))).toEqual({
      id: 7,
      projectId: head.taskId,
      ...head,
      type: 'LyricGenerated',
      time: '2026-01-01T00:00:00.000Z',
      stage: 'lyric',
      status: 'completed',
    });
  });

  it.each<[string, Message, object]>([
    ['a song whose files are not ours', aSongReady(head), { stage: 'song', status: 'running' }],
    ['a film whose files are not ours', aRenderSucceeded(head), { stage: 'video', status: 'running' }],
    [
      'files that are',
      message(AssetStored, { ...head, kind: 'video', ref: '9:16', files }),
      { stage: 'video', status: 'completed', format: '9:16' },
    ],
    [
      'one of several films',
      message(TaskFailed, { ...head, stage: 'video', format: '1:1', ...failure }),
      { stage: 'video', status: 'failed', format: '1:1' },
    ],
    ['a paid song', message(SongSubmitted, { ...head, attempt: 1, jobId: 'j' }), { stage: 'song', status: 'running' }],
    ['a lyric that failed', message(LyricFailed, { ...head, ...failure }), { stage: 'lyric', status: 'failed' }],
    [
      'files that were not to be had',
      message(AssetFailed, { ...head, kind: 'song', ref: 'tracks', ...failure }),
      { stage: 'song', status: 'failed', error: failure },
    ],
    [
      'an order that was met',
      message(TaskCompleted, { ...head, stage: 'song' }),
      { stage: 'song', status: 'completed' },
    ],
    [
      'an order that was not',
      message(TaskFailed, { ...head, stage: 'video', ...failure }),
      { stage: 'video', status: 'failed', error: failure },
    ],
    [
      'an order that was taken back',
      message(TaskCancelled, { ...head, stage: 'video', paid: ['song'] }),
      { stage: 'video', status: 'cancelled', paid: ['song'] },
    ],
    [
      'a dead-lettered message',
      message(MessageRejected, { ...head, service: 'song-service', messageType: 'LyricGenerated.v1', reason: 'x' }),
      {
        error: {
          code: 'MESSAGE_REJECTED',
          reason: 'song-service could not handle LyricGenerated.v1.',
          retryable: true,
        },
      },
    ],
  ])('says of %s what it means', (_, event, meaning) => {
    expect(viewOf(event)).toMatchObject(meaning);
  });

  it('has only the fields it should, whatever the message carries', () => {
    const samples = join(import.meta.dirname, '../../../../libs/contracts/src/samples');
    for (const type of messages) {
      const sample: unknown = JSON.parse(readFileSync(join(samples, `${type.type}.json`), 'utf8'));
      const text = JSON.stringify(viewOf(parseMessage(type, sample)));
      expect([type.type, /https?:|"(url|token|jobId|path|plan|lines)"/.exec(text)]).toEqual([type.type, null]);
      expect(text).not.toContain('\n');
    }
    expect(Object.keys(viewOf(aSongReady(head))).sort()).toEqual(
      ['id', 'projectId', 'taskId', 'revision', 'type', 'time', 'stage', 'status'].sort(),
    );
  });

  it('says little of a type it does not know', () => {
    const event = Object.assign(TaskEvent.received('event', time, aLyricGenerated(head)), {
      type: 'Sung.v12',
      position: 9,
    });
    expect(eventView(event)).toEqual({
      id: 9,
      projectId: head.taskId,
      ...head,
      type: 'Sung',
      time: '2026-01-01T00:00:00.000Z',
    });
  });
});
