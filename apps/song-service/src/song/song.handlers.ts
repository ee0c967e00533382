import { CancelTask, GenerateSong, LyricGenerated, SongCalledBack, TaskDeleted } from '@castad/contracts';
import { Handle, type MessageContext } from '@castad/messaging';
import { Controller } from '@nestjs/common';
import { Song } from './song.entity.ts';
import { SongWorker } from './song.worker.ts';

@Controller()
export class SongHandlers {
  constructor(private readonly worker: SongWorker) {}

  @Handle(GenerateSong)
  onGenerateSong(command: GenerateSong, { unit, cause }: MessageContext) {
    unit.insertIfAbsent(Song.ordered(command, cause));
  }

  @Handle(LyricGenerated)
  onLyricGenerated(event: LyricGenerated, { unit, cause }: MessageContext) {
    if (event.plan.stopAfter !== 'lyric') unit.insertIfAbsent(Song.ordered(event, cause));
  }

  @Handle(SongCalledBack)
  onSongCalledBack(event: SongCalledBack, { unit }: MessageContext) {
    this.worker.calledBack(unit, event);
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
