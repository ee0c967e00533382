import { numberIn } from '@castad/platform';
import { APIError, type OpenAI } from 'openai';
import { formatOf } from './openai.types.ts';

type TokenLimit = 'max_completion_tokens' | 'max_tokens';

const FORMAT = 'response_format';
const TOKEN_LIMITS: TokenLimit[] = ['max_completion_tokens', 'max_tokens'];
const NAMED = new RegExp([FORMAT, ...TOKEN_LIMITS].join('|'), 'g');
const UNSUPPORTED = /unsupported|not support|unknown|unrecogni[sz]ed|unexpected|extra (input|field)/i;

/** What not every model and server takes. What one refuses is left out from then on, as long as the process lives. */
export class OptionalParameters {
  private readonly refused = new Set<string>();
  /** Whether the model reasons first, which takes tokens from the same limit. */
  private reasons = false;

  constructor(
    private readonly tokenLimit: TokenLimit,
    private readonly reasoningTokens: number,
  ) {}

  /** For one call. The limit of its tokens goes by the name that was not refused yet. */
  for(maxTokens: number, drafts: number): Record<string, unknown> {
    const limit = [this.tokenLimit, ...TOKEN_LIMITS].find(name => !this.refused.has(name));
    return {
      ...(!this.refused.has(FORMAT) && { [FORMAT]: { type: 'json_schema', json_schema: formatOf(drafts) } }),
      ...(limit && { [limit]: maxTokens + (this.reasons ? this.reasoningTokens : 0) }),
    };
  }

  /** What an answer shows of the model: it counts its thoughts, or has spent all its tokens and said nothing. */
  notice({ choices, usage }: Partial<OpenAI.ChatCompletion>): void {
    const { finish_reason, message } = choices?.[0] ?? {};
    const isSilent = finish_reason === 'length' && !message?.content;
    if (isSilent || numberIn(usage?.completion_tokens_details?.reasoning_tokens) > 0) this.reasons = true;
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
