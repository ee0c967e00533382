import { isToken } from '@castad/worker';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { renderIdIn } from '../creatomate/creatomate.client.ts';
import { VideoWorker } from './video.worker.ts';

@Controller('callbacks/creatomate')
export class CreatomateCallbackController {
  constructor(private readonly worker: VideoWorker) {}

  /** Always 200, also for what nobody waits for. Nothing it says is believed. */
  @Post(':token')
  @HttpCode(200)
  async receive(@Param('token') token: string, @Body() body: unknown): Promise<{ status: string }> {
    const renderId = renderIdIn(body);
    if (renderId && isToken(token)) await this.worker.calledBack(token, renderId);
    return { status: 'received' };
  }
}
