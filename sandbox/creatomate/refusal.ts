import { json, text, type Reply } from '../stand-in/call.ts';

const hints: Record<number, string> = {
  400: 'The request body is not valid JSON.',
  401: 'The API key is missing or invalid.',
  402: 'You have used up your credits. Please upgrade your plan.',
  404: 'The requested resource was not found.',
};

export function refusal(status: number, hint = hints[status]): Reply {
  if (status === 429) return tooMany(10);
  if (!hint) return text(status, `HTTP ${status}`);
  return json(status, { hint, documentation: 'https://creatomate.com/docs/api/introduction' });
}

/** The one refusal that is no JSON. */
export function tooMany(seconds: number): Reply {
  return text(429, 'Too Many Requests', { 'retry-after': String(seconds), 'x-ratelimit-remaining': '0' });
}
