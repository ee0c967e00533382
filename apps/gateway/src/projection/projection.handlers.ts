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
  TaskFailed,
} from '@castad/contracts';
import { Handle, type MessageContext } from '@castad/messaging';
import { Controller } from '@nestjs/common';
import { Projection } from './projection.ts';

/** Every event that moves what clients see. Our own decisions are heard too: they are part of what happened. */
@Controller()
export class ProjectionHandlers {
  constructor(private readonly projection: Projection) {}

  @Handle(LyricGenerated)
  onLyricGenerated(event: LyricGenerated, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(LyricFailed)
  onLyricFailed(event: LyricFailed, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(SongSubmitted)
  onSongSubmitted(event: SongSubmitted, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(SongReady)
  onSongReady(event: SongReady, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(SongFailed)
  onSongFailed(event: SongFailed, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(RenderSubmitted)
  onRenderSubmitted(event: RenderSubmitted, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(RenderSucceeded)
  onRenderSucceeded(event: RenderSucceeded, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(RenderFailed)
  onRenderFailed(event: RenderFailed, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(AssetStored)
  onAssetStored(event: AssetStored, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(AssetFailed)
  onAssetFailed(event: AssetFailed, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(StageDelayed)
  onStageDelayed(event: StageDelayed, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(MessageRejected)
  onMessageRejected(event: MessageRejected, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(TaskCompleted)
  onTaskCompleted(event: TaskCompleted, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(TaskFailed)
  onTaskFailed(event: TaskFailed, context: MessageContext) {
    this.project(event, context);
  }

  @Handle(TaskCancelled)
  onTaskCancelled(event: TaskCancelled, context: MessageContext) {
    this.project(event, context);
  }

  private project(event: Message, context: MessageContext): void {
    this.projection.add(event, context);
  }
}
