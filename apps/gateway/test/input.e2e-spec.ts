import { newId } from '@castad/platform';
import { type Answer, bootWith, eventually, refusal, Rest, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import axios from 'axios';
import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';
import { Listener } from './listener.ts';
import { eventsOf, tellAll } from './told.ts';

jest.setTimeout(240_000);

const SERVICE = 'gateway';
const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung' };
const json = { 'content-type': 'application/json' };

interface View {
  taskId: string;
  status: string;
  businessName: string;
}

interface Document {
  paths: Record<string, Record<string, unknown>>;
}

const lyric = (line: string, more: object = {}) => ({
  style: 'jazz',
  sections: [{ label: 'verse', lines: [line] }],
  ...more,
});

/** Whatever a keyboard, a broken client or an attacker may send as a text. */
const nasty = {
  'half a character': 'a\ud83c',
  'the other half': '\udfb5a',
  NUL: 'a\0b',
  'an escape': 'a\u001b[31m',
  'an old control': 'a\u0085b',
  'the line separator': 'a\u2028b',
  nothing: '',
  'a space': ' ',
  'the Hangul filler': '\u3164\u3164',
  'braille blanks': '\u2800',
  'zero-width characters': '\u200b\u200c\u200d\ufeff',
  'selectors alone': '\ufe0f\ufe0f',
  'hearts with selectors': '❤️'.repeat(100),
  families: '👨‍👩‍👧‍👦'.repeat(40),
  accents: `e${'\u0301'.repeat(300)}`,
  'what grows when it is composed': '\u0958'.repeat(100),
  'four-byte characters': '🎵'.repeat(50),
  'the last code point': '\u{10ffff}',
  'no character': '\uffff',
  'right to left': '\u202eabc',
  SQL: `'; drop table project; -- \\`,
  markup: '<b>{\\an8}</b> --> [Verse]',
  'a template': '${jndi:ldap://x} {{7*7}} %s %00',
  'very much': 'x'.repeat(100_000),
};

/** Every text that the API takes, and how it is sent. */
const fields: Record<string, (rest: Rest, text: string) => Promise<Answer>> = {
  businessName: (rest, businessName) =>
    rest.post('/v1/projects', { ...brief, businessName, run: true, withoutPhotos: true }),
  region: (rest, region) => rest.post('/v1/projects', { ...brief, region, run: true, withoutPhotos: true }),
  description: (rest, description) =>
    rest.post('/v1/projects', { ...brief, description, run: true, withoutPhotos: true }),
  'music.style': (rest, style) =>
    rest.post('/v1/projects', { ...brief, music: { style }, run: true, withoutPhotos: true }),
  'video.template': (rest, template) => rest.post('/v1/projects', { ...brief, video: { template } }),
  externalId: (rest, externalId) => rest.post('/v1/projects', { ...brief, externalId }),
  'metadata.a': (rest, a) => rest.post('/v1/projects', { ...brief, metadata: { a } }),
  'a key of metadata': (rest, key) => rest.post('/v1/projects', { ...brief, metadata: { [key]: 'a' } }),
  title: async (rest, title) => rest.call('PUT', `${await draft(rest)}/lyric`, sent(lyric('la', { title }))),
  style: async (rest, style) => rest.call('PUT', `${await draft(rest)}/lyric`, sent(lyric('la', { style }))),
  'sections[0].lines[0]': async (rest, line) => rest.call('PUT', `${await draft(rest)}/lyric`, sent(lyric(line))),
  trackId: async (rest, trackId) =>
    rest.call('PUT', `${await draft(rest)}/song/choice`, sent({ revision: 1, trackId })),
  q: (rest, q) => rest.get(`/v1/projects?q=${encodeURIComponent(q.toWellFormed())}`),
};

const sent = (body: object) => ({ headers: json, body: JSON.stringify(body) });
const draft = async (rest: Rest) => `/v1/projects/${(await rest.post<View>('/v1/projects', brief)).body.taskId}`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('what clients send', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let url: string;
  let rest: Rest;

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate(SERVICE, migrations);
    const env = {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: 'http://127.0.0.1:9',
      INTERNAL_SECRET: 'the-secret-of-the-services',
      UPLOADS_MAX_CLIENTS: '2',
    };
    app = await bootWith(bed.env(SERVICE, env), GatewayModule, { http: setUpHttp });
    url = await app.getUrl();
    rest = new Rest(url);
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const order = async () =>
    (await rest.post<View>('/v1/projects', { ...brief, run: true, withoutPhotos: true })).body.taskId;

  describe('as text', () => {
    it.each(Object.keys(fields))('is stored or refused with a reason, whatever it is: %s', async field => {
      const send = fields[field] as (rest: Rest, text: string) => Promise<Answer>;
      for (const [name, text] of Object.entries(nasty)) {
        const answer = await send(rest, text);
        if (answer.status < 400) continue;
        const { errors = [] } = answer.body as { errors?: string[] };
        const said = [name, refusal(answer), errors.some(error => error.startsWith(field))];
        if (field === 'trackId' && answer.status === 404) continue;
        if (field === 'q' && answer.status === 431) continue;
        expect([name, '400 INVALID_INPUT', true]).toEqual(said);
      }
    });

    it('is stored composed, and found in either form', async () => {
      const name = `카페 ${newId()}`;
      const { body } = await rest.post<View>('/v1/projects', { ...brief, businessName: name.normalize('NFD') });
      expect(body.businessName).toBe(name);
      const found = await rest.get<{ projects: View[] }>(`/v1/projects?q=${encodeURIComponent(name.normalize('NFD'))}`);
      expect(found.body.projects.map(({ taskId }) => taskId)).toEqual([body.taskId]);
    });

    it('fits as long as the column holds it', async () => {
      const name = '❤️'.repeat(50);
      const fitting = await rest.post<View>('/v1/projects', { ...brief, businessName: name });
      expect([fitting.status, fitting.body.businessName]).toEqual([201, name]);
      const { body } = await rest.post('/v1/projects', { ...brief, businessName: '❤️'.repeat(51) });
      expect(body.errors).toEqual(['businessName must be at most 100 code points long and has 102']);
    });

    it('of a lyric is no longer than the smallest model takes, with its labels', async () => {
      const sections = Array.from({ length: 3 }, () => ({ label: 'verse', lines: Array(5).fill('x'.repeat(200)) }));
      const answer = await rest.call('PUT', `${await draft(rest)}/lyric`, sent({ style: 'jazz', sections }));
      expect(refusal(answer)).toBe('400 INVALID_INPUT');
      expect(answer.body.errors).toEqual([
        'sections must hold at most 200 lines and 3000 characters in all, with labels and line breaks, and has 15 and 3040',
      ]);
    });

    it('is refused line by line', async () => {
      const sections = [
        { label: 'verse', lines: ['Stay', '[Chorus]', '\u3164'] },
        { label: 'refrain', lines: ['la'] },
      ];
      const answer = await rest.call('PUT', `${await draft(rest)}/lyric`, sent({ style: 'jazz', sections }));
      expect(refusal(answer)).toBe('400 INVALID_INPUT');
      expect(answer.body.errors).toEqual([
        'sections[0].lines[1] must not hold square brackets: what they enclose is not sung; ' +
          'lines[2] must hold something that can be seen',
        expect.stringMatching(/^sections\[1\]\.label must be one of/),
      ]);
    });
  });

  describe('as an id', () => {
    const operations = async () => {
      const { body } = await rest.get<Document>('/openapi.json');
      return Object.entries(body.paths).flatMap(([path, methods]) =>
        path.includes('{projectId}') ? Object.keys(methods).map(method => [method.toUpperCase(), path] as const) : [],
      );
    };
    const answerTo = async (method: string, path: string, id: string, imageId = newId()) => {
      const bodies: Record<string, object> = { 'PUT /lyric': lyric('la'), 'PUT /lyric/choice': { revision: 1 } };
      const body = bodies[`${method} ${path.replace(/.*\}/, '')}`];
      const address = path.replace('{projectId}', id).replace('{imageId}', imageId).replace('{revision}', '1');
      const answer = await rest.call(method, address, body && sent(body));
      return [method, path, answer.status, answer.type, (answer.body as { code?: string }).code];
    };

    const addPhoto = (taskId: string, imageId: string) =>
      bed.query(
        SERVICE,
        'insert into image (task_id, image_id, position, content_type, size, created_at) values (?, ?, 0, "image/jpeg", 1, now())',
        [taskId, imageId],
      );

    it('means the same in upper case at every operation', async () => {
      const all = await operations();
      expect(all.length).toBeGreaterThan(15);
      for (const [method, path] of all) {
        const [lower, upper] = [await order(), await order()];
        const imageId = newId();
        for (const taskId of [lower, upper]) await addPhoto(taskId, imageId);
        expect(await answerTo(method, path, upper.toUpperCase(), imageId.toUpperCase())).toEqual(
          await answerTo(method, path, lower, imageId),
        );
        const [{ body: expected }, { body }] = [
          await rest.get<View>(`/v1/projects/${lower}`),
          await rest.get<View>(`/v1/projects/${upper}`),
        ];
        expect([method, path, body.status]).toEqual([method, path, expected.status]);
      }
    });

    it('that is none is not found, at every operation', async () => {
      for (const [method, path] of await operations())
        for (const id of ['7', '%F0%9F%98%80', `${newId()}0`, `${newId()}%20`])
          expect((await answerTo(method, path, id))[4]).toBe('TASK_NOT_FOUND');
    });

    it('in upper case cancels the order', async () => {
      const taskId = await order();
      const { status, body } = await rest.post(`/v1/projects/${taskId.toUpperCase()}/cancel`);
      expect([status, body]).toEqual([202, { projectId: taskId, taskId, revision: 1, status: 'cancelled', paid: [] }]);
      expect((await rest.get<View>(`/v1/projects/${taskId}`)).body.status).toBe('cancelled');
    });

    it('in upper case is told its events', async () => {
      const taskId = await order();
      const listener = await Listener.open(`${url}/v1/projects/${taskId.toUpperCase()}/events`);
      try {
        await tellAll(bed.topics, eventsOf(taskId).slice(0, 1));
        await eventually(
          async () => expect(listener.heard.map(({ event }) => event)).toEqual(['LyricGenerated']),
          60_000,
        );
      } finally {
        await listener.close();
      }
    });

    it('in upper case is a place in a list', async () => {
      const [older, newer] = [await order(), await order()];
      const { body } = await rest.get<{ projects: View[] }>(`/v1/projects?limit=1&cursor=${newer.toUpperCase()}`);
      expect(body.projects.map(({ taskId }) => taskId)).toEqual([older]);
    });
  });

  describe('as an address', () => {
    it.each([
      ['%zz', '400 BAD_REQUEST'],
      ['x'.repeat(1_000), '404 TASK_NOT_FOUND'],
      ['x'.repeat(5_000), '414 URI_TOO_LONG'],
      ['x'.repeat(50_000), '431 HEADERS_TOO_LARGE'],
    ])('is refused in the one form for refusals: %.5s', async (id, expected) => {
      expect(refusal(await rest.get(`/v1/projects/${id}`))).toBe(expected);
    });
  });

  describe('as JSON', () => {
    const send = (body: string, headers: Record<string, string> = json, path = '/v1/projects') =>
      rest.call<View>('POST', path, { body, headers });

    it('is the same request in whatever order its keys come', async () => {
      const key = { ...json, 'idempotency-key': newId() };
      const first = await send(
        '{"businessName":"Inn","region":"Sokcho","music":{"style":"jazz","durationSeconds":20}}',
        key,
      );
      const second = await send(
        '{"music":{"durationSeconds":20,"style":"jazz"},"region":"Sokcho","businessName":"Inn"}',
        key,
      );
      expect([first.status, second.status, second.body.taskId]).toEqual([201, 201, first.body.taskId]);
      const other = await send(
        '{"music":{"durationSeconds":21,"style":"jazz"},"region":"Sokcho","businessName":"Inn"}',
        key,
      );
      expect(refusal(other)).toBe('422 IDEMPOTENCY_KEY_REUSED');
    });

    it('is the same request as one that the version before took, and for that version as well', async () => {
      const body = { businessName: 'Inn', region: 'Sokcho' };
      const asBefore = sha256(
        '{"businessName":"Inn","language":"ko","music":{"durationSeconds":30},"region":"Sokcho","run":false,"video":{"format":"9:16"}}',
      );
      const key = newId();
      const first = await rest.post<View>('/v1/projects', body, { 'idempotency-key': key });
      const rows = await bed.query(SERVICE, 'select canonical, task_id from idempotency_key where id = ?', [
        sha256(key),
      ]);
      expect(rows).toEqual([{ canonical: asBefore, task_id: first.body.taskId }]);
      await bed.query(SERVICE, 'update idempotency_key set request = null, answer = null where id = ?', [sha256(key)]);
      const second = await rest.post<View>('/v1/projects', body, { 'idempotency-key': key });
      expect([second.status, second.body.taskId]).toEqual([201, first.body.taskId]);
    });

    it.each([['x'.repeat(256)], ['caf\u00e9'], ['a\tb']])('is not taken with the key %j', async key => {
      expect(refusal(await rest.post('/v1/projects', brief, { 'idempotency-key': key }))).toBe(
        '400 INVALID_IDEMPOTENCY_KEY',
      );
    });

    it.each([
      '{"businessName":',
      '{"businessName":"Inn"} x',
      '\u0000',
      '{"__proto__":{}}',
      '{"a":{"constructor":{"prototype":1}}}',
    ])('is refused where it is none: %j', async body => {
      expect(refusal(await send(body))).toBe('400 INVALID_JSON');
    });

    it.each([
      ['lists', '['.repeat(120_000) + ']'.repeat(120_000)],
      ['objects', '{"a":'.repeat(40_000) + '1' + '}'.repeat(40_000)],
      ['lists in a known field', `{"businessName":"Inn","region":${'['.repeat(33)}${']'.repeat(33)}}`],
    ])('is refused where it is nested too deep: %s', async (_, body) => {
      expect(refusal(await send(body))).toBe('400 INVALID_JSON');
    });

    it('is refused in another encoding', async () => {
      const body = Buffer.from('{"businessName":"caf\u00e9","region":"Sokcho"}', 'latin1');
      expect(refusal(await rest.call('POST', '/v1/projects', { body, headers: json }))).toBe('400 INVALID_JSON');
    });

    it.each<[string, Record<string, string>]>([
      ['no type', {}],
      ['the type of JSON', json],
      ['the type of a form, as curl -d sends it', { 'content-type': 'application/x-www-form-urlencoded' }],
    ])('may be empty where nothing is needed, with %s', async (_, headers) => {
      const taskId = await order();
      const at = `/v1/projects/${taskId}`;
      const call = async (path: string) => (await rest.call('POST', at + path, { headers })).status;
      expect([await call('/run'), await call('/cancel'), await call('/retry')]).toEqual([202, 202, 202]);
    });

    it('is taken or refused, and nothing breaks, whatever its shape', async () => {
      const whole = { ...brief, description: '', language: 'ko', music: { style: 'jazz' }, video: { format: '9:16' } };
      const values: unknown[] = [
        null,
        true,
        -1,
        1.5,
        1e308,
        '',
        [],
        [[]],
        {},
        { a: 1 },
        ['a', null],
        { constructor: 1 },
        { length: 1 },
      ];
      const keys = [...Object.keys(whole), 'run', 'stopAfter', 'constructor', 'toString', 'then', 'hasOwnProperty', ''];
      const owned = lyric('la');
      const project = await draft(rest);
      for (const value of values) {
        const bodies = [value, ...keys.map(key => ({ ...whole, [key]: value })), { ...whole, music: { style: value } }];
        const lyrics = [{ ...owned, sections: value }, { ...owned, sections: [value] }, lyric(value as string)];
        const answers = await Promise.all([
          ...bodies.map(body => rest.post('/v1/projects', body)),
          ...lyrics.map(body => rest.call('PUT', `${project}/lyric`, sent(body))),
        ]);
        for (const answer of answers) if (answer.status >= 400) expect(refusal(answer)).toMatch(/^4\d\d /);
      }
    });

    it('names what is missing where it is empty and something is needed', async () => {
      const answer = await rest.call('POST', '/v1/projects', { headers: json });
      expect(refusal(answer)).toBe('400 INVALID_INPUT');
      expect(answer.body.errors).toEqual(['businessName must be a text', 'region must be a text']);
    });

    it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'text/json', '%'])(
      'is not %s',
      async type => {
        const answer = await send('stopAfter=lyric', { 'content-type': type }, `${await draft(rest)}/run`);
        expect(refusal(answer)).toBe('415 UNSUPPORTED_MEDIA_TYPE');
      },
    );

    it.each([true, false])('is told that it is too large, and the connection goes on: chunked %s', async isChunked => {
      const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 });
      try {
        const body = Buffer.alloc(30_000_000, ' ');
        const options = { httpAgent, timeout: 30_000, validateStatus: () => true, maxRedirects: 0 };
        for (let i = 0; i < 3; i++) {
          const data = isChunked ? Readable.from([body.subarray(0, 300_000), body]) : body;
          const answer = await axios.post(`${url}/v1/projects`, data, { ...options, headers: json });
          expect([answer.status, answer.data]).toMatchObject([413, { code: 'TOO_LARGE', status: 413 }]);
        }
        expect((await axios.get(`${url}/v1/projects`, options)).status).toBe(200);
      } finally {
        httpAgent.destroy();
      }
    });

    it('is not a form of files: an order would go without what it says', async () => {
      const body = new FormData();
      body.append('stopAfter', 'lyric');
      expect(refusal(await rest.call('POST', `${await draft(rest)}/run`, { body }))).toBe('415 UNSUPPORTED_MEDIA_TYPE');
    });
  });

  describe('as a form of photos', () => {
    /** An upload of which nothing but the beginning is sent. */
    const begun = (path: string) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(
        `POST ${path}/images HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\n` +
          'content-length: 1000\r\n\r\n--b\r\n',
      );
      return socket;
    };
    const isFull = async (path: string) => refusal(await rest.call('POST', `${path}/images`, { body: new FormData() }));

    it('is taken from so many clients at once, and from others when one has gone', async () => {
      const path = await draft(rest);
      const stays = begun(path);
      const leaves = begun(path);
      await eventually(async () => expect(await isFull(path)).toBe('429 TOO_MANY_UPLOADS'));
      const { headers } = await rest.call('POST', `${path}/images`, { body: new FormData() });
      expect(headers.get('retry-after')).toBe('1');
      leaves.destroy();
      await eventually(async () => expect(await isFull(path)).toBe('400 NO_FILE'));
      stays.destroy();
      expect((await rest.get<{ images: unknown[] }>(path)).body.images).toEqual([]);
    });
  });
});
