import {
  parseMessage,
  SongFailed,
  SongReady,
  SongSubmitBegun,
  SongSubmitted,
  StageDelayed,
  type Message,
} from '@castad/contracts';
import { loadConfig, ProviderError, type UnitOfWork } from '@castad/platform';
import { aLyric, aLyricGenerated, aPlan } from '@castad/testing';
import { NotYet, type Outcome } from '@castad/worker';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SongServiceConfig } from '../song-service.config.ts';
import type { SongRequest, SunoClient } from '../suno/suno.client.ts';
import type { SunoJob, SunoWord } from '../suno/suno-job.ts';
import { Song } from './song.entity.ts';
import { SongWorker } from './song.worker.ts';
import type { TrackMeter } from './track-meter.ts';

/** Suno as a test wants it. */
class FakeSuno {
  readonly orders: SongRequest[] = [];
  job: SunoJob | undefined | Error = { state: 'running', echo: 'the-token' };
  sung: SunoWord[] | Error = [];

  async submit(request: SongRequest): Promise<string> {
    this.orders.push(request);
    return 'job-1';
  }

  async find(): Promise<SunoJob | undefined> {
    if (this.job instanceof Error) throw this.job;
    return this.job;
  }

  async words(): Promise<SunoWord[]> {
    if (this.sung instanceof Error) throw this.sung;
    return this.sung;
  }
}

/** Files, by their address. */
class FakeMeter {
  readonly lengths = new Map<string, number>();

  async secondsOf(url: string): Promise<number> {
    const seconds = this.lengths.get(url);
    if (!seconds) throw new ProviderError('SONG_UNREADABLE', 'No music.', { retriable: true });
    return seconds;
  }
}

const config = loadConfig(SongServiceConfig, {
  MYSQL_URL: 'mysql://u:p@localhost/db',
  KAFKA_BROKERS: 'localhost:9092',
  PUBLIC_URL: 'http://castad.example',
  SUNO_API_KEY: 'the-key',
  SUNO_POLL_MS: '30000',
});
const done: SunoJob = {
  state: 'done',
  echo: 'http://castad.example/callbacks/suno/the-token',
  tracks: [
    { trackId: 'a', url: 'https://files.example/a.mp3', durationSeconds: 10 },
    { trackId: 'b', url: 'https://files.example/b.mp3', durationSeconds: 11 },
  ],
};
const cause = { messageId: 'm', traceparent: 't' };
Logger.overrideLogger(false);

describe('SongWorker', () => {
  let suno: FakeSuno;
  let meter: FakeMeter;
  let worker: SongWorker;
  let noted: Message[];

  beforeEach(() => {
    suno = new FakeSuno();
    meter = new FakeMeter();
    const clients = [suno as unknown as SunoClient, meter as unknown as TrackMeter] as const;
    worker = Object.assign(new SongWorker(...clients, config), {
      journal: { write: async (message: Message) => noted.push(message) },
    });
    worker['submissions'] = worker['submissionsBy'](
      { logger: worker['logger'], leaseMs: 1_000 },
      { ask: async () => ({ mayCall: true, waitMs: 0 }) },
    );
    noted = [];
  });

  const aSong = (changes: Partial<Song> = {}) =>
    Object.assign(
      Song.ordered(aLyricGenerated(), cause),
      { token: 'the-token', submittedAt: new Date(), attempt: 1 },
      changes,
    );
  const running = (changes: Partial<Song> = {}) =>
    aSong({ status: 'running', jobId: 'job-1', jobIdConfirmed: true, ...changes });

  const later = (song: Song, error: Error): Outcome<Song> =>
    error instanceof NotYet ? { dueInMs: error.lookAgainMs } : worker['failed'](song, error);

  /** What the worker makes of the song, and says about it. */
  const step = async (song: Song): Promise<Outcome<Song> & { said: Message[] }> => {
    const now = new Date();
    const outcome = await worker['step'](song, now).catch((error: Error) => later(song, error));
    const said: Message[] = [];
    outcome.record?.(song, message => said.push(message));
    return { ...outcome, said };
  };

  it('orders the lyric in its own style, called back under the token of this attempt', async () => {
    const plan = aPlan({ music: { durationSeconds: 20, style: 'bright pop' } });
    const lyric = { ...aLyric(), style: 'slow jazz' };
    const song = Object.assign(aSong({ attempt: 0 }), { plan, lyric });
    await step(song);
    expect(suno.orders).toEqual([
      {
        title: 'Sea Breeze',
        style: 'slow jazz',
        sections: song.lyric.sections,
        durationSeconds: 20,
        callbackUrl: `http://castad.example/callbacks/suno/${song.taskId}/${song.token}`,
      },
    ]);
    expect(song).toMatchObject({ status: 'running', jobId: 'job-1', jobIdConfirmed: true });
  });

  it('keeps polling while Suno is composing, or does not know the job yet', async () => {
    expect(await step(running())).toMatchObject({ dueInMs: 30_000, said: [] });
    suno.job = undefined;
    expect(await step(running())).toMatchObject({ dueInMs: 30_000, said: [] });
    expect(suno.orders).toEqual([]);
  });

  it('announces all tracks, and when their lines are sung', async () => {
    suno.job = done;
    suno.sung = [{ text: 'Waves are calling you', start: 1, end: 3 }];
    const song = running();
    const { said } = await step(song);
    expect(said).toEqual([expect.any(SongReady)]);
    expect(said[0]).toMatchObject({
      chosenTrackId: 'a',
      tracks: [
        {
          trackId: 'a',
          lines: [
            { text: 'Waves are calling you', start: 1, end: 3 },
            { text: 'Stay with us tonight', start: 3, end: 10 },
          ],
        },
        { trackId: 'b', lines: [{ start: 1 }, { start: 3 }] },
      ],
    });
    expect(song.status).toBe('done');
  });

  describe('when Suno does not say how long a track is', () => {
    const [known, unknown] = [
      { trackId: 'a', url: 'https://files.example/a.mp3', durationSeconds: 10 },
      { trackId: 'b', url: 'https://files.example/b.mp3' },
    ];

    it('learns it from the file, and announces what every reader accepts', async () => {
      suno.job = { ...done, tracks: [unknown, known] };
      meter.lengths.set(unknown.url, 29.5);
      const { said } = await step(running());
      expect(said[0]).toMatchObject({
        chosenTrackId: 'b',
        tracks: [{ durationSeconds: 29.5 }, { durationSeconds: 10 }],
      });
      expect(parseMessage(SongReady, JSON.parse(JSON.stringify(said[0])))).toBeInstanceOf(SongReady);
    });

    it('offers only the other track when the file cannot be read', async () => {
      suno.job = { ...done, tracks: [unknown, known] };
      const { said } = await step(running());
      expect(said[0]).toMatchObject({ chosenTrackId: 'a', tracks: [{ trackId: 'a' }] });
      expect((said[0] as SongReady).tracks).toHaveLength(1);
    });

    it('tries again later when no file can be read, until its time is over', async () => {
      suno.job = { ...done, tracks: [unknown] };
      const song = running();
      expect(await step(song)).toMatchObject({ said: [], dueInMs: expect.any(Number) });
      expect(song).toMatchObject({ status: 'running', errorCode: 'SONG_UNREADABLE' });
      Object.assign(song, { submittedAt: new Date(Date.now() - config.SUNO_LIMIT_MS - 1) });
      expect((await step(song)).said).toEqual([]);
      const said: Message[] = [];
      void worker['expire'](song, message => said.push(message), {} as UnitOfWork);
      expect(said).toMatchObject([{ code: 'SONG_UNREADABLE', retryable: true }]);
    });
  });

  it('waits for a song whose callback failed as long as it can come, and then says what was wrong', async () => {
    const failure = { code: 'SUNO_NO_TRACKS', reason: 'No track.', retryable: true, detail: 'CALLBACK_EXCEPTION' };
    suno.job = { state: 'stalled', echo: '', failure };
    const song = running();
    expect((await step(song)).said).toEqual([]);
    expect(song).toMatchObject({ status: 'running', errorCode: 'SUNO_NO_TRACKS' });
    const old = running({ submittedAt: new Date(Date.now() - config.SUNO_LIMIT_MS - 1) });
    expect((await step(old)).said).toMatchObject([{ code: 'SUNO_NO_TRACKS', retryable: true }]);
  });

  it('neither sings nor shows the labels of sections', async () => {
    const sections = [{ label: 'verse' as const, lines: ['[Verse]', 'Waves are calling you', '후렴:'] }];
    const lyric = { ...aLyric(), sections };
    await step(Object.assign(aSong({ attempt: 0 }), { lyric }));
    expect(suno.orders[0]?.sections).toEqual([{ label: 'verse', lines: ['Waves are calling you'] }]);
    suno.job = done;
    const { said } = await step(Object.assign(running(), { lyric }));
    expect((said[0] as SongReady).tracks[0]?.lines?.map(({ text }) => text)).toEqual(['Waves are calling you']);
  });

  it('announces no more timed lines than every reader accepts', async () => {
    const sections = Array.from({ length: 20 }, () => ({
      label: 'verse' as const,
      lines: Array<string>(40).fill('la'),
    }));
    suno.job = done;
    const { said } = await step(Object.assign(running(), { lyric: { ...aLyric(), sections } }));
    expect(parseMessage(SongReady, JSON.parse(JSON.stringify(said[0]))).tracks[0]?.lines).toHaveLength(500);
  });

  it('notes the call before it is made, with all that the song is made of', async () => {
    const song = aSong({ attempt: 0 });
    suno.submit = async () => {
      expect(noted).toEqual([expect.any(SongSubmitBegun)]);
      return 'job-1';
    };
    expect((await step(song)).said).toEqual([expect.any(SongSubmitted)]);
    const { taskId, revision, plan, lyric, token } = song;
    expect(noted[0]).toMatchObject({ taskId, revision, plan, lyric, attempt: 1, token });
  });

  it('takes a song over only where lyric and music are the same', () => {
    const earlier = aSong();
    const later = (changes: Partial<Song>) => Object.assign(aSong(), { plan: earlier.plan, ...changes });
    const music = { ...earlier.plan.music, style: 'slow jazz' };
    expect(worker['isSameWork'](later({ revision: 2 }), earlier)).toBe(true);
    expect(worker['isSameWork'](later({ lyric: { ...aLyric(), title: 'Other' } }), earlier)).toBe(false);
    expect(worker['isSameWork'](later({ plan: { ...earlier.plan, music } }), earlier)).toBe(false);
  });

  it('orders a song of its own when Suno failed the one it took over, or has not known it for long', async () => {
    const failure = { code: 'SUNO_GENERATION_FAILED', reason: 'No.', retryable: true };
    suno.job = { state: 'failed', echo: '', failure };
    const failed = running({ attempt: 0 });
    expect(await step(failed)).toMatchObject({ dueInMs: 0, said: [expect.any(StageDelayed)] });
    suno.job = undefined;
    const fresh = running({ attempt: 0 });
    expect(await step(fresh)).toMatchObject({ dueInMs: 30_000, said: [] });
    expect(fresh).toMatchObject({ status: 'running', jobId: 'job-1' });
    const lost = running({ attempt: 0, submittedAt: new Date(Date.now() - config.SUNO_LIMIT_MS - 1) });
    expect(await step(lost)).toMatchObject({ dueInMs: 0, said: [] });
    for (const song of [failed, lost])
      expect(song).toMatchObject({ status: 'ordered', jobId: null, token: null, failedJobId: 'job-1' });
  });

  describe('when Suno could not compose the song', () => {
    const failure = { code: 'SUNO_GENERATION_FAILED', reason: 'No.', retryable: true, detail: '501 No voice.' };
    beforeEach(() => {
      suno.job = { state: 'failed', echo: '', failure };
    });

    it('orders it once more, says so, and notes what the second order replaces', async () => {
      const song = running({ tries: 3 });
      const { said, dueInMs } = await step(song);
      expect(dueInMs).toBe(0);
      expect(said).toMatchObject([
        { stage: 'song', code: failure.code, reason: expect.stringContaining('once more'), detail: failure.detail },
      ]);
      expect(said[0]).toBeInstanceOf(StageDelayed);
      expect(song).toMatchObject({ status: 'ordered', attempt: 1, tries: 0, jobId: null, token: null });
      expect((await step(song)).said).toEqual([expect.any(SongSubmitted)]);
      expect(noted).toMatchObject([{ attempt: 2, replaces: 'job-1' }]);
    });

    it('ends at the second failure', async () => {
      const song = running({ failedJobId: 'job-0' });
      expect((await step(song)).said).toMatchObject([failure]);
      expect(song).toMatchObject({ status: 'failed', failedJobId: 'job-0' });
    });

    it.each(['SUNO_CREATE_FAILED', 'SUNO_SENSITIVE_WORDS', 'SUNO_NO_TRACKS', 'SUNO_FAILED'])(
      'does not order again what ended in %s',
      async code => {
        suno.job = { state: 'failed', echo: '', failure: { ...failure, code } };
        expect((await step(running())).said).toMatchObject([{ code }]);
      },
    );

    it('does not order again where that is switched off', async () => {
      Object.assign(worker, { config: Object.assign(Object.create(config), { SUNO_SECOND_TRY: 'off' }) });
      expect((await step(running())).said).toMatchObject([failure]);
    });
  });

  it('says so when Suno has forgotten a song that it took', async () => {
    suno.job = undefined;
    const lost = running({ submittedAt: new Date(Date.now() - config.SUNO_LIMIT_MS - 1) });
    expect((await step(lost)).said).toMatchObject([{ code: 'PROVIDER_LOST_JOB', retryable: true }]);
  });

  it('forgets a job that a callback named and that is not ours', async () => {
    for (suno.job of [{ ...done, echo: 'another token' }, undefined]) {
      const song = running({ status: 'unknown', jobIdConfirmed: false });
      expect(await step(song)).toMatchObject({ said: [] });
      expect(song.jobId).toBeNull();
    }
  });

  it('takes a job that a callback named once Suno says that it is ours', async () => {
    suno.job = done;
    expect((await step(running({ status: 'unknown', jobIdConfirmed: false }))).said).toEqual([expect.any(SongReady)]);
  });

  it('fails with our reason when Suno refuses the words', async () => {
    const failure = { code: 'SUNO_SENSITIVE_WORDS', reason: 'Change the lyric.', retryable: false };
    suno.job = { state: 'failed', echo: '', failure };
    const song = running();
    const { said } = await step(song);
    expect(said).toEqual([expect.any(SongFailed)]);
    expect(said[0]).toMatchObject(failure);
    expect(song.status).toBe('failed');
  });

  it("tells the log the provider's own words", async () => {
    const logged: object[] = [];
    Object.assign(worker, { logger: { warn: (entry: object) => logged.push(entry) } });
    const failure = { code: 'SUNO_GENERATION_FAILED', reason: 'No.', retryable: true, detail: '501 No voice.' };
    suno.job = { state: 'failed', echo: '', failure };
    await step(running());
    suno.job = new ProviderError('SUNO_UNAUTHORIZED', 'No.', { account: true, detail: '401 Bad key.' });
    const song = running();
    expect(await step(song)).toMatchObject({ said: [], pause: expect.anything() });
    expect(song.status).toBe('running');
    expect(logged).toMatchObject([{ detail: '501 No voice.' }, { detail: '401 Bad key.' }]);
  });

  it('asks a few times for the times of the words, then does without', async () => {
    suno.job = done;
    suno.sung = new ProviderError('SUNO_SERVER_ERROR', 'Suno failed.', { retriable: true });
    const song = running();
    for (let tries = 1; tries <= 3; tries++) {
      expect((await step(song)).said).toEqual([]);
      expect(song.tries).toBe(tries);
    }
    const [event] = (await step(song)).said as [SongReady];
    expect(event.tracks[0]?.lines).toEqual([
      { text: 'Waves are calling you', start: 0, end: 5 },
      { text: 'Stay with us tonight', start: 5, end: 10 },
    ]);
  });

  it('does without the times of the words at once when Suno will never give them', async () => {
    suno.job = done;
    suno.sung = new ProviderError('SUNO_NOT_FOUND', 'Suno does not know what was asked for.', { refused: true });
    expect((await step(running())).said).toEqual([expect.any(SongReady)]);
  });

  it('reads as much as it may, and goes on from there', async () => {
    suno.job = done;
    suno.sung = [{ text: 'Waves are calling you', start: 1, end: 3 }];
    const song = running();
    let calls = 0;
    const permit = async () => {
      if (calls === 0) throw new NotYet(10_000);
      calls -= 1;
    };
    Object.assign(worker, { account: { permit } });
    for (calls of [1, 1]) expect(await step(song)).toMatchObject({ dueInMs: 10_000, said: [] });
    expect(song).toMatchObject({
      status: 'running',
      tracks: [{ trackId: 'a', lines: [{ start: 1 }, {}] }, { trackId: 'b' }],
    });
    const find = jest.spyOn(suno, 'find');
    calls = 1;
    expect((await step(song)).said).toMatchObject([
      { tracks: [{ lines: [{ start: 1 }, {}] }, { lines: [{ start: 1 }, {}] }] },
    ]);
    expect(find).not.toHaveBeenCalled();
  });
});
