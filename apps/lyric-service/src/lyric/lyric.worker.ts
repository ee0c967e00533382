import { type Lyric, type Plan, type Stage, sung } from '@castad/contracts';
import { toError } from '@castad/platform';
import {
  asProviderError,
  backOffMs,
  end,
  errorOf,
  isFinal,
  lastError,
  pauseFor,
  Worker,
  type Outcome,
  type Publish,
  type Reason,
} from '@castad/worker';
import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { LyricServiceConfig } from '../lyric-service.config.ts';
import { OpenAiClient } from '../openai/openai.client.ts';
import { garbage, TRUNCATED, wrongLanguage } from '../openai/openai-errors.ts';
import type { WrittenLyric } from '../openai/openai.types.ts';
import { fittingLyric } from './fitting-lyric.ts';
import { isWrittenIn } from './language.ts';
import { LyricJob, type Usage, type Words } from './lyric.entity.ts';

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
    super(LyricJob, { concurrency: config.LYRIC_CONCURRENCY, account: { name: 'openai' } });
  }

  /** Counted before the call, so that one whose process died is counted too. */
  protected override begin(job: LyricJob): void {
    if (!job.lyric) job.attempt += 1;
  }

  protected override spends(job: LyricJob): boolean {
    return !job.lyric;
  }

  protected override stageOf(): Stage {
    return 'lyric';
  }

  protected override expire(job: LyricJob, publish: Publish): void {
    if (job.attempt + job.tries > 0) publish(job.failed(lastError(job) ?? TIME_OVER));
    else end(job, 'expired');
  }

  protected async step(job: LyricJob): Promise<Outcome<LyricJob>> {
    if (job.lyric) {
      const own = { ...job.lyric, sections: sung(job.lyric.sections) };
      await this.openai.check(own);
      return finished({ lyric: own });
    }
    if (job.attempt > this.config.OPENAI_MAX_CALLS) return ending(lastError(job) ?? noAnswerSaved);
    const { brief, language, music } = job.plan;
    const asked = job.draftsAsked ?? 1;
    const { lyrics, ...usage } = await this.openai.write(
      { ...brief, language, ...music, ...(asked > 1 && { drafts: asked }) },
      this.config.OPENAI_MAX_TOKENS * asked * job.attempt,
    );
    const [lyric, ...others] = usable(lyrics, job.plan);
    const drafts = job.draftsAsked ? [lyric, ...others].slice(0, asked) : undefined;
    return finished({ lyric, drafts }, usage);
  }

  /** What was refused cost nothing and is tried until the deadline; what the model may have answered, a few times. */
  protected failed(job: LyricJob, thrown: Error): Outcome<LyricJob> {
    const error = asProviderError(thrown);
    const { code, retriable, refused, account, retryAfterMs, detail } = error;
    // More room was of no use: the model does not come to an end.
    const isEndless = code === TRUNCATED && job.errorCode === code;
    const mayCall = refused || job.attempt < this.config.OPENAI_MAX_CALLS;
    const again = account || (retriable && mayCall && !isEndless);
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
    if (!again) return ending({ ...errorOf(error), retryable: retriable });
    return {
      record: saved => saved.troubled(errorOf(error), !!job.lyric || (!refused && !account)),
      dueInMs: backOffMs(job.tries, retryAfterMs),
      pause: pauseFor(error),
    };
  }
}

/** What can be sung of an answer, in the language that was ordered, each once. @throws ProviderError if nothing can */
function usable(written: WrittenLyric[], { brief, language, music }: Plan): [Lyric, ...Lyric[]] {
  const fitting = written.flatMap(lyric => fittingLyric(lyric, music.style) ?? []);
  if (fitting.length === 0) throw garbage();
  const [first, ...others] = fitting.filter(lyric => isWrittenIn(language, lyric, brief));
  if (!first) throw wrongLanguage();
  const isAmong = (lyric: Lyric, earlier: Lyric[]) =>
    earlier.some(({ sections }) => isDeepStrictEqual(sections, lyric.sections));
  return [first, ...others.filter((lyric, i) => !isAmong(lyric, [first, ...others.slice(0, i)]))];
}

/** An answer is paid for: it is kept, whatever has become of the lease. */
const finished = (words: Words, usage: Usage = {}): Outcome<LyricJob> => ({
  record: (saved, publish) => publish(saved.written(words, usage)),
  keep: (saved, publish) => {
    if (!isFinal(saved)) publish(saved.written(words, usage));
  },
  accepted: true,
});

const ending = (reason: Reason): Outcome<LyricJob> => ({
  record: (saved, publish) => publish(saved.failed(reason)),
});

const noAnswerSaved: Reason = {
  code: 'OPENAI_NO_ANSWER',
  reason: 'The language model was asked several times and no answer could be kept.',
  retryable: true,
};
