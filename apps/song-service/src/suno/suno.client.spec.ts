import { httpOptions, loadConfig, ProviderError } from '@castad/platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SongServiceConfig } from '../song-service.config.ts';
import { SunoClient } from './suno.client.ts';

type Answer = (reply: ServerResponse) => void;
const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  reply =>
    reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const page =
  (status: number, headers: Record<string, string> = {}): Answer =>
  reply =>
    reply.writeHead(status, { 'content-type': 'text/html', ...headers }).end('<html>Bad gateway</html>');
const ok = (data: unknown) => json({ code: 200, msg: 'success', data });
const refusal = (code: number, status = 200) => json({ code, msg: 'the prompt, the key', data: null }, status);

const song = {
  title: 'Sea Breeze',
  style: 'bright pop',
  sections: [
    { label: 'verse', lines: ['Waves are calling you', 'Stay with us'] },
    { label: 'chorus', lines: ['By the sea'] },
  ],
  durationSeconds: 30,
  callbackUrl: 'http://castad.example/callbacks/suno/the-token',
};
const words = '[Verse]\nWaves are calling you\nStay with us\n\n[Chorus]\nBy the sea';
const track = (changes: object = {}) => ({
  id: 'track-1',
  audioUrl: 'https://files.example/1.mp3',
  sourceAudioUrl: 'https://never.example/1.mp3',
  duration: 29.5,
  createTime: '1760000000000',
  ...changes,
});
const record = (status: string, sunoData?: unknown[] | null, more: object = {}) => ({
  taskId: 'job-1',
  param: JSON.stringify({ callBackUrl: song.callbackUrl }),
  status,
  response: sunoData === undefined ? null : { taskId: 'job-1', sunoData },
  ...more,
});

describe('SunoClient', () => {
  let answer: Answer;
  let client: SunoClient;
  let calls: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[];
  const server = createServer((call, reply) => {
    void text(call).then(body => {
      calls.push({ method: call.method, url: call.url, headers: call.headers, body });
      answer(reply);
    });
  });

  const open = (changes: Record<string, string> = {}) => {
    const config = loadConfig(SongServiceConfig, {
      MYSQL_URL: 'mysql://u:p@localhost/db',
      KAFKA_BROKERS: 'localhost:9092',
      PUBLIC_URL: 'http://castad.example',
      SUNO_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      SUNO_API_KEY: 'the-key',
      ...changes,
    });
    return new SunoClient(new HttpService(axios.create(httpOptions(config))), config);
  };
  const failure = async (call: Promise<unknown>): Promise<ProviderError> => {
    const thrown: unknown = await call.catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ProviderError);
    return thrown as ProviderError;
  };

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    client = open();
  });
  beforeEach(() => {
    calls = [];
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  describe('submit', () => {
    it('orders exactly the words, in the style, with our callback', async () => {
      answer = ok({ taskId: 'job-1' });
      expect(await client.submit(song)).toBe('job-1');
      const [call] = calls;
      expect(call).toMatchObject({ method: 'POST', url: '/api/v1/generate' });
      expect(call?.headers).toMatchObject({ authorization: 'Bearer the-key', 'user-agent': 'castad/1.0' });
      expect(JSON.parse(call?.body ?? '')).toEqual({
        customMode: true,
        instrumental: false,
        model: 'V6',
        title: 'Sea Breeze',
        style: 'bright pop',
        prompt: words,
        lyrics: words,
        duration: 30,
        callBackUrl: song.callbackUrl,
      });
    });

    it('calls the same address with and without a slash at its end', async () => {
      answer = ok({ taskId: 'job-1' });
      const { port } = server.address() as AddressInfo;
      for (const end of ['', '/', '//'])
        await open({ SUNO_BASE_URL: `http://127.0.0.1:${port}/below${end}` }).submit(song);
      expect(calls.map(({ url }) => url)).toEqual(Array(3).fill('/below/api/v1/generate'));
    });

    it('cuts title and style to what Suno takes', async () => {
      answer = ok({ taskId: 'job-1' });
      await client.submit({ ...song, title: 'x'.repeat(90), style: 'y'.repeat(1100) });
      const { title, style } = JSON.parse(calls[0]?.body ?? '') as { title: string; style: string };
      expect([title.length, style.length]).toEqual([80, 1000]);
    });

    it("cuts between characters, by Suno's way of counting, and as the model wants it", async () => {
      answer = ok({ taskId: 'job-1' });
      const old = open({ SUNO_MODEL: 'V4' });
      await old.submit({ ...song, title: `a${'🌊'.repeat(60)}`, style: '👨‍👩‍👧'.repeat(30) });
      const { title, style } = JSON.parse(calls[0]?.body ?? '') as { title: string; style: string };
      expect([title, style]).toEqual([`a${'🌊'.repeat(39)}`, '👨‍👩‍👧'.repeat(25)]);
    });

    it.each([
      ['V6', 1000, ['prompt', 'lyrics', 'duration']],
      ['V6_WILD', 1000, ['prompt', 'lyrics', 'duration']],
      ['V6_MINI', 1000, ['prompt', 'lyrics', 'duration']],
      ['V7', 1000, ['prompt', 'lyrics', 'duration']],
      ['V5_5', 1000, ['prompt', 'duration']],
      ['V5', 1000, ['prompt']],
      ['V4_5PLUS', 1000, ['prompt']],
      ['V4_5ALL', 1000, ['prompt']],
      ['V4_5', 1000, ['prompt']],
      ['V4', 200, ['prompt']],
    ])('sends to %s what it takes: a style of %i letters, and %j', async (model, length, fields) => {
      answer = ok({ taskId: 'job-1' });
      await open({ SUNO_MODEL: model }).submit({ ...song, style: 'y'.repeat(1100) });
      const body = JSON.parse(calls[0]?.body ?? '') as Record<string, string>;
      expect(body).toMatchObject({ model, style: 'y'.repeat(length) });
      expect(['prompt', 'lyrics', 'duration'].filter(field => field in body)).toEqual(fields);
    });

    it.each([
      ['V4', 2_993, 3_000],
      ['V5', 4_993, 5_000],
      ['V6', 4_993, 5_000],
    ])('sends %s no more words than it takes, and does not cut them', async (model, fits, all) => {
      answer = ok({ taskId: 'job-1' });
      const ofLength = (letters: number) => ({ ...song, sections: [{ label: 'verse', lines: ['x'.repeat(letters)] }] });
      await open({ SUNO_MODEL: model }).submit(ofLength(fits - 1));
      expect((JSON.parse(calls[0]?.body ?? '') as { prompt: string }).prompt).toHaveLength(all);
      expect(await failure(open({ SUNO_MODEL: model }).submit(ofLength(fits)))).toMatchObject({
        code: 'SUNO_TOO_LONG',
        refused: true,
      });
      expect(calls).toHaveLength(1);
    });

    it.each(['v6', 'chirp-v5', 'V', 'V6 '])('does not start with the model %j', name => {
      expect(() => open({ SUNO_MODEL: name })).toThrow('SUNO_MODEL must be the name of a model');
    });

    it('reads the job in either spelling, and whatever the HTTP status', async () => {
      answer = ok({ task_id: 'job-1' });
      expect(await client.submit(song)).toBe('job-1');
      answer = json({ code: 200, msg: 'success', data: { taskId: 'job-2' } }, 201);
      expect(await client.submit(song)).toBe('job-2');
      answer = json({ code: '200', data: { taskId: 'job-3' } }, 500);
      expect(await client.submit(song)).toBe('job-3');
    });

    it.each([
      [400, { code: 'SUNO_REFUSED', refused: true, retriable: false, account: false }],
      [401, { code: 'SUNO_UNAUTHORIZED', refused: true, retriable: false, account: true }],
      [402, { code: 'SUNO_CREDITS_EXHAUSTED', refused: true, retriable: false, account: true }],
      [403, { code: 'SUNO_UNAUTHORIZED', refused: true, retriable: false, account: true }],
      [404, { code: 'SUNO_NOT_FOUND', refused: true, retriable: false, account: false }],
      [405, { code: 'SUNO_LIMIT_EXCEEDED', refused: true, retriable: true, account: false, maxTries: 5 }],
      [408, { code: 'SUNO_SERVER_ERROR', refused: false, retriable: true, account: false }],
      [413, { code: 'SUNO_TOO_LONG', refused: true, retriable: false, account: false }],
      [429, { code: 'SUNO_CREDITS_EXHAUSTED', refused: true, retriable: false, account: true }],
      [430, { code: 'SUNO_RATE_LIMITED', refused: true, rateLimited: true, retryAfterMs: 10_000 }],
      [451, { code: 'SUNO_REFUSED', refused: true, retriable: false, account: false }],
      [455, { code: 'SUNO_MAINTENANCE', refused: true, account: true, retryAfterMs: 300_000 }],
      [500, { code: 'SUNO_SERVER_ERROR', refused: false, retriable: true, account: false }],
      [501, { code: 'SUNO_SERVER_ERROR', refused: false, retriable: true, account: false }],
      [531, { code: 'SUNO_SERVER_ERROR', refused: false, retriable: true, account: false }],
    ])('takes code %i as its meaning, whatever the HTTP status', async (code, meaning) => {
      answer = refusal(code);
      expect(await failure(client.submit(song))).toMatchObject(meaning);
      answer = refusal(code, code);
      expect(await failure(client.submit(song))).toMatchObject(meaning);
    });

    it.each([
      [429, { code: 'SUNO_RATE_LIMITED', refused: true, rateLimited: true, account: false, retryAfterMs: 7_000 }],
      [403, { code: 'SUNO_UNAUTHORIZED', refused: true, retriable: false, account: true }],
      [502, { code: 'SUNO_SERVER_ERROR', refused: false, retriable: true }],
      [503, { code: 'SUNO_SERVER_ERROR', refused: false, retriable: true, retryAfterMs: 7_000 }],
    ])('takes a %i without an envelope as a proxy would mean it', async (status, meaning) => {
      answer = page(status, { 'retry-after': '7' });
      expect(await failure(client.submit(song))).toMatchObject(meaning);
    });

    it('slows down for a window where a proxy does not say for how long', async () => {
      for (answer of [page(429), reply => void reply.writeHead(429).end()] satisfies Answer[])
        expect(await failure(client.submit(song))).toMatchObject({ rateLimited: true, retryAfterMs: 10_000 });
    });

    it("hands on Suno's own words with a refusal, and the status where there are none", async () => {
      answer = refusal(413);
      expect((await failure(client.submit(song))).detail).toBe('413 the prompt, the key');
      answer = json({ code: '429', msg: 'bad key the-key' });
      expect(await failure(client.submit(song))).toMatchObject({
        code: 'SUNO_CREDITS_EXHAUSTED',
        detail: '429 bad key [redacted]',
      });
      answer = page(502);
      expect((await failure(client.submit(song))).detail).toBe('HTTP 502');
    });

    it.each([
      ['a web page under 200', page(200)],
      ['nothing under 200', (reply: ServerResponse) => reply.writeHead(200).end()],
      ['null', json(null)],
      ['a list', json([])],
      ['no job id', ok({})],
      ['no data', ok(null)],
      ['a job id that is none', ok({ taskId: { id: 1 } })],
      ['a job id that no row can hold', ok({ taskId: 'x'.repeat(101) })],
      [
        'half an answer',
        (reply: ServerResponse) => reply.writeHead(200, { 'content-type': 'application/json' }).end('{"code":200,"da'),
      ],
    ])('does not know what became of the order when the answer is %s', async (_, given) => {
      answer = given;
      expect(await failure(client.submit(song))).toMatchObject({ code: 'SUNO_GARBAGE', refused: false });
    });

    it('does not know what became of the order when there is no answer in time', async () => {
      answer = () => undefined;
      expect(await failure(open({ HTTP_TIMEOUT_MS: '200' }).submit(song))).toMatchObject({
        code: 'SUNO_TIMEOUT',
        refused: false,
        retriable: true,
      });
    });

    it('does not know what became of the order when the connection breaks', async () => {
      answer = reply => reply.destroy();
      expect(await failure(client.submit(song))).toMatchObject({ code: 'SUNO_NO_ANSWER', refused: false });
      answer = reply => reply.writeHead(200, { 'content-length': '1000' }).write('{"code"', () => reply.destroy());
      expect(await failure(client.submit(song))).toMatchObject({ code: 'SUNO_NO_ANSWER', refused: false });
    });

    it('knows that nothing was ordered where nobody listens', async () => {
      const nobody = createServer();
      await once(nobody.listen(0, '127.0.0.1'), 'listening');
      const { port } = nobody.address() as AddressInfo;
      await new Promise(resolve => nobody.close(resolve));
      const away = open({ SUNO_BASE_URL: `http://127.0.0.1:${port}` });
      expect(await failure(away.submit(song))).toMatchObject({
        code: 'SUNO_UNREACHABLE',
        refused: true,
        retriable: true,
      });
    });

    it('lets neither key nor provider text out with an error', async () => {
      for (answer of [refusal(400), page(500), reply => reply.destroy()] satisfies Answer[]) {
        const error = await failure(client.submit(song));
        expect(`${error.message} ${error.stack} ${String((error.cause as Error).stack)}`).not.toMatch(
          /the-key|the prompt/,
        );
        expect(Object.keys(error.cause as object)).not.toContain('config');
      }
    });
  });

  describe('find', () => {
    const find = (data: unknown) => {
      answer = ok(data);
      return client.find('job-1');
    };

    it('asks for the job, and shows what Suno kept of the order', async () => {
      expect(await find(record('PENDING'))).toEqual({ state: 'running', echo: expect.stringContaining('the-token') });
      expect(calls[0]).toMatchObject({ method: 'GET', url: '/api/v1/generate/record-info?taskId=job-1' });
    });

    it.each(['PENDING', 'TEXT_SUCCESS', 'FIRST_SUCCESS', 'SOMETHING_NEW', 'constructor'])(
      'keeps waiting at %s',
      async status => {
        expect(await find(record(status, [track()]))).toMatchObject({ state: 'running' });
      },
    );

    it('finds the tracks, and never their source addresses', async () => {
      const second = track({ id: 'track-2', audioUrl: 'https://files.example/2.mp3' });
      expect(await find(record('SUCCESS', [track(), second]))).toMatchObject({
        state: 'done',
        tracks: [
          { trackId: 'track-1', url: 'https://files.example/1.mp3', durationSeconds: 29.5 },
          { trackId: 'track-2', url: 'https://files.example/2.mp3', durationSeconds: 29.5 },
        ],
      });
    });

    it('is content with the one track that can be used', async () => {
      const unusable = track({ id: 'track-2', audioUrl: '', duration: undefined });
      expect(await find(record('SUCCESS', [unusable, track()]))).toMatchObject({
        state: 'done',
        tracks: [{ trackId: 'track-1' }],
      });
    });

    it('takes the music although the callback failed, and waits while there is none', async () => {
      expect(await find(record('CALLBACK_EXCEPTION', [track()]))).toMatchObject({ state: 'done' });
      const failure = { code: 'SUNO_NO_TRACKS', retryable: true, detail: 'CALLBACK_EXCEPTION' };
      for (const none of [undefined, [], [track({ audioUrl: '' })]])
        expect(await find(record('CALLBACK_EXCEPTION', none))).toMatchObject({ state: 'stalled', failure });
    });

    it.each([
      ['no list', null],
      ['an empty list', []],
      ['entries that are no tracks', [null, 'x', { id: 1 }, {}]],
      ['no address', [track({ audioUrl: '' }), track({ audioUrl: null })]],
      [
        'addresses that are none',
        ['x', 'ftp://a.example/1', '//a', 7, 'https://u:p@a.example/1'].map(audioUrl => track({ audioUrl })),
      ],
      ['an address that no message can carry', [track({ audioUrl: `https://files.example/${'a'.repeat(2_000)}` })]],
      ['ids that are none', ['', 7, 'x'.repeat(101), 'a b', '\ud800'].map(id => track({ id }))],
    ])('has failed for good at a success with %s', async (_, sunoData) => {
      expect(await find(record('SUCCESS', sunoData, { errorCode: 531 }))).toMatchObject({
        state: 'failed',
        failure: { code: 'SUNO_NO_TRACKS', retryable: true, detail: 'SUCCESS 531' },
      });
    });

    it('reads what is harmlessly different', async () => {
      const given = track({
        audioUrl: ' https://files.example/바다 1.mp3 ',
        duration: '29.5',
        createTime: 1760000000000,
      });
      expect(await find(record('SUCCESS', [given]))).toMatchObject({
        tracks: [{ url: 'https://files.example/%EB%B0%94%EB%8B%A4%201.mp3', durationSeconds: 29.5 }],
      });
    });

    it.each([[undefined], [null], [0], [-3], ['soon'], [198_440], [[30]]])(
      'leaves a duration of %j to be measured',
      async duration => {
        expect(await find(record('SUCCESS', [track({ duration })]))).toMatchObject({
          state: 'done',
          tracks: [{ trackId: 'track-1', url: 'https://files.example/1.mp3' }],
        });
        const job = await find(record('SUCCESS', [track({ duration })]));
        expect(JSON.stringify(job)).not.toContain('durationSeconds');
      },
    );

    it('finds the tracks where they are spelt as in a callback', async () => {
      const given = {
        id: 'track-1',
        audio_url: 'https://files.example/1.mp3',
        source_audio_url: 'https://never.example',
      };
      expect(await find(record('SUCCESS', [given]))).toMatchObject({
        state: 'done',
        tracks: [{ trackId: 'track-1', url: 'https://files.example/1.mp3' }],
      });
    });

    it('takes each track once, and no more than were ordered', async () => {
      const many = ['a', 'a', 'b', 'c'].map(id => track({ id }));
      const job = await find(record('SUCCESS', many));
      expect(job).toMatchObject({ tracks: [{ trackId: 'a' }, { trackId: 'b' }] });
      expect((job as { tracks: unknown[] }).tracks).toHaveLength(2);
    });

    it.each([
      ['CREATE_TASK_FAILED', { code: 'SUNO_CREATE_FAILED', retryable: true }],
      ['GENERATE_AUDIO_FAILED', { code: 'SUNO_GENERATION_FAILED', retryable: true }],
      ['SENSITIVE_WORD_ERROR', { code: 'SUNO_SENSITIVE_WORDS', retryable: false }],
      ['VOCAL_REMOVAL_FAILED', { code: 'SUNO_FAILED', retryable: true }],
      ['SOME_NEW_ERROR', { code: 'SUNO_FAILED', retryable: true }],
    ])("knows why at %s, in our own words, and hands on the provider's apart", async (status, known) => {
      const errorMessage = `the provider's words about the-key and ${song.callbackUrl}/${'t'.repeat(43)}`;
      const job = await find(record(status, null, { errorCode: 501, errorMessage }));
      const detail = `${status} 501 the provider's words about [redacted] and http://castad.example/callbacks/[redacted]`;
      expect(job).toMatchObject({ state: 'failed', failure: { ...known, detail } });
      const { reason } = (job as { failure: { reason: string } }).failure;
      expect(reason).not.toContain("the provider's words");
    });

    it('says so when Suno does not know the job', async () => {
      answer = refusal(404);
      expect(await client.find('job-1')).toBeUndefined();
      answer = refusal(404, 404);
      expect(await client.find('job-1')).toBeUndefined();
    });

    it.each([
      [430, { code: 'SUNO_RATE_LIMITED', retriable: true }],
      [500, { code: 'SUNO_SERVER_ERROR', retriable: true }],
      [401, { code: 'SUNO_UNAUTHORIZED', account: true }],
      [429, { code: 'SUNO_CREDITS_EXHAUSTED', account: true }],
      [455, { code: 'SUNO_MAINTENANCE', account: true }],
    ])('may ask again after code %i', async (code, meaning) => {
      answer = refusal(code);
      expect(await failure(client.find('job-1'))).toMatchObject(meaning);
    });

    it.each([
      ['a web page', page(200)],
      ['a record without status', ok({ taskId: 'job-1' })],
      ['no record', ok(null)],
    ])('may ask again after %s', async (_, given) => {
      answer = given;
      expect(await failure(client.find('job-1'))).toMatchObject({ code: 'SUNO_GARBAGE', retriable: true });
    });
  });

  describe('words', () => {
    const word = (text: string, changes: object = {}) => ({
      word: text,
      success: true,
      startS: 1,
      endS: 1.5,
      palign: 0,
      ...changes,
    });
    const words = (alignedWords: unknown) => {
      answer = ok({ alignedWords, waveformData: [], hootCer: 0.1, isStreamed: false });
      return client.words('job-1', 'track-1');
    };

    it('asks for the words of one track', async () => {
      expect(await words([word('Waves ')])).toEqual([{ text: 'Waves ', start: 1, end: 1.5 }]);
      expect(calls[0]).toMatchObject({ method: 'POST', url: '/api/v1/generate/get-timestamped-lyrics' });
      expect(JSON.parse(calls[0]?.body ?? '')).toEqual({ taskId: 'job-1', audioId: 'track-1' });
    });

    it('leaves out the labels of sections, and keeps the ends of lines', async () => {
      const texts = (await words([word('[Verse]\nWaves '), word('you\n[Chorus]\nBy ')])).map(({ text }) => text);
      expect(texts).toEqual(['\nWaves ', 'you\n\nBy ']);
    });

    it('drops words without a reliable time, and what is no word', async () => {
      const poor = [word('a', { success: false }), word('b', { startS: null }), word('c', { endS: 'NaN' })];
      poor.push(word('e', { endS: -1 }), word('f', { startS: 3, endS: 2 }), word('g', { endS: 99_000 }));
      expect(await words([...poor, word('d'), null, 'e', { success: true, startS: 1, endS: 2 }])).toMatchObject([
        { text: 'd' },
      ]);
    });

    it('reads times that are written as text, or begin before the song', async () => {
      expect(await words([word('a', { startS: '1.25', endS: '2' }), word('b', { startS: -0.1 })])).toEqual([
        { text: 'a', start: 1.25, end: 2 },
        { text: 'b', start: 0, end: 1.5 },
      ]);
    });

    it.each([[null], [undefined], ['none'], [[]]])('has none in %j', async given => {
      expect(await words(given)).toEqual([]);
    });
  });
});
