import { faultOf, hasKey, isObject, json, type Call, type Json, type Reply } from '../stand-in/call.ts';
import { Clock } from '../stand-in/clock.ts';
import { Ids } from '../stand-in/ids.ts';
import type { Provider } from '../stand-in/server.ts';
import { defaults, type Settings } from '../stand-in/settings.ts';
import { conform } from './conform.ts';
import { writeLyric, type Lyric } from './lyricist.ts';
import { refusal } from './refusal.ts';
import { fault } from './request.ts';

const answerSeconds = 2;
const models = ['gpt-5', 'gpt-5-mini', 'gpt-4.1', 'gpt-4.1-mini', 'gpt-4o', 'gpt-4o-mini'];

/** A chat model that can do one thing: write lyrics. */
export class OpenAI implements Provider {
  readonly faultKinds = ['content-filter', 'invalid-json', 'invalid-schema', 'length', 'refusal'];
  readonly routes = {
    'POST /v1/chat/completions': (call: Call) => this.#complete(call),
    'GET /v1/models': () => this.#identified(json(200, { object: 'list', data: models.map(model) })),
  };
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #ids = new Ids();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#clock = new Clock(settings.timeScale);
  }

  guard(call: Call): Reply | undefined {
    if (hasKey(call, this.#settings.apiKey)) return undefined;
    const message = call.headers.authorization ? undefined : "You didn't provide an API key.";
    return this.#identified(refusal(401, message ? { message, code: null } : {}));
  }

  refusal(status: number): Reply {
    return this.#identified(refusal(status));
  }

  jobs() {
    return [];
  }

  callbacks() {
    return [];
  }

  reset() {}

  close() {
    this.#clock.clear();
  }

  async #complete(call: Call): Promise<Reply> {
    const refused = fault(call.body);
    if (refused) return this.#identified(refused);
    if (!this.#clock.isInstant) await new Promise<void>(resolve => this.#clock.after(answerSeconds, resolve));
    return this.#identified(json(200, this.#completion(call)));
  }

  #completion(call: Call) {
    const content = contentFor(call);
    const prompt_tokens = tokens(call.raw);
    const completion_tokens = tokens(content);
    const isRefused = faultOf(call, 'refusal') !== undefined;
    const message = {
      role: 'assistant',
      content: isRefused ? null : content,
      refusal: isRefused ? "I'm sorry, I can't assist with that request." : null,
      annotations: [],
    };
    return {
      id: `chatcmpl-${this.#ids.hex()}`,
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1000),
      model: call.body.model,
      choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(call) }],
      usage: {
        prompt_tokens,
        completion_tokens,
        total_tokens: prompt_tokens + completion_tokens,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
      service_tier: 'default',
      system_fingerprint: null,
    };
  }

  #identified(reply: Reply): Reply {
    return { ...reply, headers: { ...reply.headers, 'x-request-id': `req_${this.#ids.hex()}` } };
  }
}

function contentFor(call: Call): string {
  const lyric = writeLyric(lastUserMessage(call.body));
  const content = formatted(lyric, call.body.response_format as Json | undefined);
  if (faultOf(call, 'length')) return content.slice(0, content.length / 2);
  if (faultOf(call, 'invalid-json')) return `Here are your lyrics: ${content}`;
  if (faultOf(call, 'invalid-schema')) return JSON.stringify({ ...lyric, sections: 'la la la' });
  return content;
}

function formatted(lyric: Lyric, format: Json | undefined): string {
  if (format?.type === 'json_object') return JSON.stringify(lyric);
  const named = format?.json_schema;
  if (isObject(named) && isObject(named.schema)) return JSON.stringify(conform(named.schema, lyric));
  return [lyric.title, ...lyric.sections.map(({ label, lines }) => [`[${label}]`, ...lines].join('\n'))].join('\n\n');
}

function finishReason(call: Call): string {
  if (faultOf(call, 'length')) return 'length';
  return faultOf(call, 'content-filter') ? 'content_filter' : 'stop';
}

function lastUserMessage(body: Json): string {
  const messages = body.messages as { role: string; content: string }[];
  return messages.findLast(message => message.role === 'user')?.content ?? '';
}

const model = (id: string) => ({ id, object: 'model', created: 1_735_689_600, owned_by: 'system' });
const tokens = (text: string) => Math.ceil(text.length / 3);

export const openai = (settings: Partial<Settings> = {}) => new OpenAI({ ...defaults, ...settings });
