import {
  GenerateLyric,
  GenerateSong,
  type Lyric,
  message,
  RenderVideo,
  stages as stageNames,
  type Message,
  type Plan,
  type Stage as StageName,
} from '@castad/contracts';
import { newTraceparent, Outbox, type Cause } from '@castad/messaging';
import { Conflict, Database, isId, newId, NotFound, type UnitOfWork } from '@castad/platform';
import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { GatewayConfig } from '../gateway.config.ts';
import { Image } from './image.entity.ts';
import { Order } from './order.entity.ts';
import { Project } from './project.entity.ts';
import { Stage, type SongOutput } from './stage.entity.ts';

/** Accepts work: one order and one command in one transaction. */
@Injectable()
export class OrderService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly config: GatewayConfig,
  ) {}

  /** Everything from the first stage that is not done, to `stopAfter` or the film. */
  run(taskId: string, stopAfter: StageName = 'video'): Promise<Order> {
    return this.accept(taskId, stages => {
      const first = stageNames.find(name => stages.get(name)?.status() !== 'completed');
      if (!first || stageNames.indexOf(first) > stageNames.indexOf(stopAfter)) {
        throw new Conflict('NOTHING_TO_DO', `The ${stopAfter} is already there.`);
      }
      return { first, last: stopAfter };
    });
  }

  /** One stage alone; done before, it is done again. */
  stage(taskId: string, name: StageName): Promise<Order> {
    return this.accept(taskId, () => ({ first: name, last: name }));
  }

  /** The first order of a project that the same transaction makes. */
  first(unit: UnitOfWork, project: Project, stopAfter: StageName = 'video'): Placed {
    return this.place(unit, project, [], new Map(), { first: 'lyric', last: stopAfter });
  }

  private accept(taskId: string, choose: (stages: Map<StageName, Stage>) => Range): Promise<Order> {
    return this.database.transaction('requests', async unit => {
      const project = await lockProject(unit, taskId);
      const stages = await unit.em.find(Stage, { taskId });
      const running = await runningOrder(unit, project);
      const byName = new Map(stages.map(stage => [stage.name, stage]));
      const range = choose(byName);
      if (running) return sameOrConflict(running, range);
      const images = await unit.em.find(Image, { taskId }, { orderBy: { position: 'asc' } });
      return this.place(
        unit,
        project,
        images.map(({ imageId }) => imageId),
        byName,
        range,
      ).order;
    });
  }

  private place(
    unit: UnitOfWork,
    project: Project,
    imageIds: string[],
    stages: Map<StageName, Stage>,
    { first, last }: Range,
  ): Placed {
    project.revision += 1;
    const { taskId, revision } = project;
    const deadline = new Date(Date.now() + this.config.FILM_DEADLINE_MS);
    const plan = project.plan(imageIds, deadline, last === 'video' ? undefined : last);
    const cause: Cause = { messageId: newId(), traceparent: newTraceparent() };
    const command = commandFor(first, { taskId, revision, plan }, stages);
    const order = Order.accepted(
      { taskId, revision, plan, firstStage: first, lastStage: last },
      this.config.FILM_DEADLINE_GRACE_MS,
      cause,
    );
    let stage = stages.get(first);
    if (!stage) {
      stage = Stage.of(taskId, first);
      unit.insert(stage);
    }
    stage.begun(revision, order.createdAt);
    unit.insert(order);
    this.outbox.add(unit, command, cause);
    return { order, stage };
  }
}

interface Placed {
  order: Order;
  stage: Stage;
}

interface Range {
  first: StageName;
  last: StageName;
}

/** @throws NotFound `TASK_NOT_FOUND` */
export async function lockProject({ em }: UnitOfWork, taskId: string): Promise<Project> {
  const lockMode = LockMode.PESSIMISTIC_WRITE;
  const project = isId(taskId) ? await em.findOne(Project, taskId, { lockMode }) : null;
  if (!project) throw new NotFound('TASK_NOT_FOUND', 'There is no such project.');
  return project;
}

async function runningOrder({ em }: UnitOfWork, { taskId, revision }: Project): Promise<Order | undefined> {
  const order = await em.findOne(Order, { taskId, revision }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  return order?.isRunning() ? order : undefined;
}

/** Asking again for what is under way is that order, not another one. */
function sameOrConflict(running: Order, { last }: Range): Order {
  if (running.lastStage === last) return running;
  throw new Conflict('ORDER_RUNNING', 'Another order of this project is still running.');
}

/** The command of a stage, with all its input. */
function commandFor(
  name: StageName,
  head: { taskId: string; revision: number; plan: Plan },
  stages: Map<StageName, Stage>,
): Message {
  if (name === 'lyric') return message(GenerateLyric, head);
  if (name === 'song') {
    const lyric = stages.get('lyric');
    if (!lyric?.output) throw new Conflict('LYRIC_MISSING', 'There is no lyric yet. Order the lyric first.');
    return message(GenerateSong, { ...head, lyric: lyric.output as Lyric });
  }
  const song = stages.get('song');
  if (song?.status() !== 'completed') throw new Conflict('SONG_MISSING', 'There is no song yet. Order the song first.');
  const { title, tracks, chosenTrackId } = song.output as SongOutput;
  const track = tracks.find(({ trackId }) => trackId === chosenTrackId) ?? tracks[0];
  if (!track) throw new Conflict('SONG_MISSING', 'The song has no track. Order the song again.');
  return message(RenderVideo, { ...head, title, songRevision: song.revision, track });
}
