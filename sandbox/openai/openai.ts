import { faultOf, hasKey, isObject, json, type Call, type Json, type Reply } from '../stand-in/call.ts';
import { Clock } from '../stand-in/clock.ts';
import { Ids } from '../stand-in/ids.ts';
import type { Provider } from '../stand-in/server.ts';
import { defaults, type Settings } from '../stand-in/settings.ts';
import { conform } from './conform.ts';
import { writeDrafts, writeLyric, type Lyric } from './lyricist.ts';
import { badParameter, refusal } from './refusal.ts';
import { fault } from './request.ts';

type Words = Lyric | { lyrics: Lyric[] };

const answerSeconds = 2;
const models = ['gpt-5', 'gpt-5-mini', 'gpt-4.1', 'gpt-4.1-mini', 'gpt-4o', 'gpt-4o-mini'];

const harms = ['harassment', 'hate', 'illicit', 'self-harm', 'sexual', 'violence'];

const faultKinds = [
  'content-filter',
  'empty',
  'fenced',
  'fewer-drafts',
  'flagged',
  'invalid-json',
  'invalid-schema',
  'length',
  'no-usage',
  'prefixed',
  'reasoning',
  'refusal',
  'unsupported',
  'wrong-language',
];

/** A chat model that can do one thing: write lyrics. Its moderation flags what a fault tells it to. */
export class OpenAI implements Provider {
  readonly faultKinds = faultKinds;
  readonly routes = {
    'POST /v1/chat/completions': (call: Call) => this.#complete(call),
    'POST /v1/moderations': (call: Call) => this.#identified(this.#moderation(call)),
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
    const refused = unsupported(call) ?? fault(call.body);
    if (refused) return this.#identified(refused);
    if (!this.#clock.isInstant) await new Promise<void>(resolve => this.#clock.after(answerSeconds, resolve));
    return this.#identified(json(200, this.#completion(call)));
  }

  #moderation(call: Call): Reply {
    const { model = 'omni-moderation-latest', input } = call.body;
    if (typeof input !== 'string' || input === '')
      return badParameter('input', "Missing required parameter: 'input'.", 'missing_required_parameter');
    const flags = faultOf(call, 'flagged')?.body ?? [];
    const isFlagged = (category: string) => Array.isArray(flags) && flags.includes(category);
    const categories = Object.fromEntries(harms.map(category => [category, isFlagged(category)]));
    const category_scores = Object.fromEntries(harms.map(category => [category, isFlagged(category) ? 0.9 : 0.01]));
    const flagged = Object.values(categories).includes(true);
    return json(200, { id: `modr-${this.#ids.hex()}`, model, results: [{ flagged, categories, category_scores }] });
  }

  #completion(call: Call) {
    const reasoning_tokens = thoughtsOf(call);
    const room = limitOf(call.body) - reasoning_tokens;
    const words = contentFor(call);
    const content = room > 0 ? words.slice(0, room * lettersPerToken) : '';
    const prompt_tokens = tokens(call.raw);
    const completion_tokens = tokens(content) + Math.min(reasoning_tokens, limitOf(call.body));
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
      choices: [
        { index: 0, message, logprobs: null, finish_reason: content === words ? finishReason(call) : 'length' },
      ],
      ...(!faultOf(call, 'no-usage') && {
        usage: {
          prompt_tokens,
          completion_tokens,
          total_tokens: prompt_tokens + completion_tokens,
          prompt_tokens_details: { cached_tokens: 0 },
          completion_tokens_details: { reasoning_tokens },
        },
      }),
      service_tier: 'default',
      system_fingerprint: null,
    };
  }

  #identified(reply: Reply): Reply {
    return { ...reply, headers: { ...reply.headers, 'x-request-id': `req_${this.#ids.hex()}` } };
  }
}

/** The model does not take the parameters that the fault names. */
function unsupported(call: Call): Reply | undefined {
  const names = faultOf(call, 'unsupported')?.body;
  const name = Array.isArray(names) ? names.map(String).find(each => each in call.body) : undefined;
  const message = `Unsupported parameter: '${name}' is not supported with this model.`;
  return name ? badParameter(name, message, 'unsupported_parameter') : undefined;
}

function contentFor(call: Call): string {
  const words = wordsFor(call);
  const content = formatted(words, call.body);
  if (faultOf(call, 'empty')) return '';
  if (faultOf(call, 'fenced')) return fenced(content);
  if (faultOf(call, 'prefixed')) return `Here are your lyrics: ${content}`;
  if (faultOf(call, 'length') ?? faultOf(call, 'invalid-json')) return content.slice(0, content.length / 2);
  if (faultOf(call, 'invalid-schema'))
    return JSON.stringify({ ...words, ['lyrics' in words ? 'lyrics' : 'sections']: 'la la la' });
  return content;
}

function wordsFor(call: Call): Words {
  const prompt = promptFor(call);
  const lyrics = writeDrafts(prompt)?.slice(0, Number(faultOf(call, 'fewer-drafts')?.body ?? Infinity));
  return lyrics ? { lyrics } : writeLyric(prompt);
}

function promptFor(call: Call): string {
  const prompt = lastUserMessage(call.body);
  if (!faultOf(call, 'wrong-language')) return prompt;
  return prompt.replace(/"language":"(\w+)"/, (_, asked) => `"language":"${asked === 'ja' ? 'ko' : 'ja'}"`);
}

function formatted(words: Words, { response_format: format, messages }: Json): string {
  if (isObject(format) && format.type === 'json_object') return JSON.stringify(words);
  const named = isObject(format) ? format.json_schema : undefined;
  if (isObject(named) && isObject(named.schema)) return JSON.stringify(conform(named.schema, words));
  if (/answer with .*JSON/i.test(JSON.stringify(messages))) return fenced(JSON.stringify(words));
  return ('lyrics' in words ? words.lyrics : [words]).map(textOf).join('\n\n');
}

const textOf = ({ title, sections }: Lyric): string =>
  [title, ...sections.map(({ label, lines }) => [`[${label}]`, ...lines].join('\n'))].join('\n\n');

const fenced = (json: string): string => `\`\`\`json\n${json}\n\`\`\``;

function finishReason(call: Call): string {
  if (faultOf(call, 'length')) return 'length';
  return faultOf(call, 'content-filter') ? 'content_filter' : 'stop';
}

function lastUserMessage(body: Json): string {
  const messages = body.messages as { role: string; content: string }[];
  return messages.findLast(message => message.role === 'user')?.content ?? '';
}

const model = (id: string) => ({ id, object: 'model', created: 1_735_689_600, owned_by: 'system' });
const lettersPerToken = 3;
const tokens = (text: string) => Math.ceil(text.length / lettersPerToken);

/** Of a call to a model that reasons; they come out of the same limit as the answer. */
const thoughtsOf = (call: Call): number => Number(faultOf(call, 'reasoning')?.body ?? 0);

const limitOf = ({ max_completion_tokens, max_tokens }: Json): number =>
  Number(max_completion_tokens ?? max_tokens ?? Infinity);

export const openai = (settings: Partial<Settings> = {}) => new OpenAI({ ...defaults, ...settings });
