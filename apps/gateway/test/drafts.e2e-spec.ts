import { GenerateLyric, GenerateSong, type Lyric, LyricFailed, LyricGenerated, message } from '@castad/contracts';
import { newId } from '@castad/platform';
import { aLyric, aPlan, eventually, refusal, Rest, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startAlone } from './alone.ts';
import { eventsOf, tellAll } from './told.ts';

jest.setTimeout(120_000);

const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung', music: { durationSeconds: 10, style: 'jazz' } };
const drafts: Lyric[] = ['One', 'Two', 'Three'].map(title => ({ ...aLyric(), title }));
const [one, two, three] = drafts as [Lyric, Lyric, Lyric];
const asked = { stopAfter: 'lyric', drafts: 3 };

interface View {
  id: string;
  revision: number;
  status: string;
  stages: { status: string; result?: number; stale: boolean; output?: object }[];
}

describe('an order of several drafts', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let rest: Rest;

  beforeAll(async () => {
    ({ bed, app } = await startAlone());
    rest = new Rest(await app.getUrl());
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const create = (more: object) =>
    rest.post<View>('/v1/projects', { ...brief, run: true, withoutPhotos: true, ...more });
  const post = (id: string, what: string, body?: object, key = newId()) =>
    rest.post<View>(`/v1/projects/${id}/${what}`, body, { 'idempotency-key': key });
  const choose = (id: string, body: object, key = newId()) =>
    rest.call<View>('PUT', `/v1/projects/${id}/lyric/choice`, {
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
  const project = async (id: string) => (await rest.get<View>(`/v1/projects/${id}`)).body;
  const becomes = (id: string, expected: object) =>
    eventually(async () => expect(await project(id)).toMatchObject(expected), 40_000);
  const written = (taskId: string, revision = 1, all = drafts) =>
    tellAll(bed.topics, [
      {
        event: message(LyricGenerated, {
          ...{ taskId, revision, plan: aPlan({ stopAfter: 'lyric' }) },
          ...{ lyric: all[0] as Lyric, drafts: all, draftsAsked: 3 },
        }),
        second: revision,
      },
    ]);
  const commands = (type: typeof GenerateLyric | typeof GenerateSong, id: string, count: number) =>
    eventually(async () => {
      const seen = (await bed.topics.read(type.topic)).filter(({ key }) => key === id);
      expect(seen).toHaveLength(count);
      return seen.map(({ data }) => data);
    });
  /** A project whose three drafts are there. */
  const drafted = async () => {
    const { id } = (await create(asked)).body;
    await written(id);
    await becomes(id, { status: 'waiting' });
    return id;
  };

  it('is one command, and shows all that was written, of which the first counts', async () => {
    const { id } = (await create(asked)).body;
    expect(await commands(GenerateLyric, id, 1)).toMatchObject([{ drafts: 3, plan: { stopAfter: 'lyric' } }]);
    await written(id);
    await becomes(id, {
      status: 'waiting',
      stages: [{ status: 'completed', output: { ...one, draft: 1, drafts } }, {}, {}],
    });
  });

  it('is sung with the draft that was chosen', async () => {
    const id = await drafted();
    const chosen = await choose(id, { revision: 1, draft: 3 });
    expect(chosen.body).toMatchObject({
      revision: 2,
      stages: [{ result: 1, output: { ...three, draft: 3, drafts } }, {}, {}],
    });
    await post(id, 'run', { revision: 2 });
    expect(await commands(GenerateSong, id, 1)).toMatchObject([{ revision: 3, lyric: three }]);
    await tellAll(bed.topics, eventsOf(id, 3).slice(1));
    await becomes(id, { status: 'completed', stages: [{}, { stale: false }, { stale: false }] });
    expect((await choose(id, { revision: 1, draft: 2 })).body).toMatchObject({
      revision: 4,
      stages: [{ output: { ...two, draft: 2 } }, { stale: true }, { stale: true }],
    });
    expect((await choose(id, { revision: 1, draft: 3 })).body).toMatchObject({
      stages: [{}, { stale: false }, { stale: false }],
    });
  });

  it('is chosen from as often as one likes: the same again changes nothing, and no draft is the first', async () => {
    const id = await drafted();
    const key = newId();
    expect((await choose(id, { revision: 1, draft: 2 }, key)).body).toMatchObject({ revision: 2 });
    expect((await choose(id, { revision: 1, draft: 2 }, key)).body).toMatchObject({ revision: 2 });
    expect((await choose(id, { revision: 1, draft: 2 })).body).toMatchObject({ revision: 2 });
    expect((await choose(id, { revision: 1 })).body).toMatchObject({ revision: 3, stages: [{ output: one }, {}, {}] });
  });

  it('is chosen from later too, when another lyric counts', async () => {
    const id = await drafted();
    await post(id, 'lyric', { again: true });
    await tellAll(bed.topics, eventsOf(id, 2, aPlan({ stopAfter: 'lyric' })).slice(0, 1));
    await becomes(id, { status: 'waiting', stages: [{ result: 2, output: aLyric() }, {}, {}] });
    expect((await project(id)).stages[0]?.output).toEqual(aLyric());
    expect((await choose(id, { revision: 1, draft: 2 })).body.stages).toMatchObject([
      { result: 1, output: { ...two, draft: 2, drafts } },
      {},
      {},
    ]);
    expect((await choose(id, { revision: 2 })).body.stages[0]).toMatchObject({ result: 2, output: aLyric() });
  });

  it('is edited from the draft that was chosen', async () => {
    const id = await drafted();
    await choose(id, { revision: 1, draft: 2 });
    const { sections } = three;
    await rest.call('PUT', `/v1/projects/${id}/lyric`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sections }),
    });
    const [, own] = await commands(GenerateLyric, id, 2);
    expect(own).toMatchObject({ lyric: { title: two.title, style: two.style, sections } });
  });

  it('has fewer drafts than were asked for, and says so', async () => {
    const { id } = (await create(asked)).body;
    await written(id, 1, [two, three]);
    const note = 'Of the 3 drafts that were asked for, the model wrote 2 that can be sung.';
    await becomes(id, { stages: [{ output: { ...two, draft: 1, drafts: [two, three], note } }, {}, {}] });
    expect(refusal(await choose(id, { revision: 1, draft: 3 }))).toBe('404 DRAFT_NOT_FOUND');
  });

  it('is refused a draft that is not there, or of a lyric that is not', async () => {
    const id = await drafted();
    await post(id, 'lyric', { again: true });
    await tellAll(bed.topics, eventsOf(id, 2, aPlan({ stopAfter: 'lyric' })).slice(0, 1));
    await becomes(id, { status: 'waiting', stages: [{ result: 2 }, {}, {}] });
    expect(refusal(await choose(id, { revision: 2, draft: 2 }))).toBe('404 DRAFT_NOT_FOUND');
    expect(refusal(await choose(id, { revision: 3, draft: 2 }))).toBe('404 REVISION_NOT_FOUND');
    for (const draft of [0, 4, 1.5, 'two'])
      expect(refusal(await choose(id, { revision: 1, draft }))).toBe('400 INVALID_INPUT');
    expect(await project(id)).toMatchObject({ revision: 2 });
  });

  it.each([
    ['nothing', {}],
    ['the song', { stopAfter: 'song' }],
    ['the film', { stopAfter: 'video' }],
  ])('is refused where it would end with %s: nobody could choose', async (_, stopAfter) => {
    expect(refusal(await create({ drafts: 2, ...stopAfter }))).toBe('400 DRAFTS_WITHOUT_STOP');
    const { id } = (await create({ run: false, withoutPhotos: false })).body;
    expect(refusal(await post(id, 'run', { drafts: 2, ...stopAfter }))).toBe('400 DRAFTS_WITHOUT_STOP');
    expect(await project(id)).toMatchObject({ status: 'draft', revision: 0 });
  });

  it.each([0, 4, 2.5, 'many'])('is refused with %j drafts', async count => {
    expect(refusal(await create({ ...asked, drafts: count }))).toBe('400 INVALID_INPUT');
  });

  it('may name the one draft that every order has', async () => {
    expect((await create({ drafts: 1 })).status).toBe(202);
  });

  it('is paid for once, whoever asks for it twice', async () => {
    const { id } = (await create({ run: false, withoutPhotos: false })).body;
    const key = newId();
    expect((await post(id, 'lyric', { drafts: 3 }, key)).body).toMatchObject({ revision: 1 });
    expect((await post(id, 'lyric', { drafts: 3 }, key)).body).toMatchObject({ revision: 1 });
    expect((await post(id, 'lyric', { drafts: 3 })).body).toMatchObject({ revision: 1 });
    expect((await post(id, 'run', asked)).body).toMatchObject({ revision: 1 });
    for (const other of [{}, { drafts: 2 }]) expect(refusal(await post(id, 'lyric', other))).toBe('409 ORDER_RUNNING');
    await written(id);
    await becomes(id, { status: 'waiting' });
    expect(refusal(await post(id, 'lyric', { drafts: 3 }))).toBe('409 STAGE_DONE');
    expect(refusal(await post(id, 'run', asked))).toBe('409 NOTHING_TO_DO');
    expect((await post(id, 'lyric', { drafts: 2, again: true })).status).toBe(202);
    expect(await commands(GenerateLyric, id, 2)).toMatchObject([{ drafts: 3 }, { drafts: 2 }]);
  });

  it('is retried with as many drafts', async () => {
    const { id } = (await create(asked)).body;
    const failure = { code: 'OPENAI_GARBAGE', reason: 'No lyric.', retryable: true };
    await tellAll(bed.topics, [{ event: message(LyricFailed, { taskId: id, revision: 1, ...failure }), second: 1 }]);
    await becomes(id, { status: 'failed' });
    await post(id, 'retry');
    expect(await commands(GenerateLyric, id, 2)).toMatchObject([{ drafts: 3 }, { revision: 2, drafts: 3 }]);
  });
});
