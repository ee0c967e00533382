import { message, type Plan, type Stage as StageName, TaskCompleted, TaskFailed } from '@castad/contracts';
import type { Cause } from '@castad/messaging';
import { end, isFinal, jobProperties, newJob } from '@castad/worker';
import { defineEntity, p } from '@mikro-orm/core';
import type { StageError } from './stage.entity.ts';

const schema = defineEntity({
  name: 'Order',
  tableName: 'task_order',
  properties: {
    taskId: p.string().length(36).primary(),
    revision: p.integer().primary(),
    plan: p.json<Plan>(),
    firstStage: p.string().$type<StageName>(),
    lastStage: p.string().$type<StageName>(),
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
}

/** One accepted request for work. It ends exactly once: completed, or failed with a reason. */
export class Order extends schema.class {
  /** A job that is due only when its time is over. */
  static accepted(fields: Accepted, graceMs: number, cause: Cause): Order {
    const end = new Date(new Date(fields.plan.deadline).getTime() + graceMs);
    const job = newJob(end.toISOString(), cause);
    return Object.assign(new Order(), { ...fields, ...job, status: 'running', dueAt: end });
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

  /** The deadline passed with `stage` unfinished. */
  overdue(stage: StageName): TaskFailed {
    return this.rejection
      ? this.failed(stage, { code: 'MESSAGE_REJECTED', reason: this.rejection, retryable: true })
      : this.failed(stage, {
          code: 'DEADLINE_EXCEEDED',
          reason: `The ${stage} was not finished in time.`,
          retryable: true,
        });
  }
}
schema.setClass(Order);
