/** How a REST call was answered. */
export interface Answer<T = Record<string, unknown>> {
  status: number;
  /** The content type without its parameters. */
  type: string;
  headers: Headers;
  /** Parsed where it is JSON. */
  body: T;
}

const json = { 'content-type': 'application/json' };
const INSIDES = /\.[jt]s\b|node_modules|\bat \w+ \(|\b(select|insert|update) /i;

/** Calls a REST API as its clients do. A redirect is an answer, and so is a stream that has begun. */
export class Rest {
  constructor(private readonly url: string) {}

  async call<T = Record<string, unknown>>(method: string, path: string, init: RequestInit = {}): Promise<Answer<T>> {
    const response = await fetch(this.url + path, { redirect: 'manual', ...init, method });
    const { status, headers } = response;
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    const isStream = type === 'text/event-stream';
    const text = isStream ? '' : await response.text();
    if (isStream) await response.body?.cancel();
    return { status, type, headers, body: (text && type.includes('json') ? JSON.parse(text) : text) as T };
  }

  get<T = Record<string, unknown>>(path: string): Promise<Answer<T>> {
    return this.call<T>('GET', path);
  }

  post<T = Record<string, unknown>>(
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const init = body === undefined ? { headers } : { headers: { ...json, ...headers }, body: JSON.stringify(body) };
    return this.call<T>('POST', path, init);
  }
}

/** A refusal as `<status> <code>`. @throws when it is not in the one form for refusals, or tells of our insides */
export function refusal({ status, type, body }: Answer<unknown>): string {
  const said = JSON.stringify(body);
  const { code, errors = [], fields = [], requestId, ...problem } = body as Record<string, unknown>;
  const isProblem =
    status >= 400 &&
    type === 'application/problem+json' &&
    problem.type === `/errors/${String(code)}` &&
    problem.status === status &&
    typeof problem.title === 'string' &&
    typeof requestId === 'string' &&
    Array.isArray(errors) &&
    Array.isArray(fields) &&
    Object.keys(problem).length === 3;
  if (!isProblem || typeof code !== 'string') throw new Error(`no refusal: ${status} ${type} ${said}`);
  if (INSIDES.test(said)) throw new Error(`a refusal that tells too much: ${said}`);
  return `${status} ${code}`;
}
