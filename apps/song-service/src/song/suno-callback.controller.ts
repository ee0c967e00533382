import { isToken } from '@castad/worker';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { jobIdIn } from '../suno/suno.client.ts';
import { SongWorker } from './song.worker.ts';

@Controller('callbacks/suno')
export class SunoCallbackController {
  constructor(private readonly worker: SongWorker) {}

  /** Always 200, also for what nobody waits for, so that the sender stops. Nothing it says is believed. */
  @Post(':token')
  @HttpCode(200)
  async receive(@Param('token') token: string, @Body() body: unknown): Promise<{ status: string }> {
    const jobId = jobIdIn(body);
    if (jobId && isToken(token)) await this.worker.calledBack(token, jobId);
    return { status: 'received' };
  }
}
