import type { Format, Stage as StageName } from '@castad/contracts';
import type { Order } from '../order/order.entity.ts';
import { Stage } from './stage.entity.ts';

type Orders = Pick<Order, 'taskId' | 'revision' | 'formats'>[];

/** Attempts at the stages of any tasks. What is asked for and not there yet is made. */
export class Stages {
  readonly made: Stage[] = [];
  private readonly byKey: Map<string, Stage>;
  private readonly formats: Map<string, Format[]>;

  /** @param orders whose plans say which films there are; without one, a film has the empty format */
  constructor(known: Stage[], orders: Orders) {
    this.byKey = new Map(known.map(stage => [keyOf(stage.taskId, stage.name, stage.revision, stage.format), stage]));
    this.formats = new Map(
      orders.flatMap(({ taskId, revision, formats }) => (formats ? [[`${taskId} ${revision}`, formats]] : [])),
    );
  }

  /** The attempt of an order at a stage, or those at its films; undefined is what is not there yet. */
  find(taskId: string, name: StageName, revision: number): (Stage | undefined)[] {
    return this.formatsAt(taskId, name, revision).map(format => this.byKey.get(keyOf(taskId, name, revision, format)));
  }

  /** The same, all of them. */
  get(taskId: string, name: StageName, revision: number): Stage[] {
    return this.formatsAt(taskId, name, revision).map(format => this.getRow(taskId, name, revision, format));
  }

  /** One of them: that at the film of this format, the first where none is named. */
  one(taskId: string, name: StageName, revision: number, format?: Format): Stage {
    const [first] = this.formatsAt(taskId, name, revision);
    return this.getRow(taskId, name, revision, first && format ? format : first);
  }

  private formatsAt(taskId: string, name: StageName, revision: number): [Format | '', ...Format[]] {
    const formats = name === 'video' ? this.formats.get(`${taskId} ${revision}`) : undefined;
    return (formats as [Format, ...Format[]] | undefined) ?? [''];
  }

  private getRow(taskId: string, name: StageName, revision: number, format: Format | ''): Stage {
    const key = keyOf(taskId, name, revision, format);
    const known = this.byKey.get(key);
    if (known) return known;
    const stage = Stage.of(taskId, name, revision, format);
    this.byKey.set(key, stage);
    this.made.push(stage);
    return stage;
  }
}

const keyOf = (taskId: string, name: StageName, revision: number, format: string): string =>
  `${taskId} ${name} ${revision} ${format}`;
