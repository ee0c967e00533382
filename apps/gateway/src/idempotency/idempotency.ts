import { AppError, Database, Retention, type UnitOfWork } from '@castad/platform';
import { LockWaitTimeoutException } from '@mikro-orm/core';
import { HttpStatus, Injectable } from '@nestjs/common';
import type { Answer } from '../answer.ts';
import type { Call } from './call.ts';
import { IdempotencyKey } from './idempotency-key.entity.ts';

/** A request as a client repeats it. */
export interface Repeatable {
  call: Call;
  /** The project that it is about, or that is to come of it. */
  taskId: string;
  body: unknown;
}

/** Carries out a request once for its Idempotency-Key: key, effect and answer are committed together. */
@Injectable()
export class Idempotency {
  constructor(
    private readonly database: Database,
    retention: Retention,
  ) {
    retention.add({ table: 'idempotency_key', timeColumn: 'created_at', keepDays: 1 });
  }

  /**
   * Does `work`, before anything else in its transaction, or answers as it was answered. What throws leaves no key.
   * @param formerly answers what the version before carried out; with the next version it goes
   * @throws AppError 422 `IDEMPOTENCY_KEY_REUSED`, 409 `IDEMPOTENCY_KEY_IN_USE`
   */
  async once<T>(
    unit: UnitOfWork,
    { call, taskId, body }: Repeatable,
    work: () => Promise<Answer<T>>,
    formerly: (taskId: string) => Promise<Answer<T>> = work,
  ): Promise<Answer<T>> {
    if (call.key === undefined) return work();
    const key = IdempotencyKey.of(call.key, call, taskId, body);
    const known = await unit.em.findOne(IdempotencyKey, key.id);
    if (known) return answerAgain<T>(known, key) ?? formerly(known.taskId);
    await claim(unit, key);
    const answer = await work();
    key.answered(answer);
    await unit.em.nativeUpdate(IdempotencyKey, { id: key.id }, { answer: key.answer });
    return answer;
  }

  /** The answer to a request that was carried out, before anything is done for it. Its body is read if there is one. */
  async repeated<T>(call: Call, taskId: string, body: () => Promise<unknown>): Promise<Answer<T> | undefined> {
    const { key } = call;
    if (key === undefined) return undefined;
    const known = await this.database.read('requests', em => em.findOne(IdempotencyKey, IdempotencyKey.idOf(key)));
    return known ? answerAgain(known, IdempotencyKey.of(key, call, taskId, await body())) : undefined;
  }
}

/** Two that come at the same time meet here: the later one waits, is repeated as a race, and finds the first. */
async function claim({ em }: UnitOfWork, key: IdempotencyKey): Promise<void> {
  try {
    await em.insert(IdempotencyKey, { ...key });
  } catch (error) {
    if (!(error instanceof LockWaitTimeoutException)) throw error;
    throw new AppError('IDEMPOTENCY_KEY_IN_USE', 'The request with this Idempotency-Key is still being carried out.', {
      status: HttpStatus.CONFLICT,
      retriable: true,
    });
  }
}

function answerAgain<T>(known: IdempotencyKey, request: IdempotencyKey): Answer<T> | undefined {
  if (!known.isSameRequestAs(request))
    throw new AppError('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for another request.', {
      status: HttpStatus.UNPROCESSABLE_ENTITY,
    });
  return known.answerAgain();
}
