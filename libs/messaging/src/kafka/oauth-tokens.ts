import { Unavailable, type KafkaConfig } from '@castad/platform';

const TIMEOUT_MS = 5_000;
/** How much of its life a token is used for. */
const SHARE = 0.8;

interface Answer {
  access_token?: unknown;
  expires_in?: unknown;
  error?: unknown;
}

/** Access tokens of the client-credentials grant: one for all connections, until shortly before it expires. */
export class OAuthTokens {
  private token?: Promise<string>;
  private renewAt = 0;

  constructor(private readonly config: KafkaConfig) {}

  /** @throws Unavailable */
  async get(): Promise<string> {
    if (this.token && Date.now() < this.renewAt) return this.token;
    // While one is fetched, everybody waits for it.
    this.renewAt = Infinity;
    this.token = this.fetch().catch((error: unknown) => {
      this.renewAt = 0;
      throw error;
    });
    return this.token;
  }

  private async fetch(): Promise<string> {
    const askedAt = Date.now();
    const { status, answer } = await this.ask();
    const { access_token: token, expires_in: seconds } = answer;
    if (status !== 200 || typeof token !== 'string' || token === '') throw refused(status, answer.error);
    const lifeMs = Number(seconds) * 1_000;
    this.renewAt = askedAt + (lifeMs > 0 ? lifeMs * SHARE : 0);
    return token;
  }

  private async ask(): Promise<{ status: number; answer: Answer }> {
    const { KAFKA_OAUTH_TOKEN_URL: url, KAFKA_OAUTH_SCOPE: scope } = this.config;
    try {
      const response = await fetch(url as string, {
        method: 'POST',
        headers: { authorization: this.credentials(), accept: 'application/json' },
        body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope && { scope }) }),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await response.text();
      return { status: response.status, answer: parse(text) };
    } catch (error) {
      throw unreachable(error);
    }
  }

  /** Encoded twice, as RFC 6749 2.3.1 wants it. */
  private credentials(): string {
    const { KAFKA_OAUTH_CLIENT_ID: id, KAFKA_OAUTH_CLIENT_SECRET: secret } = this.config;
    const pair = [id, secret].map(part => encodeURIComponent(part as string)).join(':');
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  }
}

function parse(text: string): Answer {
  try {
    return (JSON.parse(text) ?? {}) as Answer;
  } catch {
    return {};
  }
}

/** Of the answer only a code is told: the rest may repeat what was sent. */
function refused(status: number, error: unknown): Unavailable {
  const code = typeof error === 'string' && /^[a-z_]{1,60}$/.test(error) ? ` (${error})` : '';
  const what = status === 200 ? 'answered without a token' : `answered ${status}${code}`;
  return new Unavailable('KAFKA_TOKEN_REFUSED', `the token endpoint of Kafka ${what}`);
}

function unreachable(thrown: unknown): Unavailable {
  const { name, cause } = thrown as { name: string; cause?: { code?: string } };
  return new Unavailable(
    'KAFKA_TOKEN_UNAVAILABLE',
    `the token endpoint of Kafka did not answer (${cause?.code ?? name})`,
  );
}
