import { APIError } from 'openai';
import { lyricSchema } from './openai.types.ts';

type TokenLimit = 'max_completion_tokens' | 'max_tokens';

const FORMAT = 'response_format';
const TOKEN_LIMITS: TokenLimit[] = ['max_completion_tokens', 'max_tokens'];
const NAMED = new RegExp([FORMAT, ...TOKEN_LIMITS].join('|'), 'g');
const UNSUPPORTED = /unsupported|not support|unknown|unrecogni[sz]ed|unexpected|extra (input|field)/i;

/** What not every model and server takes. What one refuses is left out from then on, as long as the process lives. */
export class OptionalParameters {
  private readonly refused = new Set<string>();

  constructor(private readonly tokenLimit: TokenLimit) {}

  /** For one call. The limit of its tokens goes by the name that was not refused yet. */
  for(maxTokens: number): Record<string, unknown> {
    const limit = [this.tokenLimit, ...TOKEN_LIMITS].find(name => !this.refused.has(name));
    const json_schema = { name: 'lyric', strict: true, schema: lyricSchema };
    return {
      ...(!this.refused.has(FORMAT) && { [FORMAT]: { type: 'json_schema', json_schema } }),
      ...(limit && { [limit]: maxTokens }),
    };
  }

  /** The parameter that a call was refused for, if it is one of these; it is remembered. */
  learn(thrown: unknown, sent: object): string | undefined {
    if (!(thrown instanceof APIError) || (thrown.status !== 400 && thrown.status !== 422)) return undefined;
    const { code, param, message } = thrown as APIError;
    if (!UNSUPPORTED.test(`${code} ${message}`)) return undefined;
    // A message may also name what to use instead, which was not sent.
    const name = `${param ?? ''} ${message}`.match(NAMED)?.find(found => found in sent);
    if (name) this.refused.add(name);
    return name;
  }
}
