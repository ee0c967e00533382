import {
  CancelTask,
  type Language,
  formatsOf,
  type Format,
  type Lyric,
  message,
  planOfFilm,
  stages as stageNames,
  type Stage as StageName,
} from '@castad/contracts';
import { newTraceparent, Outbox } from '@castad/messaging';
import { Conflict, Database, InvalidInput, newId, shortened, type UnitOfWork } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import canonicalize from 'canonicalize';
import { isDeepStrictEqual } from 'node:util';
import { RecentFilms } from '../estimate/recent-films.ts';
import { GatewayConfig } from '../gateway.config.ts';
import { Templates } from '../template/templates.ts';
import { beginOf } from '../projection/fold.ts';
import { Stages } from '../projection/stages.ts';
import { commandsFor, type Range } from './commands.ts';
import { Order } from './order.entity.ts';
import { orderRunning, type Situation, situationOf } from './situation.ts';
import { assertMatches } from '../project/etag.ts';
import type { Project } from '../project/project.entity.ts';
import { Results } from '../project/results.ts';
import { type Stage, stageOf, type Step } from '../projection/stage.entity.ts';

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
  /** Films of these formats. Default: all of the project. */
  formats?: Format[];
  /** Lyrics to choose from. Default: one. */
  drafts?: number;
  /** Previews instead of films. */
  preview?: boolean;
}

interface Placed {
  order: Order;
  stages: Stage[];
}

/** Accepts work: one order and its command, or one for each film, in one transaction. */
@Injectable()
export class OrderService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly templates: Templates,
    private readonly config: GatewayConfig,
    private readonly recent: RecentFilms,
  ) {}

  /** Everything from the first stage that is not done or stale, to `stopAfter` or the film; never pays twice for one. */
  run(unit: UnitOfWork, taskId: string, asked: Asked, stopAfter: StageName = 'video'): Promise<Order> {
    assertChoice(asked, stopAfter);
    const isSame = (running: Order) => running.lastStage === stopAfter && hasDrafts(running, asked);
    return this.accept(unit, taskId, asked, isSame, ({ results, latest }) => {
      const first = isOwnLyricUnwritten(latest, results) ? 'lyric' : results.firstUndone();
      if (!first || isAfter(first, stopAfter))
        throw new Conflict('NOTHING_TO_DO', `The ${stopAfter} is already there.`);
      const begun = (format?: Format) => {
        const attempt = results.unfinished(first, format);
        if (attempt?.error?.code === OUTCOME_UNKNOWN) throw mayBePaid(first);
        return attempt?.revision;
      };
      if (first === 'video') {
        const films = results.undoneFormats().map(format => ({ format, retryOf: begun(format) }));
        return { first, last: stopAfter, films };
      }
      const lyric = ownWords(first, unfinishedAt(first, latest, results));
      return { first, last: stopAfter, retryOf: begun(), lyric, drafts: asked.drafts };
    });
  }

  /** One stage alone; what is there already is made once more only if that is surely meant. */
  stage(unit: UnitOfWork, taskId: string, asked: Asked, name: Exclude<StageName, 'video'>): Promise<Order> {
    const isSame = (running: Order) => running.lastStage === name && hasDrafts(running, asked);
    return this.accept(unit, taskId, asked, isSame, ({ results }) => {
      const current = results.current(name);
      if (current && !results.isStale(current)) assertMeant(asked, name);
      return { first: name, last: name, drafts: asked.drafts };
    });
  }

  /** Films alone, or previews, in the same way. Formats that the project does not have yet join it. */
  films(unit: UnitOfWork, taskId: string, asked: Asked): Promise<Order> {
    const step = asked.preview ? 'preview' : 'video';
    const isSame = ({ lastStage, plan }: Order) =>
      lastStage === step && (!asked.formats || isDeepStrictEqual(asked.formats, formatsOf(plan.video)));
    return this.accept(unit, taskId, asked, isSame, ({ project, results }) => {
      project.addFormats(asked.formats ?? []);
      const wanted = asked.formats ?? formatsOf(project.video);
      const undone = results.undoneFormats(step).filter(format => wanted.includes(format));
      if (undone.length === 0) assertMeant(asked, step);
      const films = (isMeant(asked) ? wanted : undone).map(format => ({ format }));
      return { first: step, last: step, films };
    });
  }

  /** What the latest order did not come to, from where it ended. */
  retry(unit: UnitOfWork, taskId: string, asked: Asked): Promise<Order> {
    return this.accept(unit, taskId, asked, anyOrder, ({ project, latest, results }) => {
      if (latest?.status !== 'failed' && latest?.status !== 'cancelled')
        throw new Conflict('NOTHING_TO_RETRY', 'The latest order of this project did not fail.');
      const { revision, lastStage: last } = latest;
      const drafts = latest.drafts ?? undefined;
      const formats = latest.formats ?? [project.video.format];
      const step = latest.stepAt('video');
      const undone = formats.filter(format => !results.completedBy(revision, step, format));
      const isDone = (name: StageName) =>
        name === 'video' ? undone.length === 0 : !!results.completedBy(revision, name);
      const first = stageNames.find(name => latest.includes(name) && !isDone(name)) ?? stageOf(last);
      if (first !== 'video') return { first, last, retryOf: revision, lyric: ownWords(first, latest), drafts };
      const films = (undone.length > 0 ? undone : formats).map(format => ({ format, retryOf: revision }));
      return { first: step, last, films };
    });
  }

  /** Words of the client's own, as the next revision of the lyric. */
  lyric(unit: UnitOfWork, taskId: string, asked: Asked, words: Words, last: StageName = 'lyric'): Promise<Order> {
    return this.accept(unit, taskId, asked, noOrder, ({ project, results }) => {
      const current = results.current('lyric');
      const before = current && results.wordsOf(current);
      const lyric = completed(words, project, before);
      const undone = results.firstUndone();
      const isAllThere = !undone || isAfter(undone, last);
      const isSame = canonicalize(before) === canonicalize(lyric);
      if (isAllThere && isSame && last !== 'lyric') assertMeant(asked, last);
      return { first: 'lyric', last, lyric };
    });
  }

  /** Ends the running order. Ended so already, it stays as it is. */
  async cancel(unit: UnitOfWork, taskId: string): Promise<{ order: Order; paid: StageName[] }> {
    const situation = await situationOf(unit, taskId);
    const { latest: order } = situation;
    if (!order || (!order.isRunning() && order.status !== 'cancelled'))
      throw new Conflict('NOTHING_TO_CANCEL', 'No order of this project is running.');
    return { order, paid: this.stop(unit, situation) };
  }

  /** Ends the latest order if it is running. Returns its stages that were paid for. */
  stop(unit: UnitOfWork, { project, latest: order, results }: Situation): StageName[] {
    if (!order) return [];
    const { taskId, revision } = order;
    const paid = stageNames.filter(name =>
      results.attempts(order.stepAt(name)).some(at => at.revision === revision && at.paid),
    );
    if (order.isRunning()) {
      this.outbox.add(unit, order.cancelled(unit.now, paid), order.cause());
      this.outbox.add(unit, message(CancelTask, { taskId, revision }), order.cause());
      project.changed();
    }
    return paid;
  }

  /** One in which an order may be placed. It may run twice. */
  transaction<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    return this.templates.checked(() => this.database.transaction('requests', work));
  }

  /** The first order of a project that the same `transaction` makes. */
  first(unit: UnitOfWork, project: Project, asked: Asked, stopAfter: StageName = 'video'): Placed {
    assertChoice(asked, stopAfter);
    const { withoutPhotos, drafts } = asked;
    const range: Range = { first: 'lyric', last: stopAfter, withoutPhotos, drafts };
    return this.place(unit, project, [], new Results(project, []), range);
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
    if (project.video.formats && project.video.template) throw oneShape();
    const { first: firstStage, last: lastStage, lyric, drafts } = range;
    const { taskId } = project;
    if (range.language) project.language = range.language;
    const deadline = new Date(unit.now.getTime() + this.config.FILM_DEADLINE_MS);
    const isToTheEnd = stageOf(lastStage) === 'video';
    const films = range.films?.map(({ format }) => format);
    const plan = project.plan(imageIds, deadline, isToTheEnd ? undefined : stageOf(lastStage), films);
    const cause = { messageId: newId(), traceparent: newTraceparent(), at: unit.now };
    const revision = project.revision + 1;
    const { commands, input } = commandsFor({ taskId, revision, plan }, range, results);
    project.withoutPhotos ||= !!range.withoutPhotos;
    if (isToTheEnd && imageIds.length === 0 && !project.withoutPhotos) throw photosMissing();
    // A template that cannot be used is better known before the song is paid for.
    if (lastStage !== 'lyric')
      for (const format of formatsOf(plan.video)) this.templates.assertUsable(planOfFilm(plan, format).video);
    project.revision = revision;
    const order = Order.accepted(
      { taskId, revision, plan, firstStage, lastStage, lyric, drafts, input },
      this.config.timeLimits(),
      this.recent.latest(),
      cause,
    );
    const stages = beginOf(order, new Stages([], [order]));
    for (const stage of stages) unit.insert(stage);
    unit.insert(order);
    for (const command of commands) this.outbox.add(unit, command, cause);
    return { order, stages };
  }
}

/** A lyric of the client's; what it leaves out stays as it is. */
export type Words = Pick<Lyric, 'sections'> & Partial<Pick<Lyric, 'title' | 'style'>>;

const photosMissing = () =>
  new Conflict(
    'PHOTOS_MISSING',
    'The film needs at least one photo. Add one, or ask for a film that shows none with "withoutPhotos": true.',
  );

const oneShape = () =>
  new Conflict('TEMPLATE_OF_ONE_FORMAT', "The project's own video template has one shape, so its film has one format.");

/** To pay once more is up to a person who knows. */
const mayBePaid = (stage: StageName) =>
  new Conflict(
    OUTCOME_UNKNOWN,
    `Nobody knows whether the ${stage} was paid for. To pay once more if need be, retry, or order the ${stage} alone.`,
  );

const isMeant = ({ seen, ifMatch, again }: Asked): boolean =>
  again || seen !== undefined || (ifMatch !== undefined && ifMatch !== '*');

/** A second click, or a request that was sent again, must not pay again. @throws Conflict `STAGE_DONE` */
function assertMeant(asked: Asked, step: Step): void {
  if (isMeant(asked)) return;
  throw new Conflict(
    'STAGE_DONE',
    `The ${step} is already there. To make another one, say "again": true, or which revision you looked at.`,
  );
}

/** Drafts are of use to who chooses before the song is paid for. @throws InvalidInput `DRAFTS_WITHOUT_STOP` */
function assertChoice({ drafts = 1 }: Asked, stopAfter: StageName): void {
  if (drafts === 1 || stopAfter === 'lyric') return;
  throw new InvalidInput(
    'DRAFTS_WITHOUT_STOP',
    'Several drafts are to be chosen from, so their order ends with them: say "stopAfter": "lyric".',
  );
}

const hasDrafts = (running: Order, { drafts = 1 }: Asked): boolean => (running.drafts ?? 1) === drafts;

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

function completed(words: Words, { brief, music }: Project, before: Lyric | undefined): Lyric {
  const style = words.style ?? before?.style ?? music.style;
  if (!style) throw new Conflict('STYLE_MISSING', 'Say in which style the lyric is to be sung: there is none yet.');
  const title = words.title ?? before?.title ?? shortened(brief.businessName, MAX_TITLE);
  return { title, style, sections: words.sections };
}
