import { get } from 'node:http';
import { lyricBody, order } from './client.ts';
import { filmByFilm } from './films.ts';
import { fillTables } from './full-tables.ts';
import { inRounds } from './rounds.ts';
import { openStage, type Stage } from './stage.ts';
import { figure, percentile, type Figure } from './stats.ts';
import { Watcher } from './watcher.ts';

const ROUNDS = 5;
const REQUESTS = 100;
const LIST_REQUESTS = 20;
const FILMS = 60;
const WARM_UP = 200;

/** Pages of 20, and the text by which each is known to have come. */
const LISTS = {
  newest: ['/v1/projects', '"projects"'],
  oldest: ['/v1/projects?sort=oldest', '"projects"'],
  'by status': ['/v1/projects?status=waiting', '"projects"'],
  'by language': ['/v1/projects?language=en', '"projects"'],
  'by external id': ['/v1/projects?externalId=none', '"projects"'],
  'by name': ['/v1/projects?q=Sea%20Breeze', '"projects"'],
  'by a name that nobody has': ['/v1/projects?q=none', '"projects"'],
  orders: ['/v1/orders', '"orders"'],
  videos: ['/v1/videos', '"videos"'],
  'videos of a format': ['/v1/videos?format=9:16', '"videos"'],
} as const;

interface Round {
  accept: number;
  list: number;
  events: number;
  film: number;
}

/** B11: what a million finished and 100,000 waiting films in the tables slow down; films are lyrics here. */
export async function b11(): Promise<Record<string, Figure>> {
  const stage = await openStage(['gateway', 'lyric-service']);
  const watcher = await Watcher.start(stage.sandbox.env.KAFKA_BROKERS as string);
  try {
    await filmByFilm(stage, watcher, WARM_UP, lyricBody);
    await measure(stage, watcher);
    console.log('  with empty tables');
    const empty = await inRounds(ROUNDS, () => measure(stage, watcher));
    const film = await order(stage.system.gatewayUrl, lyricBody);
    await watcher.completed(film);
    const filled = await fillTables(stage.database, film);
    await measure(stage, watcher);
    console.log('  with full tables');
    const full = await inRounds(ROUNDS, () => measure(stage, watcher));
    const lists = await inRounds(ROUNDS, () => measureLists(stage, film));
    const ratio = (what: keyof Round, of: string) => {
      const [ms, emptyMs] = [full, empty].map(rounds => rounds.map(round => round[what])) as [number[], number[]];
      const details = { filled, ms, emptyMs };
      const rounds = ms.map((value, i) => value / (emptyMs[i] as number));
      return figure(rounds, { unit: `p50 of ${of}, full / empty`, goal: 1.2, stretch: 1.05, details });
    };
    return {
      'B11.accept': ratio('accept', 'an order'),
      'B11.film': ratio('film', 'a lyric, claimed and folded'),
      'B11.list': ratio('list', 'a list of projects'),
      ...Object.fromEntries(
        Object.keys(LISTS).map(name => {
          const unit = 'p50 of a page with full tables / of one project by its id';
          return [
            `B11.list ${name}`,
            figure(
              lists.map(round => round[name] as number),
              { unit, goal: 5, stretch: 3 },
            ),
          ];
        }),
      ),
      'B11.events': ratio('events', "the first page of a project's event stream"),
    };
  } finally {
    await watcher.stop();
    await stage.close();
  }
}

/** The median of each, in milliseconds. */
async function measure(stage: Stage, watcher: Watcher): Promise<Round> {
  const { gatewayUrl } = stage.system;
  const taskIds: string[] = [];
  const accept = await times(REQUESTS, async () => void taskIds.push(await order(gatewayUrl, lyricBody)));
  await Promise.all(taskIds.map(taskId => watcher.completed(taskId)));
  const film = percentile(await filmByFilm(stage, watcher, FILMS, lyricBody), 50);
  const list = await times(REQUESTS, () => firstOf(`${gatewayUrl}/v1/projects`, '"projects"'));
  let next = 0;
  const events = await times(REQUESTS, () =>
    firstOf(`${gatewayUrl}/v1/projects/${taskIds[next++]}/events`, 'TaskCompleted'),
  );
  return { accept, film, list, events };
}

/** The median of each list, as a multiple of that of one project. */
async function measureLists({ system: { gatewayUrl } }: Stage, taskId: string): Promise<Record<string, number>> {
  const one = await times(REQUESTS, () => firstOf(`${gatewayUrl}/v1/projects/${taskId}`, '"stages"'));
  const ratios: Record<string, number> = {};
  for (const [name, [path, text]] of Object.entries(LISTS))
    ratios[name] = (await times(LIST_REQUESTS, () => firstOf(gatewayUrl + path, text))) / one;
  return ratios;
}

async function times(count: number, work: () => Promise<void>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await work();
    all.push(performance.now() - began);
  }
  return percentile(all, 50);
}

/** Resolves when the answer has come as far as this text, and hears no more of it. */
function firstOf(url: string, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, response => {
      let heard = '';
      response.setEncoding('utf8').on('error', reject);
      response.on('data', (chunk: string) => {
        heard += chunk;
        if (!heard.includes(text)) return;
        resolve();
        request.destroy();
      });
      response.on('end', () => reject(new Error(`${url} was answered ${response.statusCode}: ${heard}`)));
    }).on('error', reject);
  });
}
