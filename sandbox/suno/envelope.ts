import { json, type Reply } from '../stand-in/call.ts';

const messages: Record<number, string> = {
  200: 'success',
  400: 'The request parameters are incorrect.',
  401: 'You do not have access permissions.',
  404: 'The requested resource was not found.',
  405: 'The rate limit has been exceeded.',
  413: 'The theme or prompt is too long.',
  429: 'The current credits are insufficient. Please top up.',
  430: 'Your call frequency is too high. Please try again later.',
  455: 'The website is being maintained. Please try again later.',
  500: 'Server exception, please try again later.',
};

/** The verdict is `code`: this gateway answers refusals under HTTP 200, too. */
export function envelope(code: number, data: unknown = null, msg = messages[code] ?? 'Unknown error.'): Reply {
  return { ...json(200, { code, msg, data }), code };
}

export const success = (data: unknown) => envelope(200, data);
