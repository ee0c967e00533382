import { newId } from '@castad/platform';
import { bootWith, refusal, Rest, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';

jest.setTimeout(120_000);

const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung' };

interface Content {
  content?: Record<string, { schema: { $ref?: string } }>;
}

interface Operation {
  operationId: string;
  summary: string;
  deprecated?: boolean;
  parameters?: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: Content;
  responses: Record<string, Content & { description: string }>;
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties?: Record<string, { deprecated?: boolean }> }> };
}

describe("the gateway's description of itself", () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let url: string;
  let rest: Rest;
  let document: Document;
  let ajv: Ajv2020;

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate('gateway', migrations);
    const env = {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: 'http://127.0.0.1:9',
      INTERNAL_SECRET: 'the-secret-of-the-services',
    };
    app = await bootWith(bed.env('gateway', env), GatewayModule, { http: setUpHttp });
    url = await app.getUrl();
    rest = new Rest(url);
    document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
    ajv = new Ajv2020({ strict: false, schemas: [{ $id: 'api', ...document }] });
    formats.default(ajv);
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );

  it('is OpenAPI 3.1, with every reference and schema in it', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'CASTAD', version: '1' } });
    for (const name of Object.keys(document.components.schemas))
      expect(() => ajv.compile({ $ref: `api#/components/schemas/${name}` })).not.toThrow();
    const references = JSON.stringify(document).match(/"\$ref":"([^"]+)"/g) ?? [];
    expect(references.length).toBeGreaterThan(10);
    for (const reference of references) {
      const name = /#\/components\/schemas\/(\w+)"/.exec(reference)?.[1];
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
  });

  it('names each operation once, with its parameters and how it is answered', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations()) {
      const inPath = (operation.parameters ?? []).filter(parameter => parameter.in === 'path' && parameter.required);
      expect(inPath.map(({ name }) => name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]));
      if (path.startsWith('/v1/')) {
        expect(operation.summary).toBeTruthy();
        expect(Object.keys(operation.responses).some(status => /^[23]/.test(status))).toBe(true);
        expect(operation.responses).toHaveProperty('503');
      }
      for (const { description } of Object.values(operation.responses)) expect(typeof description).toBe('string');
    }
  });

  it('names a project in one way, and keeps the names of before as deprecated', () => {
    expect(Object.keys(document.paths).filter(path => path.includes('{taskId}'))).toEqual([]);
    const aliases = Object.values(document.components.schemas).flatMap(({ properties = {} }) =>
      ['taskId', 'assetId'].flatMap(alias => (properties[alias] ? [{ ...properties[alias], properties }] : [])),
    );
    expect(aliases.length).toBeGreaterThan(5);
    for (const { deprecated, properties } of aliases)
      expect([deprecated, 'id' in properties || 'projectId' in properties]).toEqual([true, true]);
  });

  it('promises what the API keeps: every operation is there and answers in a form it describes', async () => {
    const made = await rest.post('/v1/projects', { ...brief, run: true, withoutPhotos: true });
    const draft = await rest.post('/v1/projects', brief);
    const answers = [made.body.taskId as string, draft.body.taskId as string, newId()].flatMap(taskId =>
      operations()
        .filter(({ path }) => path.startsWith('/v1/'))
        .map(async ({ path, method, operation }) => {
          const answer = await rest.call(method.toUpperCase(), path.replace('{projectId}', taskId));
          return { path, method, answer, described: operation.responses[answer.status] };
        }),
    );
    expect(answers.length).toBeGreaterThanOrEqual(3 * 13);
    for (const { path, method, answer, described } of await Promise.all(answers)) {
      const where = `${method} ${path} ${answer.status} ${String(answer.body.code)}`;
      expect([where, described !== undefined]).toEqual([where, true]);
      const [[type, { schema }]] = Object.entries(described?.content ?? { [answer.type]: { schema: {} } }) as [
        [string, { schema: { $ref?: string } }],
      ];
      expect([where, answer.type]).toEqual([where, type]);
      const admits = ajv.compile(schema.$ref ? { $ref: `api${schema.$ref}` } : schema);
      admits(answer.body);
      expect([where, admits.errors]).toEqual([where, null]);
    }
  });

  it('explains every code of a refusal on a page, and names the request', async () => {
    const refused = await rest.call('GET', `/v1/projects/${newId()}`);
    const { type, requestId } = refused.body as { type: string; requestId: string };
    expect(requestId).toBe(refused.headers.get('x-request-id'));
    const page = await fetch(new URL(type, url));
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('TASK_NOT_FOUND');
    expect(await (await fetch(`${url}/errors`)).text()).toContain('href="/errors/TASK_NOT_FOUND"');
    expect(refusal(await rest.call('GET', '/errors/%3Cscript%3E'))).toBe('404 NOT_FOUND');
  });

  it('marks the routes of the former system as ending, and keeps what it promises of them', async () => {
    const made = await rest.post('/project', { store_name: 'Sea Breeze Stay', region: 'Gangneung' });
    const taskId = made.body.task_id as string;
    await rest.post('/lyric/generate', { task_id: taskId });
    const ending = operations().filter(({ operation }) => operation.deprecated);
    expect(ending.map(({ path }) => path).sort()).toEqual([
      '/lyric/generate',
      '/lyric/status/{task_id}',
      '/project',
      '/project/image',
      '/song/generate/{task_id}',
      '/song/status/{task_id}',
      '/songs',
      '/video/download/{task_id}',
      '/video/generate/{task_id}',
      '/video/status/{render_id}',
      '/videos',
    ]);
    for (const { path, method, operation } of ending) {
      const body = method === 'post' ? { store_name: 'x', region: 'y', task_id: taskId } : undefined;
      const url = path.replace('{task_id}', taskId).replace('{render_id}', `${taskId}-1`);
      const answer = await (body ? rest.post(url, body) : rest.get(url));
      const schema = operation.responses[answer.status]?.content?.['application/json']?.schema as { $ref?: string };
      const where = `${method} ${path} ${answer.status}`;
      expect([where, answer.type, schema !== undefined]).toEqual([where, 'application/json', true]);
      const admits = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object);
      admits(answer.body);
      expect([where, admits.errors]).toEqual([where, null]);
    }
  });

  it('can be read as YAML, and browsed', async () => {
    const yaml = await fetch(`${url}/openapi.yaml`);
    expect([yaml.status, (await yaml.text()).includes('openapi: 3.1.0')]).toEqual([200, true]);
    const docs = await fetch(`${url}/docs`);
    expect(docs.headers.get('content-type')).toContain('text/html');
    expect(await docs.text()).toContain('swagger-ui');
    for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-init.js'])
      expect((await fetch(`${url}/docs/${file}`)).status).toBe(200);
  });
});
