import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, receiver, started, type Harness } from '../stand-in/harness.ts';
import type { Settings } from '../stand-in/settings.ts';
import { suno } from '../suno/suno.ts';
import { creatomate } from './creatomate.ts';

const portrait = '7c1f0a52-9a16-4c1e-8a51-09160916c0de';
const landscape = '7c1f0a52-169a-4c1e-8a51-16091609c0de';
const square = '7c1f0a52-11aa-4c1e-8a51-11001100c0de';
const terminal = ['succeeded', 'failed', 'cancelled'];

interface Render {
  id: string;
  status: string;
  url: string;
  snapshot_url: string;
  file_size: number;
  warnings: string[];
}

interface Source {
  elements: { name: string; type: string; text?: string }[];
}

describe('the Creatomate stand-in', () => {
  let standIn: Harness;
  let hook: Awaited<ReturnType<typeof receiver>>;

  const start = async (settings: Partial<Settings> = {}) => {
    await standIn?.close();
    standIn = await started(creatomate({ timeScale: 0, ...settings }));
  };
  beforeEach(async () => {
    hook = await receiver();
    await start();
  });
  afterEach(async () => {
    await standIn.close();
    await hook.close();
  });

  const script = (more: object = {}) => ({
    output_format: 'mp4',
    width: 1080,
    height: 1920,
    frame_rate: 30,
    duration: 12,
    elements: [{ name: 'Caption', type: 'text', time: 0, duration: 3, text: '안녕' }],
    ...more,
  });
  const submit = (body: object = script()) => standIn.post<Render>('/v2/renders', body);
  const look = (id: string) => standIn.get<Render>(`/v2/renders/${id}`);
  const ended = (id: string) =>
    eventually(
      () => look(id),
      render => terminal.includes(render.status),
    );
  const fault = (kind: string, more: object = {}) => standIn.fault({ endpoint: 'POST /v2/renders', kind, ...more });
  const problems = async () => (await standIn.requests('?method=POST'))[0]?.problems;

  it('takes a render with 202 and finishes it', async () => {
    const answer = await standIn.ask('/v2/renders', script({ metadata: 'attempt-1' }));
    const accepted = (await answer.json()) as { id: string };
    expect([answer.status, accepted]).toMatchObject([
      202,
      { status: 'planned', metadata: 'attempt-1', error_message: null },
    ]);
    expect(await ended(accepted.id)).toMatchObject({
      status: 'succeeded',
      width: 1080,
      height: 1920,
      duration: 12,
      frame_rate: 30,
      metadata: 'attempt-1',
    });
  });

  it('walks through its states', async () => {
    await start({ timeScale: 0.004, rateLimit: false });
    const { id } = await submit();
    const seen = new Set<string>();
    await eventually(
      () => look(id),
      ({ status }) => seen.add(status).has('succeeded'),
    );
    expect([...seen].filter(status => status !== 'planned')).toEqual(['waiting', 'rendering', 'succeeded']);
  });

  it('job-transcribed: listens to the song before it renders', async () => {
    await start({ timeScale: 0.004, rateLimit: false });
    await fault('job-transcribed');
    const { id } = await submit();
    await eventually(
      () => look(id),
      ({ status }) => status === 'transcribing',
    );
    expect(await ended(id)).toMatchObject({ status: 'succeeded' });
  });

  it('remarks: takes a script, and says what is wrong with it', async () => {
    const body = { errors: ['A font is missing.'], warnings: ['A photo is small.'] };
    await fault('remarks', { body });
    await standIn.fault({ endpoint: 'POST /v2/renders/dry-run', kind: 'remarks', body });
    expect(await submit()).toMatchObject({ status: 'planned', ...body });
    expect(await submit(script({ dry_run: true }))).toMatchObject({ valid: true, ...body });
  });

  it.each([400, 401, 402, 404])('status: refuses with %i and a hint', async status => {
    await fault('status', { status });
    const answer = await standIn.ask('/v2/renders', script());
    expect([answer.status, await answer.json()]).toEqual([
      status,
      { hint: expect.any(String), documentation: expect.any(String) },
    ]);
  });

  it('status: asks to slow down with and without a time', async () => {
    await fault('status', { status: 429, times: 1 });
    await fault('status', { status: 429, after: 1, headers: { 'retry-after': '' } });
    const waits = [];
    for (let n = 0; n < 2; n += 1) {
      const answer = await standIn.ask('/v2/renders', script());
      expect([answer.status, await answer.text()]).toEqual([429, 'Too Many Requests']);
      waits.push(answer.headers.get('retry-after'));
    }
    expect(waits).toEqual(['10', null]);
  });

  it('status: has forgotten a render and its file after a month', async () => {
    const { id } = await submit();
    const { url } = await ended(id);
    await standIn.fault({ endpoint: 'GET /v2/renders/*', kind: 'status', status: 404 });
    await standIn.fault({ endpoint: 'GET /media/*', kind: 'status', status: 404 });
    expect([(await standIn.ask(`/v2/renders/${id}`)).status, (await standIn.ask(url)).status]).toEqual([404, 404]);
  });

  it('names its file from the start but serves it only when it is done', async () => {
    await fault('job-stuck', { times: 1 });
    const stuck = await submit();
    expect((await standIn.ask(stuck.url)).status).toBe(404);
    const { id } = await submit();
    const { url, snapshot_url, file_size } = await ended(id);
    const film = Buffer.from(await (await standIn.ask(url)).arrayBuffer());
    expect([film.length, film.toString('latin1', 4, 8)]).toEqual([file_size, 'ftyp']);
    expect((await standIn.ask(snapshot_url)).headers.get('content-type')).toBe('image/jpeg');
  });

  it('tells the webhook with the whole render', async () => {
    const { id } = await submit(script({ webhook_url: hook.url, metadata: 'attempt-1' }));
    await eventually(
      () => hook.received.length,
      count => count === 1,
    );
    expect(hook.received[0]).toEqual(await look(id));
  });

  it('does not repeat a webhook that failed', async () => {
    await hook.close();
    hook = await receiver(() => 500);
    const { id } = await submit(script({ webhook_url: hook.url }));
    await ended(id);
    expect((await standIn.get('/__sim/callbacks')).callbacks).toMatchObject([
      { job: id, event: 'succeeded', attempt: 1 },
    ]);
  });

  it('has a template for every format, listed without its source', async () => {
    const templates = await standIn.get<Render[]>('/v2/templates');
    expect(templates.map(template => template.id)).toEqual(expect.arrayContaining([landscape, portrait, square]));
    expect(templates[0]).not.toHaveProperty('source');
    expect(await standIn.get('/v2/templates?tags=castad,16:9,bright')).toMatchObject([{ id: landscape }]);
    expect((await standIn.ask('/v2/templates/nothing')).status).toBe(404);
  });

  it.each([portrait, landscape, square])('offers the prototypes of a film in template %s', async id => {
    const { source } = await standIn.get<{ source: Source }>(`/v2/templates/${id}`);
    const types = Object.fromEntries(source.elements.map(({ name, type }) => [name, type]));
    expect(types).toMatchObject({
      Photo: 'image',
      Caption: 'text',
      Name: 'text',
      Closing: 'composition',
      Song: 'audio',
    });
  });

  it('fills a template and drops what fits nothing, with a warning', async () => {
    const modifications = { Name: '하늘바다', 'Caption.text': '안녕', Nobody: 'x' };
    const request = { template_id: portrait, modifications, dry_run: true };
    const checked = await standIn.post<{ source: Source }>('/v2/renders', request);
    expect(checked).toMatchObject({ valid: true, warnings: [expect.stringContaining('Nobody')] });
    const text = (name: string) => checked.source.elements.find(element => element.name === name)?.text;
    expect([text('Name'), text('Caption')]).toEqual(['하늘바다', '안녕']);
    expect((await standIn.get('/__sim/jobs')).count).toBe(0);
    expect(await submit({ template_id: portrait, modifications })).toMatchObject({
      template_id: portrait,
      modifications,
    });
  });

  it('says odd things of a finished render when it is told to', async () => {
    const body = { url: null, duration: 'long', snapshot_url: 'none' };
    await standIn.post('/__sim/faults', { endpoint: 'POST /v2/renders', kind: 'job-odd', body });
    const { id } = await submit({ template_id: portrait });
    const read = () => standIn.get<Render>(`/v2/renders/${id}`);
    expect(await eventually(read, ({ status }) => status === 'succeeded')).toMatchObject(body);
  });

  describe('asked for a dry run', () => {
    const photo = (source: string) => ({ type: 'image', name: 'Photo', source });
    const dryRun = (elements: object[]) =>
      standIn.post<{ valid: boolean; errors: string[] }>('/v2/renders', {
        elements,
        duration: 3,
        dry_run: true,
        webhook_url: hook.url,
      });
    const count = async (what: string) => (await standIn.get<{ count: number }>(`/__sim/${what}`)).count;

    it('says whether it would take the order, and neither renders nor calls back', async () => {
      expect(await dryRun([photo('https://files.example/1.jpg')])).toMatchObject({ valid: true, errors: [] });
      const errors = [expect.stringContaining("'hologram' is not a type")];
      expect(await dryRun([{ type: 'hologram' }])).toMatchObject({ valid: false, errors });
      expect([await count('jobs'), await count('callbacks'), hook.received.length]).toEqual([0, 0, 0]);
    });

    it('is told apart from orders in the log and in faults', async () => {
      await standIn.post('/__sim/faults', { endpoint: 'POST /v2/renders', kind: 'status', status: 503 });
      expect(await dryRun([])).toMatchObject({ valid: true });
      expect(await count('requests?path=/v2/renders')).toBe(0);
      expect(await count('requests?path=/v2/renders/dry-run')).toBe(1);
    });
  });

  describe('with files', () => {
    let media: Harness;
    let files: { audioUrl: string; imageUrl: string };

    beforeEach(async () => {
      media = await started(suno({ timeScale: 0, callbacks: false }));
      const song = { customMode: false, instrumental: false, model: 'V5', callBackUrl: hook.url, prompt: 'sea' };
      const { data } = await media.post<{ data: { taskId: string } }>('/api/v1/generate', song);
      const record = `/api/v1/generate/record-info?taskId=${data.taskId}`;
      [files] = (await media.get<{ data: { response: { sunoData: [typeof files] } } }>(record)).data.response.sunoData;
    });
    afterEach(() => media.close());

    const film = (image: string, audio: string) =>
      script({
        elements: [
          { type: 'composition', elements: [{ name: 'Photo', type: 'image', source: image }] },
          { name: 'Photo', type: 'image', source: image },
          { name: 'Song', type: 'audio', source: audio },
        ],
      });

    it('fetches each of them once', async () => {
      const { id } = await submit(film(files.imageUrl, files.audioUrl));
      expect(await ended(id)).toMatchObject({ status: 'succeeded' });
      expect(await media.requests('?path=/media/*')).toMatchObject([{ status: 206 }, { status: 206 }]);
    });

    it('fails when one cannot be had', async () => {
      const { id } = await submit(film(`${media.url}/media/none.jpeg`, files.audioUrl));
      expect(await ended(id)).toMatchObject({
        status: 'failed',
        error_message: expect.stringMatching(/Unable to fetch asset.*HTTP 404/),
      });
    });

    it('fails when nobody is there', async () => {
      const { id } = await submit(film('http://127.0.0.1:1/photo.jpg', files.audioUrl));
      expect(await ended(id)).toMatchObject({
        status: 'failed',
        error_message: expect.stringContaining('Unable to fetch'),
      });
    });

    it('fails when a song is given for a photo', async () => {
      const { id } = await submit(film(files.audioUrl, files.audioUrl));
      expect(await ended(id)).toMatchObject({
        status: 'failed',
        error_message: expect.stringContaining('not a valid image'),
      });
    });

    it('asks for none when told so', async () => {
      await start({ mediaCheck: false });
      const { id } = await submit(film('http://127.0.0.1:1/photo.jpg', files.audioUrl));
      expect(await ended(id)).toMatchObject({ status: 'succeeded' });
    });
  });

  it('takes 30 calls in ten seconds and then answers 429 in plain text', async () => {
    const answers = [];
    for (let n = 0; n < 31; n += 1) answers.push(await standIn.ask('/v2/templates'));
    expect(answers.slice(0, 30).every(({ status }) => status === 200)).toBe(true);
    const { status, headers } = answers[30]!;
    expect([status, headers.get('content-type'), headers.get('x-ratelimit-remaining')]).toEqual([
      429,
      'text/plain; charset=utf-8',
      '0',
    ]);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it.each([
    ['neither template nor elements', { elements: undefined }, 400],
    ['an element of no type', { elements: [{ type: 'sticker' }] }, 400],
    ['metadata that is no text', { metadata: { id: 1 } }, 400],
    ['an output format nobody knows', { output_format: 'avi' }, 400],
    ['a webhook without address', { webhook_url: 'here' }, 400],
    ['a template nobody has', { template_id: 'nothing' }, 404],
  ])('refuses %s with a hint', async (_, change, status) => {
    const answer = await standIn.ask('/v2/renders', script(change));
    expect([answer.status, await answer.json()]).toEqual([
      status,
      { hint: expect.any(String), documentation: expect.any(String) },
    ]);
  });

  it('refuses a wrong key and an unknown render with a hint', async () => {
    const wrongKey = await standIn.ask('/v2/templates', undefined, { authorization: 'Bearer other' });
    expect([wrongKey.status, await wrongKey.json()]).toMatchObject([401, { hint: expect.any(String) }]);
    expect((await standIn.ask('/v2/renders/nothing')).status).toBe(404);
  });

  it('reports what would render otherwise than it was meant', async () => {
    await submit(
      script({
        fps: 30,
        elements: [
          { name: 'Photo', type: 'image', colour: 'red' },
          { name: 'Caption', type: 'text', text: 'late', time: 12 },
        ],
      }),
    );
    expect(await problems()).toEqual([
      'unknown field fps',
      'Photo has no property colour',
      'Photo has no source',
      'Caption starts after the end',
    ]);
  });

  it('finds nothing wrong with its own templates but the files to be filled in', async () => {
    for (const { id } of await standIn.get<Render[]>('/v2/templates')) {
      const { source } = await standIn.get<{ source: object }>(`/v2/templates/${id}`);
      expect((await submit(source)).warnings).toEqual([]);
    }
    const found = (await standIn.requests('?method=POST')).flatMap(request => request.problems);
    expect(new Set(found)).toEqual(new Set(['Photo has no source', 'Song has no source']));
  });

  it('warns of what it cannot draw', async () => {
    const { warnings } = await submit(
      script({
        elements: [
          { name: 'Photo', type: 'shape', mask_mode: 'alpha', fill_color: 'red', animations: [{ type: 'wipe' }] },
        ],
      }),
    );
    expect(warnings).toEqual([
      "The property 'mask_mode' of 'Photo' is not supported.",
      "The animation 'wipe' of 'Photo' is not supported.",
    ]);
  });

  it.each([
    [{ render_scale: 0.5 }, [540, 960]],
    [{ max_height: 480 }, [270, 480]],
    [{ render_scale: 0.5, max_width: 201 }, [200, 356]],
  ])('makes it as small as %j says', async (wish, size) => {
    const { id } = await submit(script(wish));
    const { width, height } = (await ended(id)) as unknown as { width: number; height: number };
    expect([width, height]).toEqual(size);
  });

  it.each([
    [
      'job-failed',
      { body: { error_message: 'Out of memory.' } },
      { status: 'failed', error_message: 'Out of memory.' },
    ],
    ['job-cancelled', {}, { status: 'cancelled' }],
  ])('can end in %s', async (kind, more, outcome) => {
    await fault(kind, more);
    const { id } = await submit();
    expect(await ended(id)).toMatchObject(outcome);
  });

  it('can call back before it answers', async () => {
    await fault('callbacks-early');
    await submit(script({ webhook_url: hook.url }));
    expect(hook.received).toMatchObject([{ status: 'succeeded' }]);
  });
});
