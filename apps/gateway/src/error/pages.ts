import type { ErrorCode } from './catalogue.ts';

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}';

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
  `<title>${title}</title><style>${style}</style><h1>${title}</h1>${body}</html>`;

export const codePage = ({ code, status, meaning, remedy }: ErrorCode): string =>
  page(
    code,
    `<p>${status ? `HTTP ${status}` : 'A reason why a stage failed or waits'}</p>` +
      `<p>${html(meaning)}</p><h2>What to do</h2><p>${html(remedy)}</p><p><a href="/errors">All codes</a></p>`,
  );

export const catalogPage = (codes: ErrorCode[]): string =>
  page(
    'Error codes',
    `<ul>${codes.map(({ code, meaning }) => `<li><a href="/errors/${code}">${code}</a>: ${html(meaning)}</li>`).join('')}</ul>`,
  );

/** The catalogue for docs/errors.md. */
export function catalogMarkdown(codes: ErrorCode[]): string {
  const rows = (of: ErrorCode[]) =>
    of.map(({ code, status, meaning, remedy }) => `| ${code} | ${status ?? ''} | ${meaning} | ${remedy} |`);
  const table = (of: ErrorCode[]) => ['| code | HTTP | meaning | what to do |', '| - | - | - | - |', ...rows(of)];
  return [
    '# Error codes',
    '',
    'Written by `npm run describe` from the code. The gateway serves the same as pages, at `/errors/{code}`.',
    '',
    '## Of requests',
    '',
    'The `code` of an `application/problem+json` answer.',
    '',
    ...table(codes.filter(({ status }) => status)),
    '',
    '## Of orders',
    '',
    'The `code` of what a stage waits for or failed of, in the project and in events.',
    '',
    ...table(codes.filter(({ status }) => !status)),
    '',
  ].join('\n');
}

/** Our own texts: markup in them is none, `...` is code. */
const html = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/`([^`]+)`/g, '<code>$1</code>');
