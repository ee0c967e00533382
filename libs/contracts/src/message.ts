import { IsInt, IsUUID, Min } from 'class-validator';

/** What a provider's callback brings back to show which attempt it is about. */
export const TOKEN = /^[\w-]{43}$/;

/** What every message carries. `taskId` is the Kafka key; `revision` counts the orders accepted for that task. */
export abstract class Message {
  @IsUUID()
  taskId!: string;

  @IsInt()
  @Min(0)
  revision!: number;
}

/** A message class: a validated shape with its versioned name and the topic it travels on. */
export interface MessageClass<M extends Message = Message> {
  new (): M;
  /** `<Name>.v<version>`, the value of the `ce_type` header. */
  readonly type: string;
  readonly topic: string;
}

/** A message with all its fields, checked by the compiler. */
export function message<M extends Message>(type: MessageClass<M>, fields: M): M {
  return Object.assign(new type(), fields);
}
