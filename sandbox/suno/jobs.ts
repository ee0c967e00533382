import type { Call } from '../stand-in/call.ts';
import { faultOf } from '../stand-in/call.ts';
import type { Callbacks } from '../stand-in/callbacks.ts';
import type { Clock } from '../stand-in/clock.ts';
import { Ids } from '../stand-in/ids.ts';
import { wordsOf, type Job, type Track } from './job.ts';
import type { SongRequest } from './request.ts';
import type { Studio } from './studio.ts';
import { announcement, type CallbackType } from './views.ts';

const stages = [
  { seconds: 10, status: 'TEXT_SUCCESS', type: 'text' },
  { seconds: 40, status: 'FIRST_SUCCESS', type: 'first' },
  { seconds: 120, status: 'SUCCESS', type: 'complete' },
] as const;

const failureSeconds = 40;
const retrySeconds = [60, 300, 900];
const shortestRetryMs = 500;

/** Every composition ordered since the last reset, each walking its stages. */
export class Jobs {
  readonly #clock: Clock;
  readonly #callbacks: Callbacks;
  readonly #studio: Studio;
  readonly #ids = new Ids();
  #jobs = new Map<string, Job>();
  #tracks = new Map<string, { job: Job; track: Track }>();

  constructor(clock: Clock, callbacks: Callbacks, studio: Studio) {
    this.#clock = clock;
    this.#callbacks = callbacks;
    this.#studio = studio;
  }

  find(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  findTrack(id: string) {
    return this.#tracks.get(id);
  }

  all(): Job[] {
    return [...this.#jobs.values()];
  }

  clear() {
    this.#clock.clear();
    this.#studio.clear();
    this.#jobs = new Map();
    this.#tracks = new Map();
  }

  async submit(call: Call, request: SongRequest): Promise<Job> {
    const job = this.#create(call, request);
    call.job = job.id;
    if (faultOf(call, 'job-stuck')) return job;
    if (faultOf(call, 'callbacks-early')) await this.#reach(job, 'SUCCESS', 'complete');
    else if (faultOf(call, 'job-failed')) this.#soon(call, failureSeconds, () => this.#fail(job));
    else
      for (const stage of this.#stagesOf(job))
        this.#soon(call, stage.seconds, () => this.#reach(job, stage.status, stage.type));
    return job;
  }

  #create(call: Call, request: SongRequest): Job {
    const duration = this.#studio.lengthOf(request.duration ?? usualLength(request));
    const track = (take: number): Track => ({
      id: this.#ids.uuid(),
      take,
      duration,
      isUsable: take === 0 || !faultOf(call, 'one-track'),
    });
    const job: Job = {
      id: this.#ids.hex(),
      request,
      raw: call.raw,
      origin: call.origin,
      faults: call.faults,
      status: 'PENDING',
      createTime: Date.now(),
      tracks: [track(0), track(1)],
      errorCode: null,
      errorMessage: null,
    };
    this.#jobs.set(job.id, job);
    for (const each of job.tracks) {
      this.#tracks.set(each.id, { job, track: each });
      this.#studio.song(wordsOf(job, each)).catch(() => undefined); // whoever fetches it learns what went wrong
    }
    return job;
  }

  /** An instant provider is done when it answers; its callback follows the answer. */
  #soon(call: Call, seconds: number, run: () => unknown) {
    if (this.#clock.isInstant) call.afterWork = () => void run();
    else this.#clock.after(seconds, () => void run());
  }

  #stagesOf(job: Job) {
    const isShort = this.#clock.isInstant || job.faults.some(fault => fault.kind === 'callbacks-skipped');
    return isShort ? stages.slice(-1) : stages;
  }

  #fail(job: Job) {
    const wish = job.faults.find(fault => fault.kind === 'job-failed')?.body;
    const { status, errorCode, errorMessage } = {
      status: 'GENERATE_AUDIO_FAILED',
      errorCode: 501,
      errorMessage: 'Audio generation failed.',
      ...(wish as Partial<Job> | undefined),
    };
    Object.assign(job, { errorCode, errorMessage });
    return this.#reach(job, status, 'error');
  }

  async #reach(job: Job, status: string, type: CallbackType) {
    job.status = status;
    const isReordered = job.faults.some(fault => fault.kind === 'callbacks-reordered');
    if (isReordered && status !== 'SUCCESS') return;
    const isTaken = await this.#tell(job, type);
    if (isReordered) for (const late of ['first', 'text'] as const) await this.#tell(job, late);
    if (!isTaken && job.status === 'SUCCESS') job.status = 'CALLBACK_EXCEPTION';
  }

  #tell(job: Job, type: CallbackType): Promise<boolean> {
    return this.#callbacks.send({
      url: job.request.callBackUrl,
      job: job.id,
      event: type,
      body: JSON.stringify(announcement(job, type)),
      faults: job.faults,
      retryMs: retrySeconds.map(seconds => Math.max(shortestRetryMs, this.#clock.scaledMs(seconds))),
    });
  }
}

function usualLength({ model, lyrics }: SongRequest): number {
  if (model.startsWith('V6')) return 20;
  const lines = lyrics.split('\n').filter(line => line.trim() !== '').length;
  return Math.min(180, Math.max(30, lines * 3));
}
