import { faultOf, hasKey, json, type Call, type Reply } from '../stand-in/call.ts';
import { Callbacks } from '../stand-in/callbacks.ts';
import { Clock } from '../stand-in/clock.ts';
import { jobKinds } from '../stand-in/faults.ts';
import { file } from '../stand-in/media.ts';
import { RateLimit } from '../stand-in/rate-limit.ts';
import type { Provider } from '../stand-in/server.ts';
import { defaults, type Settings } from '../stand-in/settings.ts';
import { Assets } from './assets.ts';
import { refusal, tooMany } from './refusal.ts';
import { Renders, view } from './renders.ts';
import { isRefusal, understand } from './request.ts';
import { studio } from './studio.ts';
import { findTemplate, listTemplates } from './templates.ts';

const callsPerWindow = 30;
const windowMs = 10_000;

/** The video renderer: templates, renders and their files. */
export class Creatomate implements Provider {
  readonly faultKinds = [...jobKinds, 'job-cancelled', 'job-odd', 'job-transcribed', 'remarks'];
  readonly routes = {
    'POST /v2/renders': (call: Call) => this.#render(call),
    'GET /v2/renders/*': (call: Call) => this.#show(call),
    'GET /v2/templates': (call: Call) => json(200, listTemplates(tagsIn(call))),
    'GET /v2/templates/*': (call: Call) => template(call),
    'GET /media/*': (call: Call) => this.#media(call),
  };
  readonly #settings: Settings;
  readonly #callbacks: Callbacks;
  readonly #assets = new Assets();
  readonly #renders: Renders;
  readonly #limit = new RateLimit(callsPerWindow, windowMs);

  constructor(settings: Settings) {
    const clock = new Clock(settings.timeScale);
    this.#settings = settings;
    this.#callbacks = new Callbacks(clock, settings.callbacks);
    const checked = settings.mediaCheck ? this.#assets : undefined;
    this.#renders = new Renders(clock, this.#callbacks, studio(settings.media, checked));
  }

  /** A dry run orders nothing, so it is no order in the log either. */
  pathOf({ path, body }: Call): string | undefined {
    return path === '/v2/renders' && body.dry_run === true ? '/v2/renders/dry-run' : undefined;
  }

  guard(call: Call): Reply | undefined {
    if (!hasKey(call, this.#settings.apiKey)) return refusal(401);
    const waitMs = this.#settings.rateLimit ? this.#limit.take() : 0;
    return waitMs > 0 ? tooMany(Math.ceil(waitMs / 1000)) : undefined;
  }

  refusal(status: number): Reply {
    return refusal(status);
  }

  jobs() {
    return this.#renders.all().map(({ id, status, createdAt, request }) => ({
      id,
      status,
      createdAt,
      metadata: request.metadata,
      webhookUrl: request.webhookUrl,
    }));
  }

  callbacks() {
    return this.#callbacks.list();
  }

  reset() {
    this.#renders.clear();
    this.#callbacks.clear();
    this.#limit.clear();
  }

  close() {
    this.#callbacks.close();
    this.#assets.close();
  }

  async #render(call: Call): Promise<Reply> {
    const request = understand(call.body);
    if (isRefusal(request)) return refusal(request.status, request.hint);
    call.problems.push(...request.problems);
    const { isDryRun, errors, warnings, source } = request;
    const remarks = faultOf(call, 'remarks')?.body ?? {};
    if (isDryRun) return json(200, { valid: errors.length === 0, errors, warnings, source, ...remarks });
    return json(202, { ...view(await this.#renders.submit(call, request)), ...remarks });
  }

  #show(call: Call): Reply {
    const found = this.#renders.find(call.param);
    return found ? json(200, view(found)) : refusal(404);
  }

  #media(call: Call): Reply {
    const [id = '', type] = call.param.split('.');
    const film = this.#renders.filmOf(id);
    if (!film) return refusal(404);
    if (type === 'jpg') return file(call, film.jpg, 'image/jpeg');
    return type === 'mp4' ? file(call, film.mp4, 'video/mp4') : refusal(404);
  }
}

function template(call: Call): Reply {
  const found = findTemplate(call.param);
  return found ? json(200, found) : refusal(404);
}

const tagsIn = (call: Call) => (call.query.get('tags') ?? '').split(',').filter(tag => tag !== '');

export const creatomate = (settings: Partial<Settings> = {}) => new Creatomate({ ...defaults, ...settings });
