import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { started, type Harness } from '../stand-in/harness.ts';
import { openai } from './openai.ts';

const brief = { businessName: '하늘바다 스테이', region: '강릉', language: 'ko', durationSeconds: 60, style: '포크' };
const object = (properties: object) => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties),
  properties,
});
const labels = ['verse', 'chorus', 'bridge', 'intro', 'outro'];
const schema = object({
  title: { type: 'string' },
  style: { type: 'string' },
  sections: {
    type: 'array',
    items: object({ label: { type: 'string', enum: labels }, lines: { type: 'array', items: { type: 'string' } } }),
  },
});

const request = (content: object = brief, more: object = {}) => ({
  model: 'gpt-4o-mini',
  messages: [
    { role: 'system', content: 'You write lyrics.' },
    { role: 'user', content: JSON.stringify(content) },
  ],
  response_format: { type: 'json_schema', json_schema: { name: 'lyric', strict: true, schema } },
  ...more,
});

interface Completion {
  choices: [{ message: { content: string } }];
  error: { message: string };
}

interface Lyric {
  sections: { label: string; lines: string[] }[];
}

describe('the chat stand-in', () => {
  let standIn: Harness;

  beforeAll(async () => {
    standIn = await started(openai({ timeScale: 0 }));
  });
  afterEach(() => standIn.ask('/__sim/reset', {}));
  afterAll(() => standIn.close());

  const complete = (body: unknown) => standIn.post<Completion>('/v1/chat/completions', body);
  const lyricFor = async (content?: object) => {
    const { choices } = await complete(request(content));
    return JSON.parse(choices[0].message.content) as Lyric;
  };
  const linesOf = (lyric: Lyric) => lyric.sections.flatMap(section => section.lines);

  it('answers in the form of a completion, with usage and a request id', async () => {
    const answer = await standIn.ask('/v1/chat/completions', request());
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(await answer.json()).toMatchObject({
      object: 'chat.completion',
      model: 'gpt-4o-mini',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', refusal: null } }],
      usage: {
        prompt_tokens: expect.any(Number),
        completion_tokens: expect.any(Number),
        total_tokens: expect.any(Number),
      },
    });
  });

  it('writes lyrics in the schema it was given, about one line for three seconds', async () => {
    const lyric = await lyricFor();
    expect(Object.keys(lyric)).toEqual(['title', 'style', 'sections']);
    expect(lyric.sections.every(section => labels.includes(section.label))).toBe(true);
    expect(linesOf(lyric)).toHaveLength(20);
  });

  it('writes as many drafts as the brief asks for, each in words of its own', async () => {
    const drafts = object({ lyrics: { type: 'array', items: schema } });
    const format = { type: 'json_schema', json_schema: { name: 'lyrics', strict: true, schema: drafts } };
    const several = request({ ...brief, drafts: 3 }, { response_format: format });
    const read = async () =>
      (JSON.parse((await complete(several)).choices[0].message.content) as { lyrics: Lyric[] }).lyrics.map(linesOf);
    const lyrics = await read();
    expect(lyrics.map(lines => lines.length)).toEqual([20, 20, 20]);
    expect(new Set(lyrics.map(lines => lines.join())).size).toBe(3);
    await standIn.ask('/__sim/faults', { endpoint: '*', kind: 'fewer-drafts', body: 2 });
    expect(await read()).toEqual(lyrics.slice(0, 2));
  });

  it.each(['ko', 'en', 'ja', 'zh'])('sings about the shop and its region in %s', async language => {
    const text = linesOf(await lyricFor({ ...brief, language })).join('\n');
    expect(text).toContain('하늘바다 스테이');
    expect(text).toContain('강릉');
  });

  it.each([10, 30, 90, 240])('fills %i seconds', async durationSeconds => {
    expect(linesOf(await lyricFor({ ...brief, durationSeconds }))).toHaveLength(
      Math.max(4, Math.round(durationSeconds / 3)),
    );
  });

  it('says the same to the same request, and something else to another', async () => {
    const [once, again, other] = [await lyricFor(), await lyricFor(), await lyricFor({ ...brief, region: '속초' })];
    expect(again).toEqual(once);
    expect(other).not.toEqual(once);
  });

  it('follows any other schema as well', async () => {
    const other = object({ title: { type: ['string', 'null'] }, mood: { type: 'string' }, bpm: { type: 'integer' } });
    const format = { type: 'json_schema', json_schema: { name: 'song', strict: true, schema: other } };
    const { choices } = await complete(request(brief, { response_format: format }));
    expect(JSON.parse(choices[0].message.content)).toEqual({ title: expect.any(String), mood: '', bpm: 0 });
  });

  it('answers in plain text when no format is asked for', async () => {
    const { choices } = await complete(request(brief, { response_format: undefined }));
    expect(choices[0].message.content).toMatch(/^\S.+\n\n\[verse\]\n/);
  });

  it('lists its models', async () => {
    expect(await standIn.get('/v1/models')).toMatchObject({
      object: 'list',
      data: expect.arrayContaining([expect.anything()]),
    });
  });

  it('refuses a wrong key with 401', async () => {
    const answer = await standIn.ask('/v1/models', undefined, { authorization: 'Bearer other' });
    expect([answer.status, await answer.json()]).toMatchObject([401, { error: { code: 'invalid_api_key' } }]);
  });

  it.each([
    ['an unknown parameter', { prompt_cache: true }, 400, { param: 'prompt_cache', code: 'unknown_parameter' }],
    ['an unknown model', { model: 'llama' }, 404, { code: 'model_not_found' }],
    ['no model', { model: undefined }, 400, { type: 'invalid_request_error' }],
    ['no messages', { messages: undefined }, 400, { param: 'messages' }],
    ['a message without text', { messages: [{ role: 'user' }] }, 400, { param: 'messages[0]' }],
    ['a role nobody has', { messages: [{ role: 'poet', content: 'x' }] }, 400, { param: 'messages[0]' }],
    ['too high a temperature', { temperature: 3 }, 400, { param: 'temperature' }],
    ['a stream', { stream: true }, 400, { param: 'stream' }],
    ['an unnamed schema', { response_format: { type: 'json_schema', json_schema: { schema } } }, 400, {}],
  ])('refuses %s', async (_, change, status, error) => {
    const answer = await standIn.ask('/v1/chat/completions', request(brief, change));
    expect([answer.status, await answer.json()]).toMatchObject([status, { error }]);
  });

  it.each([
    ['an open object', { type: 'object', properties: {}, required: [] }, /additionalProperties/],
    ['an optional property', { ...object({ a: { type: 'string' } }), required: [] }, /Missing 'a'/],
    ['an open object inside', object({ list: { type: 'array', items: { type: 'object' } } }), /'list', 'items'/],
  ])('refuses %s in strict mode', async (_, flawed, words) => {
    const format = { type: 'json_schema', json_schema: { name: 'lyric', strict: true, schema: flawed } };
    const { error } = await complete(request(brief, { response_format: format }));
    expect(error.message).toMatch(words);
  });

  it.each([
    ['refusal', { finish_reason: 'stop', message: { content: null, refusal: expect.any(String) } }],
    ['content-filter', { finish_reason: 'content_filter' }],
    ['length', { finish_reason: 'length' }],
  ])('can end in %s', async (kind, choice) => {
    await standIn.fault({ endpoint: 'POST /v1/chat/completions', kind });
    expect((await complete(request())).choices[0]).toMatchObject(choice);
  });

  it.each(['length', 'invalid-json'])('can answer with JSON that is broken by %s', async kind => {
    await standIn.fault({ endpoint: 'POST /v1/chat/completions', kind });
    const { choices } = await complete(request());
    expect(() => JSON.parse(choices[0].message.content) as unknown).toThrow();
  });

  it.each([
    ['fenced', /^```json\n\{[^]*\}\n```$/],
    ['prefixed', /^Here are your lyrics: \{/],
    ['empty', /^$/],
    ['wrong-language', /[ぁ-ん]/],
  ])('can answer so: %s', async (kind, content) => {
    await standIn.fault({ endpoint: 'POST /v1/chat/completions', kind });
    expect((await complete(request())).choices[0].message.content).toMatch(content);
  });

  it('can refuse a parameter, and do without it', async () => {
    const kind = 'unsupported';
    await standIn.fault({ endpoint: 'POST /v1/chat/completions', kind, body: ['response_format', 'max_tokens'] });
    const { error } = await complete(request());
    expect(error).toMatchObject({ param: 'response_format', code: 'unsupported_parameter' });
    const messages = [
      { role: 'system', content: 'Answer with one JSON object.' },
      { role: 'user', content: JSON.stringify(brief) },
    ];
    const { choices } = await complete(request(brief, { response_format: undefined, messages }));
    expect(choices[0].message.content).toMatch(/^```json\n\{/);
  });

  it('reasoning: thinks first, within the same limit', async () => {
    await standIn.fault({ endpoint: 'POST /v1/chat/completions', kind: 'reasoning', body: 1000 });
    const thought = async (max_completion_tokens: number) => {
      const { choices, usage } = (await complete(request(brief, { max_completion_tokens }))) as unknown as {
        choices: [{ finish_reason: string; message: { content: string } }];
        usage: { completion_tokens_details: { reasoning_tokens: number } };
      };
      const { finish_reason, message } = choices[0];
      return [finish_reason, message.content.length > 0, usage.completion_tokens_details.reasoning_tokens];
    };
    expect(await thought(800)).toEqual(['length', false, 1000]);
    expect(await thought(1010)).toEqual(['length', true, 1000]);
    expect(await thought(4000)).toEqual(['stop', true, 1000]);
  });

  it('no-usage: does not say what was used', async () => {
    await standIn.fault({ endpoint: 'POST /v1/chat/completions', kind: 'no-usage' });
    expect(await complete(request())).not.toHaveProperty('usage');
  });

  it('flagged: has something against what it is told to, and else against nothing', async () => {
    const moderate = (input: unknown) => standIn.post('/v1/moderations', { model: 'omni-moderation-latest', input });
    await standIn.fault({ endpoint: 'POST /v1/moderations', kind: 'flagged', match: '싸움', body: ['violence'] });
    expect(await moderate('바다')).toMatchObject({ results: [{ flagged: false, categories: { violence: false } }] });
    expect(await moderate('싸움')).toMatchObject({
      results: [{ flagged: true, categories: { violence: true, hate: false } }],
    });
    expect(await moderate(undefined)).toMatchObject({ error: { param: 'input' } });
  });

  it.each([
    [429, { error: { code: 'insufficient_quota', type: 'insufficient_quota', message: 'x' } }, {}],
    [429, { error: { code: 'rate_limit_exceeded', type: 'requests', message: 'x' } }, { 'retry-after-ms': '1500' }],
    [503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } }, {}],
  ])('status: answers %i %j', async (status, body, headers) => {
    await standIn.fault({ endpoint: 'POST /v1/chat/completions', kind: 'status', status, body, headers });
    const answer = await standIn.ask('/v1/chat/completions', request());
    expect([answer.status, await answer.json()]).toEqual([status, body]);
    expect(Object.fromEntries(answer.headers)).toMatchObject(headers);
  });

  it('can answer with JSON of another schema', async () => {
    await standIn.fault({ endpoint: 'POST /v1/chat/completions', kind: 'invalid-schema' });
    expect((await lyricFor()).sections).toEqual('la la la');
  });

  it('refuses for a status with its usual error body', async () => {
    await standIn.fault({ endpoint: 'POST /v1/chat/completions', kind: 'status', status: 429 });
    expect((await complete(request())).error).toMatchObject({ code: 'rate_limit_exceeded' });
  });
});
