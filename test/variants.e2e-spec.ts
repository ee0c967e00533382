import { Rest } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startStudio, type ProjectView, type Studio } from './film.ts';

jest.setTimeout(120_000);

interface Words {
  title: string;
  sections: { lines: string[] }[];
}

interface Drafts extends Words {
  draft: number;
  drafts: Words[];
}

interface Scaled {
  render_scale?: number;
}

describe('a film that is chosen step by step', () => {
  let studio: Studio;
  let rest: Rest;

  beforeAll(async () => {
    const appEnv = {
      'song-service': { SUNO_POLL_MS: '500' },
      'video-service': { CREATOMATE_POLL_MS: '500' },
    };
    studio = await startStudio({ appEnv });
    rest = new Rest(studio.system.gatewayUrl);
  });
  afterAll(() => studio?.close());
  beforeEach(() => studio.reset());

  const send = (method: 'POST' | 'PUT', taskId: string, what: string, body: object) =>
    rest.call<ProjectView>(method, `/v1/projects/${taskId}/${what}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const paid = async () => [
    (await studio.requests('openai', '?path=/v1/chat/completions')).count,
    (await studio.submits('suno')).length,
    (await studio.submits('creatomate')).length,
  ];
  const linesOf = ({ sections }: Words) => sections.flatMap(({ lines }) => lines);

  const shownBy = async (taskId: string) => {
    const captions = (await rest.get<string>(`/v1/projects/${taskId}/video/captions.srt`)).body;
    return captions.split('\n\n').map(cue => cue.trim().split('\n').at(-1));
  };
  const fetched = async (taskId: string, what: string) => {
    const link = await rest.get(`/v1/projects/${taskId}/${what}`);
    expect(link.status).toBe(302);
    const address = new URL(link.headers.get('location') as string);
    expect((await fetch(address)).headers.get('content-type')).toBe('video/mp4');
    return address.pathname.split('/').slice(-4).join('/');
  };

  it('is sung with the third of three drafts, looked at in small, and made', async () => {
    const taskId = await studio.order({ stopAfter: 'lyric', drafts: 3 });
    const written = await studio.ended(taskId);
    expect([written.status, await paid()]).toEqual(['waiting', [1, 0, 0]]);
    const { drafts } = written.stages[0]?.output as Drafts;
    expect(new Set(drafts.map(words => linesOf(words).join())).size).toBe(3);

    const third = drafts[2] as Words;
    const { body } = await send('PUT', taskId, 'lyric/choice', { revision: 1, draft: 3 });
    expect(body.stages[0]?.output).toMatchObject({ ...third, draft: 3 });
    await send('POST', taskId, 'run', { revision: body.revision, stopAfter: 'song' });
    const sung = await studio.ended(taskId);
    expect(sung.stages[1]?.output).toMatchObject({ title: third.title });

    await send('POST', taskId, 'video', { preview: true });
    expect([(await studio.ended(taskId)).status, await paid()]).toEqual(['waiting', [1, 1, 1]]);
    expect(await fetched(taskId, 'video/preview')).toBe('4/video/9x16/preview.mp4');
    expect((await rest.get(`/v1/projects/${taskId}/video`)).status).toBe(404);

    await send('POST', taskId, 'run', {});
    expect([(await studio.ended(taskId)).status, await paid()]).toEqual(['completed', [1, 1, 2]]);
    const scales = (await studio.submits('creatomate')).map(({ body: render }) => (render as Scaled).render_scale);
    expect(scales).toEqual([0.25, undefined]);
    expect(await fetched(taskId, 'video')).toBe('5/video/9x16/film.mp4');
    expect(await shownBy(taskId)).toEqual(linesOf(third));
  });
});
