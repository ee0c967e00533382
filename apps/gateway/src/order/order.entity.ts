import {
  type Lyric,
  message,
  type Plan,
  type Stage as StageName,
  stages as stageNames,
  TaskCancelled,
  TaskCompleted,
  TaskFailed,
} from '@castad/contracts';
import type { Cause } from '@castad/messaging';
import { shortened } from '@castad/platform';
import { end, isFinal, jobProperties, newJob } from '@castad/worker';
import { defineEntity, p } from '@mikro-orm/core';
import type { TimeLimits } from '../gateway.config.ts';
import type { StageError, StageInput, Waiting } from '../projection/stage.entity.ts';

const schema = defineEntity({
  name: 'Order',
  tableName: 'task_order',
  properties: {
    taskId: p.string().length(36).primary(),
    revision: p.integer().primary(),
    plan: p.json<Plan>(),
    firstStage: p.string().$type<StageName>(),
    lastStage: p.string().$type<StageName>(),
    /** The client's own words, which every repeat of the order sings. */
    lyric: p.json<Lyric>().nullable(),
    /** The result that the first stage is made from. */
    input: p.json<StageInput>().nullable(),
    /** The stage whose time runs; `deadline` is the end of it. */
    currentStage: p.string().$type<StageName>().nullable(),
    failedStage: p.string().$type<StageName>().nullable(),
    retryable: p.boolean().nullable(),
    /** What a service said when it put one of this order's messages aside. */
    rejection: p.string().length(1000).nullable(),
    ...jobProperties,
  },
});

interface Accepted {
  taskId: string;
  revision: number;
  plan: Plan;
  firstStage: StageName;
  lastStage: StageName;
  lyric?: Lyric;
  input?: StageInput;
}

/** One accepted request for work. It ends exactly once: completed, cancelled, or failed with a reason. */
export class Order extends schema.class {
  /** A job that is due only when its time is over. */
  static accepted(fields: Accepted, limits: TimeLimits, cause: Cause): Order {
    const job = newJob(fields.plan.deadline, cause);
    const order = Object.assign(new Order(), { ...fields, ...job, status: 'running' as const });
    order.reached(fields.firstStage, order.createdAt, limits);
    return order;
  }

  /** From now on this stage's time runs, within the whole order's. */
  reached(stage: StageName, now: Date, { graceMs, stageMs }: TimeLimits): void {
    if (this.currentStage === stage) return;
    this.currentStage = stage;
    this.deadline = new Date(Math.min(this.planEnd() + graceMs, now.getTime() + stageMs[stage]));
    this.dueAt = this.deadline;
  }

  /** What its stage waits for is somebody's to mend: it has the whole order's time for that. */
  waits(stage: StageName, { graceMs }: TimeLimits): void {
    if (this.currentStage !== stage) return;
    this.deadline = new Date(this.planEnd() + graceMs);
    this.dueAt = this.deadline;
  }

  isRunning(): boolean {
    return !isFinal(this);
  }

  completed(): TaskCompleted {
    const { taskId, revision, lastStage } = this;
    end(this, 'done');
    return message(TaskCompleted, { taskId, revision, stage: lastStage });
  }

  failed(stage: StageName, error: StageError): TaskFailed {
    const { taskId, revision } = this;
    this.failedStage = stage;
    this.retryable = error.retryable;
    end(this, 'failed', error);
    return message(TaskFailed, { taskId, revision, stage, ...error });
  }

  cancelled(paid: StageName[]): TaskCancelled {
    const { taskId, revision } = this;
    end(this, 'cancelled');
    return message(TaskCancelled, {
      taskId,
      revision,
      stage: this.currentStage ?? this.firstStage,
      ...(paid.length > 0 && { paid }),
    });
  }

  /** Its time, or that of the stage it had reached, is over; `waiting` says what that stage waited for. */
  overdue(now: Date, waiting?: Waiting): TaskFailed {
    const stage = this.currentStage ?? this.firstStage;
    if (this.rejection)
      return this.failed(stage, { code: 'MESSAGE_REJECTED', reason: this.rejection, retryable: true });
    const { reason, detail } = waiting ?? {};
    const [code, text] =
      now.getTime() < this.planEnd()
        ? ['STAGE_TIMEOUT', `The ${stage} took too long.`]
        : ['DEADLINE_EXCEEDED', `The ${stage} was not finished in time.`];
    const why = reason ? `${text} ${reason}` : text;
    return this.failed(stage, { code, reason: shortened(why, 1000), retryable: true, ...(detail && { detail }) });
  }

  includes(stage: StageName): boolean {
    const at = (name: StageName) => stageNames.indexOf(name);
    return at(stage) >= at(this.firstStage) && at(stage) <= at(this.lastStage);
  }

  private planEnd(): number {
    return new Date(this.plan.deadline).getTime();
  }
}
schema.setClass(Order);
