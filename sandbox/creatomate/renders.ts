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
  request: RenderRequest;
  faults: Fault[];
  status: string;
  errorMessage: string | null;
  createdAt: number;
  width: number;
  height: number;
  frameRate: number;
  duration: number;
  film: Film | undefined;
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

  constructor(clock: Clock, callbacks: Callbacks, studio: Studio) {
    this.#clock = clock;
    this.#callbacks = callbacks;
    this.#studio = studio;
  }

  find(id: string): Render | undefined {
    return this.#renders.get(id);
  }

  all(): Render[] {
    return [...this.#renders.values()];
  }

  clear() {
    this.#clock.clear();
    this.#studio.clear();
    this.#renders = new Map();
  }

  async submit(call: Call, request: RenderRequest): Promise<Render> {
    const created = this.#create(call, request);
    call.job = created.id;
    if (faultOf(call, 'job-stuck')) return created;
    if (faultOf(call, 'callbacks-early')) await this.#finish(created);
    else if (this.#clock.isInstant) call.afterWork = () => void this.#finish(created);
    else this.#walk(created);
    return created;
  }

  #create(call: Call, request: RenderRequest): Render {
    const created: Render = {
      id: this.#ids.uuid(),
      origin: call.origin,
      request,
      faults: call.faults,
      status: 'planned',
      errorMessage: null,
      createdAt: Date.now(),
      ...sizeOf(request),
      frameRate: request.frameRate,
      duration: lengthOf(request.source),
      film: undefined,
    };
    this.#renders.set(created.id, created);
    return created;
  }

  #walk(walking: Render) {
    this.#clock.after(plannedSeconds, () => (walking.status = 'waiting'));
    this.#clock.after(queuedSeconds, () => {
      walking.status = 'rendering';
      this.#clock.after(renderedSeconds - queuedSeconds, () => void this.#finish(walking));
    });
  }

  async #finish(finished: Render) {
    Object.assign(finished, failureOf(finished) ?? (await this.#made(finished)));
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

  async #made({ request, width, height, frameRate }: Render): Promise<Partial<Render>> {
    try {
      return {
        status: 'succeeded',
        film: await this.#studio.film({ script: request.source, width, height, frameRate }),
      };
    } catch (error) {
      return { status: 'failed', errorMessage: (error as Error).message };
    }
  }
}

/** The render object of answers and webhooks. */
export function view(shown: Render) {
  const { id, origin, request, status, width, height, frameRate, duration, film } = shown;
  const { template, outputFormat } = request;
  return {
    id,
    status,
    error_message: shown.errorMessage,
    url: `${origin}/media/${id}.${outputFormat}`,
    ...(film && { snapshot_url: `${origin}/media/${id}.jpg` }),
    template_id: template?.id ?? null,
    template_name: template?.name ?? null,
    template_tags: template?.tags ?? [],
    output_format: outputFormat,
    render_scale: request.renderScale,
    ...(film && { width, height, frame_rate: frameRate, duration, file_size: film.mp4.length }),
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
function sizeOf({ source, renderScale, maxWidth, maxHeight }: RenderRequest) {
  const [width, height] = [Number(source.width ?? 1280), Number(source.height ?? 720)];
  const scale = Math.min(renderScale, maxWidth / width, maxHeight / height);
  const even = (length: number) => Math.max(2, Math.floor((length * scale) / 2) * 2);
  return { width: even(width), height: even(height) };
}
