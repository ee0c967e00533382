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

  it('is sung with the third of three drafts, of which all cost one call', async () => {
    const taskId = await studio.order({ stopAfter: 'lyric', drafts: 3 });
    const written = await studio.ended(taskId);
    expect([written.status, await paid()]).toEqual(['waiting', [1, 0, 0]]);
    const { drafts } = written.stages[0]?.output as Drafts;
    expect(new Set(drafts.map(words => linesOf(words).join())).size).toBe(3);

    const third = drafts[2] as Words;
    const { body } = await send('PUT', taskId, 'lyric/choice', { revision: 1, draft: 3 });
    expect(body.stages[0]?.output).toMatchObject({ ...third, draft: 3 });
    await send('POST', taskId, 'run', { revision: body.revision });
    const done = await studio.ended(taskId);
    expect([done.status, await paid()]).toEqual(['completed', [1, 1, 1]]);
    expect(done.stages[1]?.output).toMatchObject({ title: third.title });
    const captions = (await rest.get<string>(`/v1/projects/${taskId}/video/captions.srt`)).body;
    const shown = captions.split('\n\n').map(cue => cue.trim().split('\n').at(-1));
    expect(shown).toEqual(linesOf(third));
  });
});
