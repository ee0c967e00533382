import { CancelTask, GenerateLyric, TaskDeleted } from '@castad/contracts';
import { Handle, type MessageContext } from '@castad/messaging';
import { Controller } from '@nestjs/common';
import { LyricJob } from './lyric.entity.ts';
import { LyricWorker } from './lyric.worker.ts';

@Controller()
export class LyricHandlers {
  constructor(private readonly worker: LyricWorker) {}

  @Handle(GenerateLyric)
  onGenerateLyric(command: GenerateLyric, { unit, cause }: MessageContext) {
    unit.insertIfAbsent(LyricJob.ordered(command, cause));
  }

  @Handle(CancelTask)
  onCancelTask({ taskId, revision }: CancelTask, { unit }: MessageContext) {
    this.worker.cancel(unit, taskId, revision);
  }

  @Handle(TaskDeleted)
  onTaskDeleted({ taskId }: TaskDeleted, { unit }: MessageContext) {
    this.worker.erase(unit, taskId);
  }
}
