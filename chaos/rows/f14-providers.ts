import { setTimeout as pause } from 'node:timers/promises';
import type { Provider } from '../../sandbox/providers.ts';
import type { Row, Try } from '../row.ts';
import type { Expected, Scene } from '../scene.ts';

const endpoints: Record<Provider, string> = {
  openai: 'POST /v1/chat/completions',
  suno: 'POST /api/v1/generate',
  creatomate: 'POST /v2/renders',
};
const providers = Object.keys(endpoints) as Provider[];

/** How often one endpoint may be called for one film, whatever goes wrong. */
const BUDGET = 12;
const AWAY_MS = 3_000;
const SOON = { 'retry-after': '1' };

interface Trouble {
  /** Where kind and status do not tell it from others. */
  name?: string;
  kind: string;
  status?: number;
  code?: number;
  headers?: object;
  ms?: number;
  body?: unknown;
  times?: number;
  only?: Provider[];
  expected?: Expected;
}

const troubles: Trouble[] = [
  { kind: 'status', status: 400, expected: 'ended' },
  { kind: 'status', status: 401, headers: SOON, expected: 'ended' },
  { kind: 'status', status: 429, headers: SOON },
  { kind: 'status', status: 500, expected: 'ended' },
  { kind: 'status', status: 503, expected: 'ended' },
  { kind: 'reset', expected: 'ended' },
  { kind: 'hang', expected: 'ended' },
  { kind: 'garbage', expected: 'ended' },
  { kind: 'truncate', expected: 'ended' },
  { kind: 'drop-response' },
  { kind: 'delay', ms: 1_000 },
  { kind: 'code', code: 455, headers: SOON, only: ['suno'], expected: 'ended' },
  { kind: 'job-failed', only: ['creatomate'], expected: 'ended' },
  { name: 'a song that is made at the second try', kind: 'job-failed', only: ['suno'] },
  {
    name: 'a song that is not to be sung',
    kind: 'job-failed',
    body: { status: 'SENSITIVE_WORD_ERROR' },
    only: ['suno'],
    expected: 'ended',
  },
  { name: 'one track without a length', kind: 'tracks', body: [{ audioUrl: '' }, { duration: null }], only: ['suno'] },
  { name: 'no tracks', kind: 'tracks', body: [], only: ['suno'], expected: 'ended' },
  { kind: 'refusal', only: ['openai'], expected: 'ended' },
  { kind: 'invalid-json', only: ['openai'] },
  { kind: 'empty', only: ['openai'] },
  { kind: 'prefixed', only: ['openai'] },
  { kind: 'wrong-language', only: ['openai'] },
  { kind: 'unsupported', body: ['response_format'], only: ['openai'] },
];

export const f14: Row = {
  id: 'F14',
  fault: 'a provider fails in each way it can',
  note: 'the connection is refused, reset, black or cut in the middle; names and certificates are left to the HTTP client',
  system: {
    appEnv: { 'song-service': { SUNO_GRACE_MS: '4000' }, 'video-service': { CREATOMATE_GRACE_MS: '4000' } },
  },
  tries: [
    ...troubles.map(({ name, kind, status, code, ...trouble }): Try => ({
      name: name ?? [kind, status ?? code].filter(Boolean).join(' '),
      run: scene => once(scene, { kind, status, code, ...trouble }),
    })),
    { name: 'refuses connections', run: scene => away(scene, provider => scene.proxy(provider).refuse()) },
    { name: 'is silent', run: scene => away(scene, provider => scene.proxy(provider).blackHole()) },
    { name: 'cuts an answer short', run: scene => away(scene, provider => scene.proxy(provider).cutAfter(100)) },
    { name: 'is slow', run: scene => away(scene, provider => scene.proxy(provider).throttle(20_000)) },
  ],
};

/** One film per provider meets the trouble at its order, the first time it calls. */
async function once(scene: Scene, { only = providers, expected = 'completed', ...trouble }: Trouble) {
  for (const provider of only) {
    const endpoint = endpoints[provider];
    const before = await calls(scene, provider);
    await scene.studio.fault(provider, { times: 1, ...trouble, endpoint });
    const taskId = await scene.film({}, expected);
    await scene.ended([taskId]);
    await scene.studio.calm();
    const made = (await calls(scene, provider)) - before;
    scene.holds(made > 0 && made <= BUDGET, `${provider}, ${trouble.kind}: ${made} calls for one film`);
  }
}

async function away(scene: Scene, harm: (provider: Provider) => void) {
  for (const provider of providers) {
    harm(provider);
    const taskIds = await scene.someFilms(2, {}, 'ended');
    await pause(AWAY_MS);
    await scene.proxy(provider).pass();
    await scene.ended(taskIds);
  }
}

async function calls(scene: Scene, provider: Provider): Promise<number> {
  const [method, path] = endpoints[provider].split(' ');
  return (await scene.studio.requests(provider, `?count=true&method=${method}&path=${path}`)).count;
}
