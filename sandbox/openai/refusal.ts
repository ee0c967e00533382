import { json, type Reply } from '../stand-in/call.ts';

interface Words {
  message: string;
  type: string;
  param?: string | null;
  code?: string | null;
}

const usual: Record<number, Words> = {
  400: { message: 'We could not parse the JSON body of your request.', type: 'invalid_request_error' },
  401: { message: 'Incorrect API key provided.', type: 'invalid_request_error', code: 'invalid_api_key' },
  403: { message: 'You are not allowed to use this resource.', type: 'invalid_request_error' },
  404: { message: 'Invalid URL.', type: 'invalid_request_error', code: 'unknown_url' },
  429: { message: 'Rate limit reached for requests.', type: 'requests', code: 'rate_limit_exceeded' },
  500: { message: 'The server had an error while processing your request.', type: 'server_error' },
  503: { message: 'The server is currently overloaded.', type: 'server_error', code: 'server_is_overloaded' },
};

/** The provider's error body. */
export function refusal(status: number, words: Partial<Words> = {}): Reply {
  const base = usual[status] ?? { message: `Request failed with status ${status}.`, type: 'server_error' };
  return json(status, { error: { param: null, code: null, ...base, ...words } });
}

export const badParameter = (param: string, message: string, code: string | null = null) =>
  refusal(400, { message, type: 'invalid_request_error', param, code });
