import { GenerateLyric } from '@castad/contracts';
import { Handle, type MessageContext } from '@castad/messaging';
import { Controller } from '@nestjs/common';
import { LyricJob } from './lyric.entity.ts';

@Controller()
export class LyricHandlers {
  @Handle(GenerateLyric)
  onGenerateLyric(command: GenerateLyric, { unit, cause }: MessageContext) {
    unit.insertIfAbsent(LyricJob.ordered(command, cause));
  }
}
