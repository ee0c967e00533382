import type { Format } from '@castad/contracts';
import type { Order } from '../order/order.entity.ts';
import { Stage, stageOf, type Step } from './stage.entity.ts';

type Orders = Pick<Order, 'taskId' | 'revision' | 'formats' | 'lastStage'>[];

/** Attempts at the stages of any tasks. What is asked for and not there yet is made. */
export class Stages {
  readonly made: Stage[] = [];
  private readonly byKey: Map<string, Stage>;
  private readonly formats: Map<string, Format[]>;
  private readonly previews: Set<string>;

  /** @param orders that say which films there are, and whether these are previews; without one, a film has the empty format */
  constructor(known: Stage[], orders: Orders) {
    this.byKey = new Map(known.map(stage => [keyOf(stage.taskId, stage.name, stage.revision, stage.format), stage]));
    this.formats = new Map(
      orders.flatMap(({ taskId, revision, formats }) => (formats ? [[`${taskId} ${revision}`, formats]] : [])),
    );
    const previews = orders.filter(({ lastStage }) => lastStage === 'preview');
    this.previews = new Set(previews.map(({ taskId, revision }) => `${taskId} ${revision}`));
  }

  /** The attempt of an order at a stage, or those at its films; undefined is what is not there yet. */
  find(taskId: string, name: Step, revision: number): (Stage | undefined)[] {
    const step = this.stepOf(taskId, name, revision);
    return this.formatsAt(taskId, name, revision).map(format => this.byKey.get(keyOf(taskId, step, revision, format)));
  }

  /** The same, all of them. */
  get(taskId: string, name: Step, revision: number): Stage[] {
    return this.formatsAt(taskId, name, revision).map(format => this.getRow(taskId, name, revision, format));
  }

  /** One of them: that at the film of this format, the first where none is named. */
  one(taskId: string, name: Step, revision: number, format?: Format): Stage {
    const [first] = this.formatsAt(taskId, name, revision);
    return this.getRow(taskId, name, revision, first && format ? format : first);
  }

  private formatsAt(taskId: string, name: Step, revision: number): [Format | '', ...Format[]] {
    const formats = stageOf(name) === 'video' ? this.formats.get(`${taskId} ${revision}`) : undefined;
    return (formats as [Format, ...Format[]] | undefined) ?? [''];
  }

  /** What an order for a preview makes of the stage is no film. */
  private stepOf(taskId: string, name: Step, revision: number): Step {
    return name === 'video' && this.previews.has(`${taskId} ${revision}`) ? 'preview' : name;
  }

  private getRow(taskId: string, name: Step, revision: number, format: Format | ''): Stage {
    const step = this.stepOf(taskId, name, revision);
    const key = keyOf(taskId, step, revision, format);
    const known = this.byKey.get(key);
    if (known) return known;
    const stage = Stage.of(taskId, step, revision, format);
    this.byKey.set(key, stage);
    this.made.push(stage);
    return stage;
  }
}

const keyOf = (taskId: string, name: Step, revision: number, format: string): string =>
  `${taskId} ${name} ${revision} ${format}`;
