import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startStudio, type Studio } from '../../../test/film.ts';
import {
  ApiError,
  client,
  createClient,
  createProject,
  events,
  type EventView,
  getProject,
  uploadImages,
  waitFor,
} from '../src/index.ts';

jest.setTimeout(180_000);

const root = join(import.meta.dirname, '../../..');
const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung', language: 'en', withoutPhotos: true } as const;

describe('the TypeScript client', () => {
  let studio: Studio;

  beforeAll(async () => {
    studio = await startStudio({});
    client.setConfig({ baseUrl: studio.system.gatewayUrl });
  });
  afterAll(() => studio?.close());

  it('makes a film as its README shows', async () => {
    const readme = readFileSync(join(root, 'clients/typescript/README.md'), 'utf8');
    const example = /```ts\n([^]*?)```/.exec(readme)?.[1] as string;
    const file = join(root, `clients/typescript/readme-${process.pid}.ts`);
    writeFileSync(file, example.replace('http://127.0.0.1:3000', studio.system.gatewayUrl));
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [file]);
      expect(stdout).toContain('LyricGenerated');
      const [url] = /^http.*$/m.exec(stdout) as RegExpExecArray;
      expect((await fetch(url)).headers.get('content-type')).toBe('video/mp4');
    } finally {
      rmSync(file);
    }
  });

  it('uploads files in their order', async () => {
    const { data: made } = await createProject({ body: { businessName: 'Sea Breeze Stay', region: 'Gangneung' } });
    const path = { projectId: made?.id as string };
    const images = ['03.jpg', '01.jpg'].map(name => new Blob([readFileSync(join(root, 'examples/photos', name))]));
    const sent = await uploadImages({ path, body: { images }, headers: { 'Idempotency-Key': 'photos' } });
    const { data: project } = await getProject({ path });
    expect(project?.images).toHaveLength(2);
    expect(project?.images).toEqual(sent.data?.images);
    const none = await uploadImages({ path, body: { images: [new Blob(['none'])] } });
    expect(none.error).toMatchObject({ status: 415, code: 'NOT_AN_IMAGE' });
  });

  it('follows events from where a lost connection ended, each once', async () => {
    const { data: made } = await createProject({ body: { ...brief, run: true } });
    const projectId = made?.id as string;
    await waitFor(projectId);
    let connections = 0;
    // Ends each stream after two events.
    const flaky = createServer((request, answer) => {
      connections++;
      const headers = request.headers as Record<string, string>;
      void fetch(studio.system.gatewayUrl + request.url, { headers }).then(async ({ status, headers, body }) => {
        answer.writeHead(status, { 'content-type': headers.get('content-type') as string });
        let text = 'retry: 1\n\n';
        for await (const chunk of body ?? []) {
          text += new TextDecoder().decode(chunk);
          const parts = text.replace(/^retry: 3000$/gm, 'retry: 1').split('\n\n');
          if (parts.filter(part => part.includes('data: ')).length < 2) continue;
          answer.end(`${parts.slice(0, 4).join('\n\n')}\n\n`);
          break;
        }
      });
    });
    await new Promise<void>(resolve => flaky.listen(0, '127.0.0.1', resolve));
    const through = createClient({ baseUrl: `http://127.0.0.1:${(flaky.address() as { port: number }).port}` });
    const seen: EventView[] = [];
    for await (const event of events({ client: through, projectId })) {
      seen.push(event);
      if (event.type === 'TaskCompleted') break;
    }
    flaky.closeAllConnections();
    flaky.close();
    expect(connections).toBeGreaterThan(1);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    expect(seen.map(({ type }) => type)).toEqual(expect.arrayContaining(['LyricGenerated', 'SongReady']));
  });

  it('throws what the API refuses, and stops when it is told to', async () => {
    const refused = waitFor('00000000-0000-7000-8000-000000000000');
    await expect(refused).rejects.toBeInstanceOf(ApiError);
    await expect(refused).rejects.toMatchObject({ status: 404, code: 'TASK_NOT_FOUND' });
    const stop = AbortSignal.abort(new Error('enough'));
    await expect(waitFor('00000000-0000-7000-8000-000000000000', { signal: stop })).rejects.toThrow();
  });
});
