import { IsArray, IsBoolean, IsIn, IsOptional, IsString, Length } from 'class-validator';
import { Failure } from './failure.ts';
import { Message } from './message.ts';
import { formats, stages, type Format, type Stage } from './plan.ts';
import { IsCode, IsDetail, IsReason } from './reason.ts';
import { topics } from './topics.ts';

/** Order to every service: begin nothing more for this task up to and including `revision`. */
export class CancelTask extends Message {
  static readonly type = 'CancelTask.v1';
  static readonly topic = topics.taskCommands.name;
}

/** An order reached the stage it was for. */
export class TaskCompleted extends Message {
  static readonly type = 'TaskCompleted.v1';
  static readonly topic = topics.taskEvents.name;

  @IsIn(stages)
  stage!: Stage;

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}

/** An order ended without the stage it was for. */
export class TaskFailed extends Failure {
  static readonly type = 'TaskFailed.v1';
  static readonly topic = topics.taskEvents.name;

  @IsIn(stages)
  stage!: Stage;

  /** Of several films, the one whose failure it is; absent: all that have not ended. */
  @IsOptional()
  @IsIn(formats)
  format?: Format;

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}

/** An order ended because the client did not want it any more. */
export class TaskCancelled extends Message {
  static readonly type = 'TaskCancelled.v1';
  static readonly topic = topics.taskEvents.name;

  /** The stage it had reached. */
  @IsOptional()
  @IsIn(stages)
  stage?: Stage;

  /** The stages of this order that a provider is known to have been paid for. */
  @IsOptional()
  @IsArray()
  @IsIn(stages, { each: true })
  paid?: Stage[];

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}

/**
 * A client deleted the project. Whoever hears of it erases what it has of the task, and begins nothing for it any more,
 * whatever else it hears of it and when.
 */
export class TaskDeleted extends Message {
  static readonly type = 'TaskDeleted.v1';
  static readonly topic = topics.taskEvents.name;
}

/**
 * A stage cannot go on for now and waits, until its deadline, for what its provider refuses; nothing was lost. Or nothing
 * came of its job, and it is ordered once more.
 */
export class StageDelayed extends Message {
  static readonly type = 'StageDelayed.v1';
  static readonly topic = topics.taskEvents.name;

  @IsIn(stages)
  stage!: Stage;

  /** Of a film. Absent: the first of the order's. */
  @IsOptional()
  @IsIn(formats)
  format?: Format;

  /** Stable and machine-readable, `UPPER_SNAKE`. */
  @IsCode()
  code!: string;

  /** One sentence for a person, in our words; never a secret or a stack. */
  @IsReason()
  reason!: string;

  /** The provider's own code and words, redacted and bounded. */
  @IsDetail()
  detail?: string;

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}

/** A service dead-lettered a message: the task will not go on by itself. */
export class MessageRejected extends Message {
  static readonly type = 'MessageRejected.v1';
  static readonly topic = topics.taskEvents.name;

  @IsString()
  @Length(1, 100)
  service!: string;

  @IsString()
  @Length(1, 100)
  messageType!: string;

  @IsReason()
  reason!: string;
}
