import { faultOf, type Call, type Json } from '../stand-in/call.ts';
import type { Callbacks } from '../stand-in/callbacks.ts';
import type { Clock } from '../stand-in/clock.ts';
import type { Fault } from '../stand-in/faults.ts';
import { Ids } from '../stand-in/ids.ts';
import type { Assets } from './assets.ts';
import { assetsOf, durationOf, type Asset } from './render-script.ts';
import { render, type Film } from './render.ts';
import type { RenderRequest } from './request.ts';

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
  duration: number;
  film: Film;
}

const plannedSeconds = 1;
const queuedSeconds = 30;
const renderedSeconds = 60;

/** Every render ordered since the last reset, each walking its states. */
export class Renders {
  readonly #clock: Clock;
  readonly #callbacks: Callbacks;
  readonly #assets: Assets | undefined;
  readonly #ids = new Ids();
  #renders = new Map<string, Render>();

  constructor(clock: Clock, callbacks: Callbacks, assets: Assets | undefined) {
    this.#clock = clock;
    this.#callbacks = callbacks;
    this.#assets = assets;
  }

  find(id: string): Render | undefined {
    return this.#renders.get(id);
  }

  all(): Render[] {
    return [...this.#renders.values()];
  }

  clear() {
    this.#clock.clear();
    this.#renders = new Map();
  }

  async submit(call: Call, request: RenderRequest): Promise<Render> {
    const created = this.#create(call, request);
    call.job = created.id;
    if (faultOf(call, 'job-stuck')) return created;
    if (faultOf(call, 'callbacks-early')) await this.#finish(created, assetsOf(request.source));
    else if (this.#clock.isInstant) call.afterWork = () => void this.#finish(created, assetsOf(request.source));
    else this.#walk(created);
    return created;
  }

  #create(call: Call, request: RenderRequest): Render {
    const { width, height } = sizeOf(request.source);
    const created: Render = {
      id: this.#ids.uuid(),
      origin: call.origin,
      request,
      faults: call.faults,
      status: 'planned',
      errorMessage: null,
      createdAt: Date.now(),
      width: Math.round(width * request.renderScale),
      height: Math.round(height * request.renderScale),
      duration: durationOf(request.source),
      film: render(width, height),
    };
    this.#renders.set(created.id, created);
    return created;
  }

  #walk(walking: Render) {
    this.#clock.after(plannedSeconds, () => (walking.status = 'waiting'));
    this.#clock.after(queuedSeconds, () => {
      walking.status = 'rendering';
      const assets = assetsOf(walking.request.source);
      this.#clock.after(renderedSeconds - queuedSeconds, () => void this.#finish(walking, assets));
    });
  }

  async #finish(finished: Render, assets: Asset[]) {
    const failure = failureOf(finished) ?? (await this.#missing(assets));
    if (failure) Object.assign(finished, failure);
    else finished.status = 'succeeded';
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

  async #missing(assets: Asset[]) {
    const errorMessage = await this.#assets?.complaint(assets);
    return errorMessage && { status: 'failed', errorMessage };
  }
}

/** The render object of answers and webhooks. */
export function view(shown: Render) {
  const { id, origin, request, status, width, height, duration, film } = shown;
  const { template, outputFormat } = request;
  const isDone = status === 'succeeded';
  return {
    id,
    status,
    error_message: shown.errorMessage,
    url: `${origin}/media/${id}.${outputFormat}`,
    ...(isDone && { snapshot_url: `${origin}/media/${id}.jpg` }),
    template_id: template?.id ?? null,
    template_name: template?.name ?? null,
    template_tags: template?.tags ?? [],
    output_format: outputFormat,
    render_scale: request.renderScale,
    ...(isDone && { width, height, frame_rate: request.source.frame_rate ?? 30, duration, file_size: film.mp4.length }),
    modifications: request.modifications ?? {},
    webhook_url: request.webhookUrl ?? null,
    metadata: request.metadata ?? null,
    warnings: request.warnings,
  };
}

function failureOf({ faults }: Render) {
  const wish = (kind: string) => faults.find(fault => fault.kind === kind);
  if (wish('job-cancelled')) return { status: 'cancelled', errorMessage: 'The render was cancelled.' };
  const failed = wish('job-failed');
  const { error_message: errorMessage = 'An internal error occurred while rendering.' } = (failed?.body ?? {}) as Json;
  return failed && { status: 'failed', errorMessage };
}

function sizeOf({ width, height }: Json) {
  return { width: Number(width ?? 1280), height: Number(height ?? 720) };
}
