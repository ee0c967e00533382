import {
  CancelTask,
  GenerateLyric,
  GenerateSong,
  type Language,
  type Lyric,
  message,
  RenderVideo,
  stages as stageNames,
  type Message,
  type Plan,
  type Stage as StageName,
} from '@castad/contracts';
import { newTraceparent, Outbox } from '@castad/messaging';
import { Conflict, Database, newId, shortened, type UnitOfWork } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import canonicalize from 'canonicalize';
import { GatewayConfig } from '../gateway.config.ts';
import { Templates } from '../template/templates.ts';
import { beginOf, Stages } from '../projection/fold.ts';
import { Order } from './order.entity.ts';
import { orderRunning, type Situation, situationOf } from './situation.ts';
import { assertMatches } from '../project/etag.ts';
import type { Project } from '../project/project.entity.ts';
import { Results } from '../project/results.ts';
import type { Stage, SongOutput, StageInput } from '../projection/stage.entity.ts';

const MAX_TITLE = 80;
/** What a service says of a paid call of which nobody knows what came of it. */
const OUTCOME_UNKNOWN = 'OUTCOME_UNKNOWN';

/** How a client asks for an order. */
export interface Asked {
  /** The revision that it looked at. */
  seen?: number;
  /** The `ETag` that it looked at. */
  ifMatch?: string;
  /** To make once more what is there already. */
  again?: boolean;
  /** A film that shows no photo. */
  withoutPhotos?: boolean;
  /** From now on the project's. */
  language?: Language;
}

/** What an order is to make, from its first stage to its last. */
interface Range {
  first: StageName;
  last: StageName;
  /** The client's own words, instead of written ones. */
  lyric?: Lyric;
  /** The order that did not come to its end; what was paid for it is taken over. */
  retryOf?: number;
  withoutPhotos?: boolean;
  language?: Language;
}

interface Placed {
  order: Order;
  stage: Stage;
}

/** Accepts work: one order and one command in one transaction. */
@Injectable()
export class OrderService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly templates: Templates,
    private readonly config: GatewayConfig,
  ) {}

  /** Everything from the first stage that is not done or stale, to `stopAfter` or the film; never pays twice for one. */
  run(unit: UnitOfWork, taskId: string, asked: Asked, stopAfter: StageName = 'video'): Promise<Order> {
    const isSame = ({ lastStage }: Order) => lastStage === stopAfter;
    return this.accept(unit, taskId, asked, isSame, ({ results, latest }) => {
      const first = isOwnLyricUnwritten(latest, results) ? 'lyric' : results.firstUndone();
      if (!first || isAfter(first, stopAfter))
        throw new Conflict('NOTHING_TO_DO', `The ${stopAfter} is already there.`);
      const begun = results.unfinished(first);
      if (begun?.error?.code === OUTCOME_UNKNOWN) throw mayBePaid(first);
      const lyric = ownWords(first, unfinishedAt(first, latest, results));
      return { first, last: stopAfter, retryOf: begun?.revision, lyric };
    });
  }

  /** One stage alone; what is there already is made once more only if that is surely meant. */
  stage(unit: UnitOfWork, taskId: string, asked: Asked, name: StageName): Promise<Order> {
    const isSame = ({ lastStage }: Order) => lastStage === name;
    return this.accept(unit, taskId, asked, isSame, ({ results }) => {
      const current = results.current(name);
      if (current && !results.isStale(current)) assertMeant(asked, name);
      return { first: name, last: name };
    });
  }

  /** What the latest order did not come to, from where it ended. */
  retry(unit: UnitOfWork, taskId: string, asked: Asked): Promise<Order> {
    return this.accept(unit, taskId, asked, anyOrder, ({ latest, results }) => {
      if (latest?.status !== 'failed' && latest?.status !== 'cancelled')
        throw new Conflict('NOTHING_TO_RETRY', 'The latest order of this project did not fail.');
      const { revision, lastStage } = latest;
      const isDone = (name: StageName) =>
        results.attempts(name).some(stage => stage.revision === revision && stage.status() === 'completed');
      const first = stageNames.find(name => latest.includes(name) && !isDone(name)) ?? lastStage;
      return { first, last: lastStage, retryOf: revision, lyric: ownWords(first, latest) };
    });
  }

  /** Words of the client's own, as the next revision of the lyric. */
  lyric(unit: UnitOfWork, taskId: string, asked: Asked, words: Words, last: StageName = 'lyric'): Promise<Order> {
    return this.accept(unit, taskId, asked, noOrder, ({ project, results }) => {
      const current = results.current('lyric');
      const lyric = completed(words, project, current);
      const undone = results.firstUndone();
      const isAllThere = !undone || isAfter(undone, last);
      const isSame = canonicalize(current?.output) === canonicalize(lyric);
      if (isAllThere && isSame && last !== 'lyric') assertMeant(asked, last);
      return { first: 'lyric', last, lyric };
    });
  }

  /** Ends the running order. Ended so already, it stays as it is. */
  async cancel(unit: UnitOfWork, taskId: string): Promise<{ order: Order; paid: StageName[] }> {
    const { project, latest: order, results } = await situationOf(unit, taskId);
    if (!order || (!order.isRunning() && order.status !== 'cancelled'))
      throw new Conflict('NOTHING_TO_CANCEL', 'No order of this project is running.');
    const { revision } = order;
    const paid = stageNames.filter(name => results.attempts(name).some(at => at.revision === revision && at.paid));
    if (order.isRunning()) {
      this.outbox.add(unit, order.cancelled(unit.now, paid), order.cause());
      this.outbox.add(unit, message(CancelTask, { taskId, revision }), order.cause());
      project.changed();
    }
    return { order, paid };
  }

  /** One in which an order may be placed. It may run twice. */
  transaction<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    return this.templates.checked(() => this.database.transaction('requests', work));
  }

  /** The first order of a project that the same `transaction` makes. */
  first(unit: UnitOfWork, project: Project, { withoutPhotos }: Asked, stopAfter: StageName = 'video'): Placed {
    return this.place(unit, project, [], new Results(project, []), { first: 'lyric', last: stopAfter, withoutPhotos });
  }

  /** While an order runs, asking for the same again is that order, and asking for another is refused. */
  private async accept(
    unit: UnitOfWork,
    taskId: string,
    { seen, ifMatch, withoutPhotos, language }: Asked,
    isSame: (running: Order) => boolean,
    choose: (situation: Situation) => Range,
  ): Promise<Order> {
    const situation = await situationOf(unit, taskId);
    const { project, latest, results, images } = situation;
    if (seen !== undefined && seen !== project.revision)
      throw new Conflict('REVISION_STALE', `The project is at revision ${project.revision} by now.`);
    await assertMatches(unit, project, ifMatch);
    if (latest?.isRunning()) {
      if (isSame(latest) && (!language || language === latest.plan.language)) return latest;
      throw orderRunning();
    }
    const range = { ...choose(situation), withoutPhotos, language };
    const imageIds = images.map(({ imageId }) => imageId);
    return this.place(unit, project, imageIds, results, range).order;
  }

  private place(unit: UnitOfWork, project: Project, imageIds: string[], results: Results, range: Range): Placed {
    this.outbox.assertRoom();
    const { first: firstStage, last: lastStage } = range;
    const { taskId } = project;
    if (range.language) project.language = range.language;
    const deadline = new Date(unit.now.getTime() + this.config.FILM_DEADLINE_MS);
    const plan = project.plan(imageIds, deadline, lastStage === 'video' ? undefined : lastStage);
    const cause = { messageId: newId(), traceparent: newTraceparent(), at: unit.now };
    const revision = project.revision + 1;
    const { command, input } = commandFor({ taskId, revision, plan }, range, results);
    project.withoutPhotos ||= !!range.withoutPhotos;
    if (lastStage === 'video' && imageIds.length === 0 && !project.withoutPhotos) throw photosMissing();
    // A template that cannot be used is better known before the song is paid for.
    if (lastStage !== 'lyric') this.templates.assertUsable(project.video);
    project.revision = revision;
    const order = Order.accepted(
      { taskId, revision, plan, firstStage, lastStage, lyric: range.lyric, input },
      this.config.timeLimits(),
      cause,
    );
    const stage = beginOf(order, new Stages([]));
    unit.insert(stage);
    unit.insert(order);
    this.outbox.add(unit, command, cause);
    return { order, stage };
  }
}

/** A lyric of the client's; what it leaves out stays as it is. */
export type Words = Pick<Lyric, 'sections'> & Partial<Pick<Lyric, 'title' | 'style'>>;

const photosMissing = () =>
  new Conflict(
    'PHOTOS_MISSING',
    'The film needs at least one photo. Add one, or ask for a film that shows none with "withoutPhotos": true.',
  );

/** To pay once more is up to a person who knows. */
const mayBePaid = (stage: StageName) =>
  new Conflict(
    OUTCOME_UNKNOWN,
    `Nobody knows whether the ${stage} was paid for. To pay once more if need be, retry, or order the ${stage} alone.`,
  );

/** A second click, or a request that was sent again, must not pay again. @throws Conflict `STAGE_DONE` */
function assertMeant({ seen, ifMatch, again }: Asked, stage: StageName): void {
  if (again || seen !== undefined || (ifMatch !== undefined && ifMatch !== '*')) return;
  throw new Conflict(
    'STAGE_DONE',
    `The ${stage} is already there. To make another one, say "again": true, or which revision you looked at.`,
  );
}

const anyOrder = () => true;
const noOrder = () => false;

const isAfter = (name: StageName, other: StageName): boolean => stageNames.indexOf(name) > stageNames.indexOf(other);

/** The order that ended at this very stage without a result. */
function unfinishedAt(first: StageName, latest: Order | undefined, results: Results): Order | undefined {
  const [newest] = results.attempts(first);
  return newest?.revision === latest?.revision && newest?.status() !== 'completed' ? latest : undefined;
}

/** The client gave other words, and they have not become a lyric yet: an older one must not be sung instead. */
const isOwnLyricUnwritten = (latest: Order | undefined, results: Results): boolean =>
  !!latest?.lyric && !!unfinishedAt('lyric', latest, results);

/** The client's words that the unfinished order was to sing. */
const ownWords = (first: StageName, unfinished: Order | undefined): Lyric | undefined =>
  first === 'lyric' ? (unfinished?.lyric ?? undefined) : undefined;

function completed(words: Words, { brief, music }: Project, before: Stage | undefined): Lyric {
  const lyric = before?.output as Lyric | undefined;
  const style = words.style ?? lyric?.style ?? music.style;
  if (!style) throw new Conflict('STYLE_MISSING', 'Say in which style the lyric is to be sung: there is none yet.');
  const title = words.title ?? lyric?.title ?? shortened(brief.businessName, MAX_TITLE);
  return { title, style, sections: words.sections };
}

/** The command of the first stage, with all its input, and what that input is. */
function commandFor(
  head: { taskId: string; revision: number; plan: Plan },
  { first, lyric: own, retryOf }: Range,
  results: Results,
): { command: Message; input?: StageInput } {
  if (first === 'lyric')
    return own
      ? { command: message(GenerateLyric, { ...head, lyric: own }), input: { revision: 0, isOwn: true } }
      : { command: message(GenerateLyric, head) };
  const again = retryOf ? { retryOf } : {};
  if (first === 'song') {
    const lyric = results.current('lyric');
    if (!lyric) throw new Conflict('LYRIC_MISSING', 'There is no lyric yet. Order the lyric first.');
    const command = message(GenerateSong, { ...head, lyric: lyric.output as Lyric, ...again });
    return { command, input: { revision: lyric.revision } };
  }
  const song = results.current('song');
  if (!song) throw new Conflict('SONG_MISSING', 'There is no song yet. Order the song first.');
  const { title, tracks } = song.output as SongOutput;
  const trackId = results.trackOf(song);
  const track = tracks.find(candidate => candidate.trackId === trackId);
  if (!track) throw new Conflict('SONG_MISSING', 'The song has no such track. Order the song again.');
  const command = message(RenderVideo, { ...head, title, songRevision: song.revision, track, ...again });
  return { command, input: { revision: song.revision, trackId, imageIds: head.plan.imageIds } };
}
