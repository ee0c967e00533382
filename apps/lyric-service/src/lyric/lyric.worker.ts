import { type Lyric, sung } from '@castad/contracts';
import { ProviderError, toError } from '@castad/platform';
import { backOffMs, end, type Outcome, type Publish, type Reason, Worker } from '@castad/worker';
import { Injectable } from '@nestjs/common';
import { LyricServiceConfig } from '../lyric-service.config.ts';
import { OpenAiClient } from '../openai/openai.client.ts';
import { garbage, wrongLanguage } from '../openai/openai-errors.ts';
import { fittingLyric } from './fitting-lyric.ts';
import { isWrittenIn } from './language.ts';
import { LyricJob, type Usage } from './lyric.entity.ts';

/** Calls that were refused cost nothing, so they may be more than those that count. */
const MAX_TRIES = 8;

const TIME_OVER: Reason = {
  code: 'DEADLINE_EXCEEDED',
  reason: 'The lyric was not written in time.',
  retryable: true,
};

@Injectable()
export class LyricWorker extends Worker<LyricJob> {
  constructor(
    private readonly openai: OpenAiClient,
    private readonly config: LyricServiceConfig,
  ) {
    super(LyricJob, { concurrency: config.LYRIC_CONCURRENCY });
  }

  /** Counted before the call, so that one whose process died is counted too. */
  protected override begin(job: LyricJob): void {
    if (!job.lyric) job.attempt += 1;
  }

  protected override expire(job: LyricJob, publish: Publish): void {
    if (job.attempt + job.tries > 0) publish(job.failed(lastError(job) ?? TIME_OVER));
    else end(job, 'expired');
  }

  protected async step(job: LyricJob): Promise<Outcome<LyricJob>> {
    if (job.lyric) return finished({ ...job.lyric, sections: sung(job.lyric.sections) });
    if (job.attempt > this.config.OPENAI_MAX_CALLS) return ending(lastError(job) ?? noAnswerSaved);
    const { brief, language, music } = job.plan;
    const { lyric: written, ...usage } = await this.openai.write(
      { ...brief, language, ...music },
      this.config.OPENAI_MAX_TOKENS * job.attempt,
    );
    const lyric = fittingLyric(written, music.style);
    if (!lyric) throw garbage();
    if (!isWrittenIn(language, lyric, brief)) throw wrongLanguage();
    return finished(lyric, usage);
  }

  protected failed(job: LyricJob, thrown: Error): Outcome<LyricJob> {
    const error = thrown instanceof ProviderError ? thrown : internal(thrown);
    const { code, message, retriable, refused, account, retryAfterMs, detail } = error;
    const again = retriable && job.tries + 1 < MAX_TRIES && (refused || job.attempt < this.config.OPENAI_MAX_CALLS);
    this.logger.warn(
      {
        taskId: job.taskId,
        attempt: job.attempt,
        code,
        again,
        detail,
        cause: error.cause && toError(error.cause).message,
      },
      'no lyric came of a call',
    );
    if (!again) return ending({ code, reason: message, retryable: retriable || account, detail });
    return {
      record: saved => saved.troubled(code, message, !refused),
      dueInMs: backOffMs(job.tries, retryAfterMs),
    };
  }
}

const finished = (lyric: Lyric, usage: Usage = {}): Outcome<LyricJob> => ({
  record: (saved, publish) => publish(saved.written(lyric, usage)),
});

const ending = (reason: Reason): Outcome<LyricJob> => ({
  record: (saved, publish) => publish(saved.failed(reason)),
});

const noAnswerSaved: Reason = {
  code: 'OPENAI_NO_ANSWER',
  reason: 'The language model was asked several times and no answer could be kept.',
  retryable: true,
};

const lastError = ({ errorCode, errorReason }: LyricJob): Reason | undefined =>
  errorCode ? { code: errorCode, reason: errorReason ?? errorCode, retryable: true } : undefined;

const internal = (cause: Error) =>
  new ProviderError('INTERNAL_ERROR', 'Something went wrong on our side.', { cause, retriable: true });
