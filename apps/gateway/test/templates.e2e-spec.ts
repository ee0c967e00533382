import { GenerateLyric } from '@castad/contracts';
import { newId } from '@castad/platform';
import { bootWith, eventually, refusal, Rest, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';

jest.setTimeout(120_000);

const SECRET = 'the-secret-of-the-services';
const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung' };
const unknown = { code: 'TEMPLATE_UNKNOWN', reason: 'There is no such template.', detail: 'HTTP 404' };

interface Check {
  format: string;
  template?: string;
}

/** The gateway, and a video-service that says of templates what a test wants. */
describe('an order with a template', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let rest: Rest;
  let asked: (Check & { authorization?: string })[];
  let answer: (check: Check) => { status: number; body: object };
  let catalogue: (url: string) => { status: number; body: object };

  const usable = () => ({ status: 200, body: { ok: true } });
  const away = () => ({ status: 503, body: { code: 'STOPPING' } });
  const videoService = createServer((call, reply) => {
    void text(call).then(body => {
      const check = body ? (JSON.parse(body) as Check) : undefined;
      if (check) asked.push({ ...check, authorization: call.headers.authorization });
      const { status, body: said } = check ? answer(check) : catalogue(call.url ?? '');
      reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
    });
  });

  beforeAll(async () => {
    await once(videoService.listen(0, '127.0.0.1'), 'listening');
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate('gateway', migrations);
    const env = bed.env('gateway', {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: `http://127.0.0.1:${(videoService.address() as AddressInfo).port}`,
      INTERNAL_SECRET: SECRET,
    });
    app = await bootWith(env, GatewayModule, { http: setUpHttp });
    rest = new Rest(await app.getUrl());
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
    videoService.closeAllConnections();
    await new Promise(resolve => videoService.close(resolve));
  });
  beforeEach(() => {
    [asked, answer] = [[], usable];
  });

  // A template of its own for each order: what was said of it is kept.
  const own = () => ({ video: { format: '9:16', template: newId() } });
  const create = (more: object, headers = {}) =>
    rest.post<{ taskId: string }>('/v1/projects', { ...brief, ...more }, headers);
  const post = (taskId: string, what: string, body = {}) =>
    rest.post(`/v1/projects/${taskId}/${what}`, { ...(what !== 'song' && { withoutPhotos: true }), ...body });
  const projects = async () => (await bed.query<{ n: number }>('gateway', 'select count(*) n from project'))[0]?.n;
  const commands = async (taskId: string) =>
    (await bed.topics.read(GenerateLyric.topic)).filter(({ key }) => key === taskId);

  it('is accepted when films can be made with it, and asked about once', async () => {
    const { video } = own();
    const orders = [
      await create({ video, run: true, withoutPhotos: true }),
      await create({ video, run: true, withoutPhotos: true }),
    ];
    expect(orders.map(({ status }) => status)).toEqual([202, 202]);
    expect(asked).toEqual([{ ...video, authorization: `Bearer ${SECRET}` }]);
  });

  it('is refused with the reason before anything is made or ordered', async () => {
    answer = () => ({ status: 200, body: unknown });
    const before = await projects();
    const refused = await create({ ...own(), run: true, withoutPhotos: true });
    expect(refusal(refused)).toBe('409 TEMPLATE_UNKNOWN');
    expect(refused.body).toMatchObject({ title: 'There is no such template. (HTTP 404)' });
    expect(await projects()).toBe(before);
  });

  it.each(['run', 'song', 'video'])('is refused at %s, and the lyric alone is made', async what => {
    answer = () => ({ status: 200, body: unknown });
    const { taskId } = (await create(own())).body;
    if (what === 'run') expect(refusal(await post(taskId, what, { stopAfter: 'song' }))).toBe('409 TEMPLATE_UNKNOWN');
    // Without a lyric there is no song yet: whatever comes first, nothing is ordered.
    expect(refusal(await post(taskId, what))).toMatch(/^409 /);
    expect(await commands(taskId)).toEqual([]);
    expect((await post(taskId, 'run', { stopAfter: 'lyric' })).status).toBe(202);
    await eventually(async () => expect(await commands(taskId)).toHaveLength(1));
  });

  it('is refused where the format has no template', async () => {
    answer = ({ format }) =>
      format === '1:1' ? { status: 200, body: { code: 'TEMPLATE_MISSING', reason: 'None.' } } : usable();
    expect(refusal(await create({ video: { format: '1:1' }, run: true, withoutPhotos: true }))).toBe(
      '409 TEMPLATE_MISSING',
    );
    expect((await create({ video: { format: '16:9' }, run: true, withoutPhotos: true })).status).toBe(202);
    const before = await projects();
    const several = await create({ video: { formats: ['16:9', '1:1'] }, run: true, withoutPhotos: true });
    expect(refusal(several)).toBe('409 TEMPLATE_MISSING');
    expect(await projects()).toBe(before);
  });

  describe('while video-service cannot say', () => {
    it("waits for it with a template of the client's own, and is accepted afterwards", async () => {
      answer = away;
      const { taskId } = (await create(own())).body;
      const refused = await post(taskId, 'run');
      expect(refusal(refused)).toBe('503 TEMPLATE_UNCHECKED');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await commands(taskId)).toEqual([]);
      answer = usable;
      await eventually(async () => expect((await post(taskId, 'run')).status).toBe(202));
    });

    it('is accepted with the configured template', async () => {
      const another = await bootWith(
        bed.env('gateway', {
          STORAGE_URL: 'http://127.0.0.1:9',
          VIDEO_URL: 'http://127.0.0.1:9',
          INTERNAL_SECRET: SECRET,
        }),
        GatewayModule,
        { http: setUpHttp },
      );
      try {
        const other = new Rest(await another.getUrl());
        expect((await other.post('/v1/projects', { ...brief, run: true, withoutPhotos: true })).status).toBe(202);
        const refused = await other.post('/v1/projects', { ...brief, ...own(), run: true, withoutPhotos: true });
        expect(refusal(refused)).toBe('503 TEMPLATE_UNCHECKED');
      } finally {
        await another.close();
      }
    });

    it('that is running, or was placed with the same key, is still that order', async () => {
      const [film, key] = [own(), { 'idempotency-key': newId() }];
      const { taskId } = (await create({ ...film, run: true, withoutPhotos: true }, key)).body;
      answer = away;
      asked = [];
      expect((await create({ ...film, run: true, withoutPhotos: true }, key)).body).toMatchObject({ taskId });
      expect((await post(taskId, 'run')).status).toBe(202);
      expect(asked).toEqual([]);
    });
  });

  describe('can be chosen from those there are', () => {
    const template = { id: 'paper', name: 'Paper', tags: ['warm'], defaultFor: [] };

    it('by a list and by one', async () => {
      const [all, one] = [{ templates: [template] }, { ...template, slots: {} }];
      catalogue = url => ({ status: 200, body: url === '/internal/templates' ? all : one });
      expect(await rest.call('GET', '/v1/templates')).toMatchObject({ status: 200, body: all });
      expect(await rest.call('GET', '/v1/templates/paper')).toMatchObject({ status: 200, body: one });
    });

    it('with a clear answer where there is none, or nobody can say', async () => {
      catalogue = () => ({ status: 404, body: unknown });
      expect(refusal(await rest.call('GET', '/v1/templates/none%2F..%2Fadmin'))).toBe('404 TEMPLATE_NOT_FOUND');
      catalogue = () => ({ status: 500, body: {} });
      expect(refusal(await rest.call('GET', `/v1/templates/${'x'.repeat(101)}`))).toBe('404 TEMPLATE_NOT_FOUND');
      catalogue = () => ({ status: 503, body: {} });
      expect(refusal(await rest.call('GET', '/v1/templates'))).toBe('503 TEMPLATE_UNCHECKED');
    });
  });
});
