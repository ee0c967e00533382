import { type GenerateLyric, type Lyric, LyricFailed, LyricGenerated, message, type Plan } from '@castad/contracts';
import type { Cause } from '@castad/messaging';
import { end, errorDetailProperty, jobProperties, newJob, noteError, type JobError, type Reason } from '@castad/worker';
import { defineEntity, p } from '@mikro-orm/core';

const schema = defineEntity({
  name: 'LyricJob',
  tableName: 'lyric',
  properties: {
    taskId: p.string().length(36).primary(),
    revision: p.integer().primary(),
    plan: p.json<Plan>(),
    lyric: p.json<Lyric>().nullable(),
    /** How many there are to be to choose from; null: one. */
    draftsAsked: p.integer().nullable(),
    drafts: p.json<Lyric[]>().nullable(),
    /** The model that wrote it, by its own account. */
    model: p.string().length(100).nullable(),
    promptTokens: p.integer().nullable(),
    completionTokens: p.integer().nullable(),
    ...jobProperties,
    ...errorDetailProperty,
  },
});

/** What was written: one lyric, or the first of those there are to choose from. */
export type Words = Pick<LyricGenerated, 'lyric' | 'drafts'>;

/** What a lyric cost. */
export interface Usage {
  model?: string;
  promptTokens?: number;
  completionTokens?: number;
}

/** The lyric of one order, or its drafts. `attempt` counts the calls to the model. */
export class LyricJob extends schema.class {
  /** With words of the client's own there is nothing left to write. */
  static ordered({ taskId, revision, plan, lyric, drafts: draftsAsked }: GenerateLyric, cause: Cause): LyricJob {
    const job = newJob(plan.deadline, cause);
    return Object.assign(new LyricJob(), { taskId, revision, plan, lyric, draftsAsked, ...job });
  }

  written({ lyric, drafts }: Words, usage: Usage): LyricGenerated {
    const { taskId, revision, plan } = this;
    Object.assign(this, { lyric, drafts, ...usage });
    end(this, 'done');
    const choice = drafts && { drafts, draftsAsked: this.draftsAsked ?? drafts.length };
    return message(LyricGenerated, { taskId, revision, plan, lyric, ...choice });
  }

  failed(reason: Reason): LyricFailed {
    const { taskId, revision } = this;
    end(this, 'failed', reason);
    return message(LyricFailed, { taskId, revision, ...reason });
  }

  /** A call failed that may be made again. One that the model did not work on was counted too early. */
  troubled(error: JobError, isCounted: boolean): void {
    this.tries += 1;
    if (!isCounted) this.attempt -= 1;
    noteError(this, error);
  }
}
schema.setClass(LyricJob);
