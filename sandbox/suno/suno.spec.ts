import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, receiver, started, type Harness } from '../stand-in/harness.ts';
import type { Settings } from '../stand-in/settings.ts';
import { suno } from './suno.ts';

const lyrics = '[Verse]\n창을 열면 파도 소리\n강릉의 아침\n\n[Chorus]\n하늘바다 스테이';
const generate = '/api/v1/generate';

interface Answer<T> {
  code: number;
  data: T;
}

interface Track {
  id: string;
  audioUrl: string;
  sourceAudioUrl: string;
  imageUrl: string;
  prompt: string;
  duration: number;
}

interface Task {
  status: string;
  param: string;
  response: { sunoData: [Track, Track] };
}

interface Word {
  word: string;
  startS: number;
  endS: number;
}

interface Callback {
  data: { callbackType: string; data: [object, object] };
}

describe('the Suno stand-in', () => {
  let standIn: Harness;
  let hook: Awaited<ReturnType<typeof receiver<Callback>>>;

  const start = async (settings: Partial<Settings> = {}) => {
    await standIn?.close();
    standIn = await started(suno({ timeScale: 0, ...settings }));
  };
  beforeEach(async () => {
    hook = await receiver();
    await start();
  });
  afterEach(async () => {
    await standIn.close();
    await hook.close();
  });

  const song = (more: object = {}) => ({
    customMode: true,
    instrumental: false,
    model: 'V5_5',
    callBackUrl: hook.url,
    prompt: lyrics,
    style: 'folk',
    title: '강릉에서',
    duration: 30,
    ...more,
  });
  const order = (more?: object) => standIn.post<Answer<{ taskId: string }>>(generate, song(more));
  const submit = async (more?: object) => (await order(more)).data.taskId;
  const record = (taskId: string) => standIn.get<Answer<Task>>(`${generate}/record-info?taskId=${taskId}`);
  const align = (taskId: string, audioId: string) =>
    standIn.post<Answer<{ alignedWords: Word[] }>>(`${generate}/get-timestamped-lyrics`, { taskId, audioId });
  const wordsOf = async (taskId: string) => {
    const { data } = await ended(taskId);
    return (await align(taskId, data.response.sunoData[0].id)).data.alignedWords;
  };
  const credits = async () => (await standIn.get<Answer<number>>(`${generate}/credit`)).data;
  const ended = (taskId: string) =>
    eventually(
      () => record(taskId),
      ({ data }) => data.status !== 'PENDING',
    );
  const fault = (kind: string, more: object = {}) => standIn.fault({ endpoint: `POST ${generate}`, kind, ...more });
  const events = () => hook.received.map(callback => callback.data.callbackType);

  it('makes two tracks of one task', async () => {
    const { code, data } = await ended(await submit());
    expect([code, data.status, data.response.sunoData.length]).toEqual([200, 'SUCCESS', 2]);
    expect(data.response.sunoData[0]).toMatchObject({ prompt: lyrics, title: '강릉에서', tags: 'folk' });
    expect(JSON.parse(data.param)).toEqual(song());
  });

  it('walks through its stages and tells each of them', async () => {
    await start({ timeScale: 0.002 });
    const taskId = await submit();
    await eventually(events, told => told.length === 3);
    expect(events()).toEqual(['text', 'first', 'complete']);
    const [text, first] = hook.received.map(callback => callback.data.data);
    expect(text).toMatchObject([{ audio_url: '' }, { audio_url: '' }]);
    expect(first).toMatchObject([{ duration: 29.988 }, { audio_url: '' }]);
    expect(first?.[1]).not.toHaveProperty('duration');
    expect(hook.received[2]).toMatchObject({
      code: 200,
      msg: 'All generated successfully.',
      data: { task_id: taskId },
    });
  });

  it.each([10, 30.5, 61])('sings for %f seconds, in the record and in the file', async duration => {
    const { data } = await ended(await submit({ duration }));
    const [track] = data.response.sunoData;
    expect(track.duration).toBeCloseTo(duration, 1);
    const file = Buffer.from(await (await standIn.ask(track.audioUrl)).arrayBuffer());
    expect((file.length * 8) / 16_000).toBeCloseTo(track.duration, 3);
    expect(file.readUInt16BE(0) >> 5).toBe(0x7ff);
  });

  it('serves files to a client with a name of its own, and never the source files', async () => {
    const { data } = await ended(await submit());
    const [{ audioUrl, sourceAudioUrl, imageUrl }] = data.response.sunoData;
    const status = async (url: string, agent = 'castad/1.0') =>
      (await standIn.ask(url, undefined, { 'user-agent': agent })).status;
    expect(await Promise.all([status(audioUrl), status(imageUrl), status(sourceAudioUrl)])).toEqual([200, 200, 403]);
    expect(await Promise.all([status(audioUrl, 'axios/1.9'), status(audioUrl, 'node')])).toEqual([403, 403]);
  });

  it('times every word of the lyrics in order, with labels and line breaks inside the words', async () => {
    const words = await wordsOf(await submit());
    expect(words.map(({ word }) => word).slice(0, 5)).toEqual([
      '[Verse]\n창을 ',
      '열면 ',
      '파도 ',
      '소리\n',
      '강릉의 ',
    ]);
    const times = words.flatMap(({ startS, endS }) => [startS, endS]);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(30);
  });

  it('times Chinese and Japanese sign by sign', async () => {
    const words = await wordsOf(await submit({ prompt: '夜が来る' }));
    expect(words.map(({ word }) => word)).toEqual(['夜', 'が', '来', 'る\n']);
  });

  it('repeats a callback nobody takes and then says so in the record', async () => {
    await hook.close();
    hook = await receiver(() => 500);
    await start({ rateLimit: false });
    const taskId = await submit();
    await eventually(
      () => record(taskId),
      ({ data }) => data.status === 'CALLBACK_EXCEPTION',
    );
    expect(hook.received).toHaveLength(4);
    expect((await record(taskId)).data.response.sunoData[0].audioUrl).toContain('.mp3');
  });

  it('counts its credits', async () => {
    await start({ credits: 20 });
    expect(await credits()).toBe(20);
    await submit();
    expect(await credits()).toBe(8);
    expect(await order()).toMatchObject({ code: 429, data: null });
  });

  it('takes 20 songs in ten seconds and then asks to slow down, under HTTP 200', async () => {
    const codes = [];
    for (let n = 0; n < 21; n += 1) codes.push((await order()).code);
    expect([codes.slice(0, 20).every(code => code === 200), codes[20]]).toEqual([true, 430]);
    expect((await standIn.get('/__sim/jobs?count=true')).count).toBe(20);
  });

  it('takes three looks at a task per second', async () => {
    const taskId = await submit();
    const looks = await Promise.all([1, 2, 3, 4].map(() => record(taskId)));
    expect(looks.map(({ code }) => code).sort()).toEqual([200, 200, 200, 430]);
  });

  it('has no limits when they are off', async () => {
    await start({ rateLimit: false });
    const codes = await Promise.all(Array.from({ length: 40 }, async () => (await order()).code));
    expect(new Set(codes)).toEqual(new Set([200]));
  });

  it.each([
    ['no callback address', { callBackUrl: undefined }, 400, 'Please enter callBackUrl.'],
    ['no mode', { customMode: undefined }, 400, 'customMode cannot be null'],
    ['no lyrics', { prompt: '' }, 400, 'Please enter prompt.'],
    ['no style', { style: '' }, 400, 'Please enter style.'],
    ['no title', { title: '' }, 400, 'Please enter title.'],
    ['an unknown model', { model: 'V9' }, 400, 'model is invalid'],
    ['too long a song', { duration: 400 }, 400, 'duration must be between 10 and 360'],
    ['a text for a number', { duration: '30' }, 400, 'duration must be of type number'],
    ['too many lyrics', { prompt: 'a'.repeat(5001) }, 413, 'The prompt length cannot exceed 5000 characters.'],
    [
      'too many lyrics for V4',
      { model: 'V4', prompt: 'a'.repeat(3001) },
      413,
      'The prompt length cannot exceed 3000 characters.',
    ],
    ['too long a title', { title: 'a'.repeat(81) }, 413, 'The title length cannot exceed 80 characters.'],
  ])('refuses %s under HTTP 200', async (_, change, code, msg) => {
    const answer = await standIn.ask(generate, song(change));
    expect([answer.status, await answer.json()]).toEqual([200, { code, msg, data: null }]);
    expect(await standIn.requests()).toMatchObject([{ status: 200, code }]);
  });

  it('reads the field lyrics for V6 only', async () => {
    const { data } = await ended(await submit({ model: 'V6', lyrics: '[Verse]\n다른 노래', prompt: undefined }));
    expect(data.response.sunoData[0].prompt).toBe('[Verse]\n다른 노래');
    expect(await standIn.post(generate, song({ lyrics, prompt: undefined }))).toMatchObject({ code: 400 });
  });

  it('reports what the provider would swallow in silence', async () => {
    await submit({ mood: 'happy', model: 'V4' });
    const [request] = await standIn.requests();
    expect(request?.problems).toEqual(['unknown field mood', 'duration is not read by model V4']);
  });

  it('refuses a wrong key, an unknown task and a task of another track', async () => {
    const wrongKey = await standIn.ask(`${generate}/credit`, undefined, { authorization: 'Bearer other' });
    expect(await wrongKey.json()).toMatchObject({ code: 401 });
    expect(await record('nothing')).toMatchObject({ code: 404 });
    expect(await align(await submit(), 'nothing')).toMatchObject({ code: 404 });
  });

  describe('under a fault', () => {
    it('code: refuses under HTTP 200', async () => {
      await fault('code', { code: 455 });
      const answer = await standIn.ask(generate, song());
      expect([answer.status, await answer.json()]).toMatchObject([200, { code: 455, data: null }]);
    });

    it('status: refuses with the true status', async () => {
      await fault('status', { status: 500 });
      const answer = await standIn.ask(generate, song());
      expect([answer.status, await answer.json()]).toMatchObject([500, { code: 500 }]);
    });

    it('drop-response: has the song all the same, and its callback carries our address', async () => {
      await fault('drop-response', { times: 1 });
      await expect(submit()).rejects.toThrow();
      await eventually(events, told => told.length === 1);
      const { jobs } = await standIn.get('/__sim/jobs');
      expect(jobs).toMatchObject([{ status: 'SUCCESS', callBackUrl: hook.url }]);
    });

    it('callbacks-early: calls back before it answers', async () => {
      await fault('callbacks-early');
      await submit();
      expect(events()).toEqual(['complete']);
    });

    it('job-stuck: never gets anywhere', async () => {
      await fault('job-stuck');
      expect((await record(await submit())).data).toMatchObject({ status: 'PENDING', response: null });
    });

    it('job-failed: ends as it was told, and tells so', async () => {
      await fault('job-failed', { body: { status: 'SENSITIVE_WORD_ERROR', errorCode: 400, errorMessage: 'No.' } });
      const { data } = await ended(await submit());
      expect(data).toMatchObject({
        status: 'SENSITIVE_WORD_ERROR',
        errorCode: 400,
        errorMessage: 'No.',
        response: null,
      });
      await eventually(events, told => told.length === 1);
      expect(hook.received).toMatchObject([{ code: 400, data: { callbackType: 'error', data: null } }]);
    });

    it('other-case: spells its answer, its callback and its record in the other way', async () => {
      await fault('other-case');
      await standIn.fault({ endpoint: `GET ${generate}/record-info`, kind: 'other-case' });
      const { data: answer } = await order();
      expect(answer).toEqual({ task_id: expect.any(String) });
      const taskId = (answer as unknown as { task_id: string }).task_id;
      await eventually(events, told => told.length === 1);
      expect(hook.received).toMatchObject([{ data: { callbackType: 'complete', taskId } }]);
      const { data } = await ended(taskId);
      expect(data.response.sunoData).toMatchObject([
        { audio_url: expect.any(String) },
        { audio_url: expect.any(String) },
      ]);
    });

    it('callbacks-reordered: tells the end first', async () => {
      await start({ timeScale: 0.002 });
      await fault('callbacks-reordered');
      await submit();
      await eventually(events, told => told.length === 3);
      expect(events()).toEqual(['complete', 'first', 'text']);
    });

    it.each([400, 401, 404, 405, 413, 429, 430, 455, 500])('code, status: says %i in either way', async code => {
      await fault('code', { code, times: 1 });
      await fault('status', { status: code, after: 1 });
      for (const status of [200, code]) {
        const answer = await standIn.ask(generate, song());
        expect([answer.status, await answer.json()]).toMatchObject([status, { code, data: null }]);
      }
    });

    it.each([
      [429, 'Too Many Requests'],
      [502, '<html>Bad gateway</html>'],
      [200, ''],
    ])('status: says %i as whoever stands before the provider would', async (status, body) => {
      await fault('status', { status, body, headers: { 'content-type': 'text/html' } });
      const answer = await standIn.ask(generate, song());
      expect([answer.status, await answer.text()]).toEqual([status, body]);
    });

    it('one-track: keeps the second for itself', async () => {
      await fault('one-track');
      const { data } = await ended(await submit());
      expect(data.response.sunoData).toMatchObject([{ audioUrl: expect.stringContaining('.mp3') }, { audioUrl: '' }]);
    });

    it('tracks: says of them what it was told', async () => {
      await fault('tracks', { body: [{ audioUrl: '' }, { duration: null }, { id: 'third' }] });
      expect((await ended(await submit())).data.response.sunoData).toMatchObject([
        { audioUrl: '', duration: expect.any(Number) },
        { audioUrl: expect.stringContaining('.mp3'), duration: null },
        { id: 'third' },
      ]);
    });

    it.each([
      ['aligned-missing', []],
      [
        'aligned-unsure',
        [
          { word: '파도 ', success: false },
          { word: '소리\n', success: true },
        ],
      ],
      ['aligned-syllables', [{ word: '파' }, { word: '도 ' }, { word: '소' }, { word: '리\n' }]],
    ])('%s: times the words so', async (kind, words) => {
      await standIn.fault({ endpoint: `POST ${generate}/get-timestamped-lyrics`, kind });
      expect(await wordsOf(await submit({ prompt: '파도 소리' }))).toMatchObject(words);
    });
  });
});
