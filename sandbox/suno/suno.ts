import { readFileSync } from 'node:fs';
import { faultOf, hasKey, stringOr, type Call, type Reply } from '../stand-in/call.ts';
import { Callbacks } from '../stand-in/callbacks.ts';
import { Clock } from '../stand-in/clock.ts';
import { jobKinds } from '../stand-in/faults.ts';
import { file } from '../stand-in/media.ts';
import { RateLimit } from '../stand-in/rate-limit.ts';
import type { Provider } from '../stand-in/server.ts';
import { defaults, type Settings } from '../stand-in/settings.ts';
import { alignedWords } from './alignment.ts';
import { envelope, success } from './envelope.ts';
import { wordsOf } from './job.ts';
import { Jobs } from './jobs.ts';
import { isRefusal, problemsOf, understand } from './request.ts';
import { write } from './score.ts';
import { studio, type Studio } from './studio.ts';
import { isReady, record } from './views.ts';

const cover = readFileSync(new URL('./fixtures/cover.jpg', import.meta.url));
const waveform = Array.from({ length: 64 }, (_, index) => Number(Math.abs(Math.sin(index / 5)).toFixed(4)));

const creditsPerSong = 12;
const windowMs = 10_000;
const songsPerWindow = 20;
const pollsPerSecond = 3;
const defaultAgents = /^(axios|node|undici|node-fetch|got|python|okhttp|java|go-http)/i;
const faultKinds = [
  ...jobKinds,
  'aligned-missing',
  'aligned-syllables',
  'aligned-unsure',
  'callbacks-reordered',
  'callbacks-skipped',
  'code',
  'one-track',
  'other-case',
  'tracks',
];

/** The gateway to Suno: songs, their word timings and files. */
export class Suno implements Provider {
  readonly faultKinds = faultKinds;
  readonly routes = {
    'POST /api/v1/generate': (call: Call) => this.#generate(call),
    'GET /api/v1/generate/record-info': (call: Call) => this.#recordInfo(call),
    'POST /api/v1/generate/get-timestamped-lyrics': (call: Call) => this.#timestampedLyrics(call),
    'GET /api/v1/generate/credit': () => success(this.#credits),
    'GET /media/*': (call: Call) => this.#media(call),
  };
  readonly #settings: Settings;
  readonly #callbacks: Callbacks;
  readonly #studio: Studio;
  readonly #jobs: Jobs;
  readonly #songLimit = new RateLimit(songsPerWindow, windowMs);
  #pollLimits = new Map<string, RateLimit>();
  #credits: number;

  constructor(settings: Settings) {
    const clock = new Clock(settings.timeScale);
    this.#settings = settings;
    this.#credits = settings.credits;
    this.#callbacks = new Callbacks(clock, settings.callbacks);
    this.#studio = studio(settings.media);
    this.#jobs = new Jobs(clock, this.#callbacks, this.#studio);
  }

  guard(call: Call): Reply | undefined {
    return hasKey(call, this.#settings.apiKey) ? undefined : envelope(401);
  }

  refusal(status: number): Reply {
    return { ...envelope(status), status };
  }

  faultReply(call: Call): Reply | undefined {
    const fault = faultOf(call, 'code');
    return fault && { ...envelope(fault.code ?? 500), ...(fault.headers && { headers: fault.headers }) };
  }

  jobs() {
    return this.#jobs.all().map(({ id, status, createTime, request }) => ({
      id,
      status,
      createTime,
      callBackUrl: request.callBackUrl,
      title: request.title,
    }));
  }

  callbacks() {
    return this.#callbacks.list();
  }

  reset() {
    this.#jobs.clear();
    this.#callbacks.clear();
    this.#songLimit.clear();
    this.#pollLimits = new Map();
    this.#credits = this.#settings.credits;
  }

  close() {
    this.#callbacks.close();
  }

  async #generate(call: Call): Promise<Reply> {
    if (this.#settings.rateLimit && this.#songLimit.take() > 0) return envelope(430);
    call.problems.push(...problemsOf(call.body));
    const request = understand(call.body);
    if (isRefusal(request)) return envelope(request.code, null, request.msg);
    if (this.#credits < creditsPerSong) return envelope(429);
    this.#credits -= creditsPerSong;
    const job = await this.#jobs.submit(call, request);
    return success(faultOf(call, 'other-case') ? { task_id: job.id } : { taskId: job.id });
  }

  #recordInfo(call: Call): Reply {
    const taskId = call.query.get('taskId');
    if (!taskId) return envelope(400, null, 'taskId cannot be empty');
    const job = this.#jobs.find(taskId);
    if (!job) return envelope(404);
    return this.#mayPoll(taskId) ? success(record(job, !!faultOf(call, 'other-case'))) : envelope(430);
  }

  #mayPoll(taskId: string): boolean {
    if (!this.#settings.rateLimit) return true;
    const limit = this.#pollLimits.get(taskId) ?? new RateLimit(pollsPerSecond, 1_000);
    this.#pollLimits.set(taskId, limit);
    return limit.take() === 0;
  }

  #timestampedLyrics(call: Call): Reply {
    const { taskId, audioId, ...rest } = call.body;
    call.problems.push(...Object.keys(rest).map(field => `unknown field ${field}`));
    if (!taskId) return envelope(400, null, 'taskId cannot be empty');
    if (!audioId) return envelope(400, null, 'audioId cannot be empty');
    const found = this.#jobs.findTrack(stringOr(audioId));
    if (!found || found.job.id !== taskId || !isReady(found.job, found.track)) return envelope(404);
    const { job, track } = found;
    const words = job.request.isInstrumental ? [] : alignedWords(call, write(wordsOf(job, track)));
    return success({ alignedWords: words, waveformData: waveform, hootCer: 0.12, isStreamed: false });
  }

  async #media(call: Call): Promise<Reply> {
    const agent = call.headers['user-agent'] ?? '';
    if (agent === '' || defaultAgents.test(agent) || call.param.startsWith('source-')) return this.refusal(403);
    const [id = '', type] = call.param.split('.');
    const found = this.#jobs.findTrack(id);
    if (!found) return this.refusal(404);
    if (type === 'jpeg') return file(call, cover, 'image/jpeg');
    if (type === 'mp3' && !isReady(found.job, found.track)) return this.refusal(404);
    return file(call, await this.#studio.song(wordsOf(found.job, found.track)), 'audio/mpeg');
  }
}

export const suno = (settings: Partial<Settings> = {}) => new Suno({ ...defaults, ...settings });
