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
    /** The model that wrote it, by its own account. */
    model: p.string().length(100).nullable(),
    promptTokens: p.integer().nullable(),
    completionTokens: p.integer().nullable(),
    ...jobProperties,
    ...errorDetailProperty,
  },
});

/** What a lyric cost. */
export interface Usage {
  model?: string;
  promptTokens?: number;
  completionTokens?: number;
}

/** The lyric of one order. `attempt` counts the calls to the model. */
export class LyricJob extends schema.class {
  /** With words of the client's own there is nothing left to write. */
  static ordered({ taskId, revision, plan, lyric }: GenerateLyric | LyricGenerated, cause: Cause): LyricJob {
    return Object.assign(new LyricJob(), { taskId, revision, plan, lyric, ...newJob(plan.deadline, cause) });
  }

  written(lyric: Lyric, usage: Usage): LyricGenerated {
    const { taskId, revision, plan } = this;
    Object.assign(this, { lyric, ...usage });
    end(this, 'done');
    return message(LyricGenerated, { taskId, revision, plan, lyric });
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
