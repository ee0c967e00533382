import {
  type Format,
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
import { defineEntity, p } from '@mikro-orm/core';
import { type Estimate, estimateOf, type StageTimes } from '../estimate/estimate.ts';
import type { TimeLimits } from '../gateway.config.ts';
import { type StageError, type StageInput, stageOf, type Step, type Waiting } from '../projection/stage.entity.ts';

export type OrderStatus = 'running' | EndStatus;
type EndStatus = 'done' | 'failed' | 'cancelled';

const schema = defineEntity({
  name: 'Order',
  tableName: 'task_order',
  properties: {
    taskId: p.string().length(36).primary(),
    revision: p.integer().primary(),
    plan: p.json<Plan>(),
    /** For who does not load the plan. */
    planDeadline: p
      .string()
      .formula(row => `json_unquote(json_extract(${row.plan}, '$.deadline'))`)
      .lazy()
      .nullable(),
    /** For who does not load the plan: the formats that it names, as JSON. */
    planFormats: p
      .string()
      .formula(row => `json_unquote(json_extract(${row.plan}, '$.video.formats'))`)
      .lazy()
      .nullable(),
    firstStage: p.string().$type<Step>(),
    lastStage: p.string().$type<Step>(),
    /** The client's own words, which every repeat of the order sings. */
    lyric: p.json<Lyric>().nullable(),
    /** How many lyrics it writes to choose from; null: one. */
    drafts: p.integer().nullable(),
    /** The result that the first stage is made from. */
    input: p.json<StageInput>().nullable(),
    /** The stage whose time runs; `deadline` is the end of it. */
    currentStage: p.string().$type<StageName>().nullable(),
    failedStage: p.string().$type<StageName>().nullable(),
    retryable: p.boolean().nullable(),
    /** What a service said when it dead-lettered one of this order's messages. */
    rejection: p.string().length(1000).nullable(),
    status: p.string().length(12).$type<OrderStatus>(),
    deadline: p.datetime(3),
    /** The deadline, as long as the order runs; then null. */
    dueAt: p.datetime(3).nullable(),
    /** When it will have ended, as it was estimated when it reached its stage; null: unknown, or nothing of it is left. */
    expectedAt: p.datetime(3).nullable(),
    latestAt: p.datetime(3).nullable(),
    causeId: p.string().length(36),
    traceparent: p.string().length(55),
    errorCode: p.string().length(64).nullable(),
    errorReason: p.string().length(1000).nullable(),
    createdAt: p.datetime(3),
    endedAt: p.datetime(3).nullable(),
  },
});

interface Accepted {
  taskId: string;
  revision: number;
  plan: Plan;
  firstStage: Step;
  lastStage: Step;
  lyric?: Lyric;
  drafts?: number;
  input?: StageInput;
}

/** One accepted request for work. It ends exactly once: completed, cancelled, or failed with a reason. */
export class Order extends schema.class {
  static accepted(
    fields: Accepted,
    limits: TimeLimits,
    times: StageTimes,
    { messageId, traceparent, at }: Required<Cause>,
  ): Order {
    const status = 'running' as const;
    const order = Object.assign(new Order(), { ...fields, status, causeId: messageId, traceparent, createdAt: at });
    order.reached(stageOf(fields.firstStage), at, limits, times);
    return order;
  }

  /** The stage that it has reached. */
  get stage(): StageName {
    return this.currentStage ?? stageOf(this.firstStage);
  }

  /** It makes no film, but shows what one would be like. */
  get isPreview(): boolean {
    return this.lastStage === 'preview';
  }

  /** What it makes at a stage. */
  stepAt(stage: StageName): Step {
    return stage === 'video' && this.isPreview ? 'preview' : stage;
  }

  /** The formats that its plan names; each has a film of its own. */
  get formats(): Format[] | undefined {
    return this.planFormats ? (JSON.parse(this.planFormats) as Format[]) : this.plan?.video.formats;
  }

  /** From now on this stage's time runs, within the whole order's. `times` tell when all will have ended. */
  reached(stage: StageName, now: Date, { graceMs, stageMs }: TimeLimits, times: StageTimes): void {
    if (this.currentStage === stage) return;
    this.currentStage = stage;
    this.endsBy(Math.min(this.planEnd().getTime() + graceMs, now.getTime() + stageMs[stage]));
    const left = stageNames.slice(stageNames.indexOf(stage)).filter(name => this.includes(name));
    // Recent films say nothing about a preview.
    this.estimated(this.isPreview ? undefined : estimateOf(left, now, times, now));
  }

  /** What its stage waits for is somebody's to mend: it has the whole order's time for that. */
  waits(stage: StageName, { graceMs }: TimeLimits): void {
    if (this.currentStage !== stage) return;
    this.estimated();
    this.endsBy(this.planEnd().getTime() + graceMs);
  }

  isRunning(): boolean {
    return this.status === 'running';
  }

  /** Of what is published about it. */
  cause(): Cause {
    return { messageId: this.causeId, traceparent: this.traceparent };
  }

  completed(now: Date): TaskCompleted {
    const { lastStage } = this;
    this.end('done', now);
    return message(TaskCompleted, { ...this.name(), stage: stageOf(lastStage) });
  }

  /** @param format of several films, the one that failed */
  failed(now: Date, stage: StageName, error: StageError, format?: Format): TaskFailed {
    this.failedStage = stage;
    this.retryable = error.retryable;
    this.errorCode = error.code;
    this.errorReason = error.reason;
    this.end('failed', now);
    return message(TaskFailed, { ...this.name(), stage, ...(format && { format }), ...error });
  }

  cancelled(now: Date, paid: StageName[]): TaskCancelled {
    const { stage } = this;
    this.end('cancelled', now);
    return message(TaskCancelled, {
      ...this.name(),
      stage,
      ...(paid.length > 0 && { paid }),
    });
  }

  /** Its time, or that of the stage it had reached, is over; `waiting` says what that stage waited for. */
  overdue(now: Date, waiting?: Waiting): TaskFailed {
    const { stage } = this;
    if (this.rejection)
      return this.failed(now, stage, { code: 'MESSAGE_REJECTED', reason: this.rejection, retryable: true });
    const { reason, detail } = waiting ?? {};
    const [code, text] =
      now < this.planEnd()
        ? ['STAGE_TIMEOUT', `The ${stage} took too long.`]
        : ['DEADLINE_EXCEEDED', `The ${stage} was not finished in time.`];
    const why = reason ? `${text} ${reason}` : text;
    return this.failed(now, stage, { code, reason: shortened(why, 1000), retryable: true, ...(detail && { detail }) });
  }

  includes(stage: StageName): boolean {
    const at = (name: StageName) => stageNames.indexOf(name);
    return at(stage) >= at(stageOf(this.firstStage)) && at(stage) <= at(stageOf(this.lastStage));
  }

  /** Which order a message is about. */
  private name() {
    const { taskId, revision, isPreview } = this;
    return { taskId, revision, ...(isPreview && { preview: true }) };
  }

  private endsBy(time: number): void {
    this.deadline = new Date(time);
    this.dueAt = this.deadline;
  }

  private estimated(estimate?: Estimate): void {
    this.expectedAt = estimate?.expectedAt ?? null;
    this.latestAt = estimate?.latestAt ?? null;
  }

  private end(status: EndStatus, now: Date): void {
    this.estimated();
    this.status = status;
    this.dueAt = null;
    this.endedAt = now;
  }

  /** When the time of the whole order is over. */
  planEnd(): Date {
    return new Date(this.planDeadline ?? this.plan.deadline);
  }
}
schema.setClass(Order);
