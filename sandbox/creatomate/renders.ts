import { faultOf, type Call, type Json } from '../stand-in/call.ts';
import type { Callbacks } from '../stand-in/callbacks.ts';
import type { Clock } from '../stand-in/clock.ts';
import type { Fault } from '../stand-in/faults.ts';
import { Ids } from '../stand-in/ids.ts';
import { lengthOf } from './film/timeline.ts';
import type { RenderRequest } from './request.ts';
import type { Film, Studio } from './studio.ts';

export interface Render {
  id: string;
  origin: string;
  /** Without the script, which is large and of no use to a finished render. */
  request: Omit<RenderRequest, 'source'>;
  faults: Fault[];
  status: string;
  errorMessage: string | null;
  createdAt: number;
  width: number;
  height: number;
  frameRate: number;
  duration: number;
  /** Of its film. */
  fileSize: number | undefined;
}

const plannedSeconds = 1;
const queuedSeconds = 30;
const renderedSeconds = 60;

/** Every render ordered since the last reset, each walking its states. */
export class Renders {
  readonly #clock: Clock;
  readonly #callbacks: Callbacks;
  readonly #studio: Studio;
  readonly #ids = new Ids();
  #renders = new Map<string, Render>();
  #films = new Map<string, Film>();

  constructor(clock: Clock, callbacks: Callbacks, studio: Studio) {
    this.#clock = clock;
    this.#callbacks = callbacks;
    this.#studio = studio;
  }

  find(id: string): Render | undefined {
    return this.#renders.get(id);
  }

  /** Undefined also when it has expired. */
  filmOf(id: string): Film | undefined {
    return this.#films.get(id);
  }

  all(): Render[] {
    return [...this.#renders.values()];
  }

  clear() {
    this.#clock.clear();
    this.#studio.clear();
    this.#renders = new Map();
    this.#films = new Map();
  }

  async submit(call: Call, { source, ...request }: RenderRequest): Promise<Render> {
    const created = this.#create(call, source, request);
    const finish = () => this.#finish(created, source);
    call.job = created.id;
    if (faultOf(call, 'job-stuck')) return created;
    if (faultOf(call, 'callbacks-early')) await finish();
    else if (this.#clock.isInstant) call.afterWork = () => void finish();
    else this.#walk(created, finish);
    return created;
  }

  #create(call: Call, source: Json, request: Render['request']): Render {
    const created: Render = {
      id: this.#ids.uuid(),
      origin: call.origin,
      request,
      faults: call.faults,
      status: 'planned',
      errorMessage: null,
      createdAt: Date.now(),
      ...sizeOf(source, request),
      frameRate: request.frameRate,
      duration: lengthOf(source),
      fileSize: undefined,
    };
    this.#renders.set(created.id, created);
    return created;
  }

  #walk(walking: Render, finish: () => Promise<void>) {
    const isTranscribed = walking.faults.some(({ kind }) => kind === 'job-transcribed');
    this.#clock.after(plannedSeconds, () => (walking.status = isTranscribed ? 'transcribing' : 'waiting'));
    this.#clock.after(queuedSeconds, () => {
      walking.status = 'rendering';
      this.#clock.after(renderedSeconds - queuedSeconds, () => void finish());
    });
  }

  async #finish(finished: Render, source: Json) {
    Object.assign(finished, failureOf(finished) ?? (await this.#made(finished, source)));
    if (this.#renders.get(finished.id) !== finished) return;
    const { webhookUrl } = finished.request;
    if (!webhookUrl) return;
    await this.#callbacks.send({
      url: webhookUrl,
      job: finished.id,
      event: finished.status,
      body: JSON.stringify(view(finished)),
      faults: finished.faults,
    });
  }

  async #made({ id, width, height, frameRate }: Render, script: Json): Promise<Partial<Render>> {
    try {
      const film = await this.#studio.film({ script, width, height, frameRate });
      if (this.#renders.has(id)) this.#keep(id, film);
      return { status: 'succeeded', fileSize: film.mp4.length };
    } catch (error) {
      return { status: 'failed', errorMessage: (error as Error).message };
    }
  }

  #keep(id: string, film: Film) {
    this.#films.set(id, film);
    const [oldest] = this.#films.keys();
    if (this.#films.size > this.#studio.keptFilms && oldest) this.#films.delete(oldest);
  }
}

/** The render object of answers and webhooks. */
export function view(shown: Render) {
  const { id, origin, request, status, width, height, frameRate, duration, fileSize } = shown;
  const { template, outputFormat } = request;
  return {
    id,
    status,
    error_message: shown.errorMessage,
    url: `${origin}/media/${id}.${outputFormat}`,
    ...(fileSize && { snapshot_url: `${origin}/media/${id}.jpg` }),
    template_id: template?.id ?? null,
    template_name: template?.name ?? null,
    template_tags: template?.tags ?? [],
    output_format: outputFormat,
    render_scale: request.renderScale,
    ...(fileSize && { width, height, frame_rate: frameRate, duration, file_size: fileSize }),
    modifications: request.modifications ?? {},
    webhook_url: request.webhookUrl ?? null,
    metadata: request.metadata ?? null,
    warnings: request.warnings,
    ...oddities(shown),
  };
}

/** What a finished render says in place of the truth. */
function oddities({ status, faults }: Render): Json {
  const isFinished = status === 'succeeded' || status === 'failed';
  return isFinished ? ((faults.find(({ kind }) => kind === 'job-odd')?.body ?? {}) as Json) : {};
}

function failureOf({ faults }: Render) {
  const wish = (kind: string) => faults.find(fault => fault.kind === kind);
  if (wish('job-cancelled')) return { status: 'cancelled', errorMessage: 'The render was cancelled.' };
  const failed = wish('job-failed');
  const { error_message: errorMessage = 'An internal error occurred while rendering.' } = (failed?.body ?? {}) as Json;
  return failed && { status: 'failed', errorMessage };
}

/** Pixels: scaled as asked, shrunk to what is allowed, and even, as video has to be. */
function sizeOf(source: Json, { renderScale, maxWidth, maxHeight }: Render['request']) {
  const [width, height] = [Number(source.width ?? 1280), Number(source.height ?? 720)];
  const scale = Math.min(renderScale, maxWidth / width, maxHeight / height);
  const even = (length: number) => Math.max(2, Math.floor((length * scale) / 2) * 2);
  return { width: even(width), height: even(height) };
}
