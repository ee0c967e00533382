import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { startStudio, type Studio } from './film.ts';

jest.setTimeout(240_000);

const root = join(import.meta.dirname, '..');

/** A fenced block that calls the API, and the answer that is shown below it. */
interface Example {
  commands: string;
  answer?: { status?: number; headers: string[]; body?: unknown };
}

const isCall = (text: string) => /\bcurl\b/.test(text);

function examplesOf(document: string): Example[] {
  const examples: Example[] = [];
  let last: Example | undefined;
  for (const [, language, text = ''] of document.matchAll(/^```(\w*)\n([^]*?)^```$/gm)) {
    if (isCall(text) && language !== 'sh') throw new Error(`a curl in a block that is not sh:\n${text}`);
    if (language === 'sh') last = isCall(text) ? { commands: text } : undefined;
    if (language === 'sh' && last) examples.push(last);
    else if (last && (language === 'json' || language === 'http')) {
      last.answer = language === 'json' ? { headers: [], body: JSON.parse(text) } : answerIn(text);
      last = undefined;
    }
  }
  return examples;
}

/** What `curl -i` prints. */
function answerIn(text: string): NonNullable<Example['answer']> {
  const [head = '', ...rest] = text.replaceAll('\r', '').split('\n\n');
  const [first = '', ...lines] = head.trim().split('\n');
  const body = rest.join('\n\n').trim();
  return {
    status: Number(/^HTTP\/1.1 (\d+)/.exec(first)?.[1]),
    headers: lines.map(line => line.split(':')[0] as string),
    ...(body && { body: JSON.parse(body) as unknown }),
  };
}

/** What is shown, with the kinds of its values; of an array its first item. An answer may hold more. */
function shapeOf(shown: unknown, given: unknown): unknown {
  if (Array.isArray(shown))
    return Array.isArray(given) ? shown.slice(0, 1).map(item => shapeOf(item, given[0])) : typeof given;
  if (shown === null || typeof shown !== 'object') return typeof given;
  if (given === null || typeof given !== 'object') return typeof given;
  return Object.fromEntries(
    Object.entries(shown)
      .filter(([name]) => name in given)
      .map(([name, value]) => [name, shapeOf(value, (given as Record<string, unknown>)[name])]),
  );
}

/** A call that is to succeed fails the script otherwise; a stream, which would never end, is left after a while. */
const PRELUDE = `set -euo pipefail
curl() {
  local options=(--write-out '\\n')
  [ "$is_refused" ] || options+=(--fail-with-body)
  [[ " $* " == *" -sN "* ]] && options+=(--max-time 2)
  command curl "\${options[@]}" "$@" || [[ $? = 28 && " $* " == *" -sN "* ]]
}
`;

describe('the documents', () => {
  let studio: Studio;
  const photos = createServer((request, reply) => {
    void readFile(join(root, 'examples/photos', basename(request.url as string))).then(bytes => reply.end(bytes));
  });

  beforeAll(async () => {
    await once(photos.listen(0, '127.0.0.1'), 'listening');
    const patient = { HTTP_TIMEOUT_MS: '20000', WORKER_LEASE_MS: '30000' };
    studio = await startStudio({
      appEnv: { gateway: { HTTP_TIMEOUT_MS: '20000' }, 'lyric-service': patient },
    });
  });
  afterAll(async () => {
    photos.close();
    await studio?.close();
  });

  /** Runs the blocks in order, in one shell, and answers what each printed. */
  async function run(examples: Example[]): Promise<string[]> {
    const dir = await mkdtemp(join(tmpdir(), 'castad-docs-'));
    try {
      await symlink(join(root, 'examples'), join(dir, 'examples'));
      const blocks = examples.map(({ commands, answer }, i) => {
        const isRefused = (answer?.status ?? 0) >= 400;
        return `exec > ${i}.out\nis_refused=${isRefused ? 1 : ''}\n${commands}`;
      });
      const script = (PRELUDE + blocks.join('\n'))
        .replaceAll('http://127.0.0.1:3000', studio.system.gatewayUrl)
        .replaceAll('https://example.com', `http://127.0.0.1:${(photos.address() as AddressInfo).port}`);
      await writeFile(join(dir, 'script.sh'), script);
      const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
      const shell = spawn('bash', ['script.sh'], {
        cwd: dir,
        env: { ...process.env, PATH },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let complaint = '';
      shell.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
      const [code] = (await once(shell, 'close')) as [number];
      const outputs = globSync('*.out', { cwd: dir }).length;
      const printed = await Promise.all(
        Array.from({ length: outputs }, (_, i) => readFile(join(dir, `${i}.out`), 'utf8')),
      );
      if (code !== 0)
        throw new Error(
          `exit code ${code} after:\n${examples[outputs - 1]?.commands}\n${printed.at(-1)}\n${complaint}`,
        );
      return printed;
    } finally {
      await rm(dir, { recursive: true });
    }
  }

  async function check(document: string): Promise<void> {
    const examples = examplesOf(document);
    const printed = await run(examples);
    for (const [i, { commands, answer }] of examples.entries()) {
      if (!answer) continue;
      const text = printed[i] as string;
      const given = answer.status
        ? answerIn(text)
        : { headers: [], body: JSON.parse(text.trim().split('\n').at(-1) as string) as unknown };
      expect([commands, given.status, given.headers]).toEqual([
        commands,
        answer.status,
        answer.status ? expect.arrayContaining(answer.headers) : [],
      ]);
      expect([commands, shapeOf(answer.body, given.body)]).toEqual([commands, shapeOf(answer.body, answer.body)]);
    }
  }

  const documents = ['README.md', ...globSync('docs/**/*.md', { cwd: root })]
    .map(name => ({ name, document: readFileSync(join(root, name), 'utf8') }))
    .filter(({ document }) => isCall(document));

  it.each(documents)('$name: its calls work, and are answered as it shows', async ({ document }) => {
    // The order that is cancelled waits for its lyric until then.
    await studio.fault('openai', { endpoint: '*', kind: 'hang', match: 'Hill Top Inn', times: 1 });
    await check(document);
  });

  const wrong = (commands: string, answer = '') => `\`\`\`sh\n${commands}\n\`\`\`\n${answer}`;
  const list = 'curl -s http://127.0.0.1:3000/v1/projects';

  it.each([
    ['a path', wrong(`${list}s`)],
    ['a parameter', wrong(`x=$(${list}?size=1)\necho $x`)],
    ['a status', wrong(`${list.replace('-s', '-si')}s`, '```http\nHTTP/1.1 409 Conflict\n```')],
    ['a property', wrong(list, '```json\n{ "projects": [], "more": true }\n```')],
    ['a type', wrong(list, '```json\n{ "projects": [], "hasMore": "no" }\n```')],
    ['a header', wrong(list.replace('-s', '-si'), '```http\nHTTP/1.1 200 OK\netag: 1\n\n{}\n```')],
  ])('would be noticed with %s that is wrong', async (_, document) => {
    await expect(check(wrong(list))).resolves.toBeUndefined();
    await expect(check(document)).rejects.toThrow();
  });
});
