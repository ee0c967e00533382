import {
  AssetFailed,
  AssetStored,
  LyricFailed,
  LyricGenerated,
  type Message,
  MessageRejected,
  RenderFailed,
  RenderSubmitted,
  RenderSucceeded,
  SongFailed,
  SongReady,
  SongSubmitted,
  StageDelayed,
  TaskCancelled,
  TaskCompleted,
  TaskDeleted,
  TaskFailed,
} from '@castad/contracts';
import { Handle, type MessageContext } from '@castad/messaging';
import { Controller } from '@nestjs/common';
import { Projection } from './projection.ts';

/** Every event that moves what clients see. Our own decisions are heard too: they are part of what happened. */
const events = [
  LyricGenerated,
  LyricFailed,
  SongSubmitted,
  SongReady,
  SongFailed,
  RenderSubmitted,
  RenderSucceeded,
  RenderFailed,
  AssetStored,
  AssetFailed,
  StageDelayed,
  MessageRejected,
  TaskCompleted,
  TaskFailed,
  TaskCancelled,
  TaskDeleted,
];

@Controller()
export class ProjectionHandlers {
  constructor(private readonly projection: Projection) {}

  @Handle(...events)
  onEvent(event: Message, context: MessageContext): void {
    this.projection.add(event, context);
  }
}
