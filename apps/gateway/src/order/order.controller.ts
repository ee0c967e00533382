import type { Stage as StageName } from '@castad/contracts';
import { Body, Controller, HttpCode, HttpStatus, Post, Put } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { TaskId } from '../input/ids.ts';
import { ApiProblem } from '../openapi.ts';
import { ChoiceService } from './choice.service.ts';
import { CancelledView, ChoiceDto, FilmDto, LyricDto, OrderView, RunDto, SeenDto, SongChoiceDto } from './order.dto.ts';
import { type Asked, OrderService } from './order.service.ts';
import { ProjectView } from '../project/project.dto.ts';
import { ProjectService } from '../project/project.service.ts';
import { cancelledView, orderView } from '../project/project.view.ts';

/** What a client wants done with a project: one order at a time. */
@ApiTags('orders')
@Controller('v1/projects/:taskId')
export class OrderController {
  constructor(
    private readonly orders: OrderService,
    private readonly choices: ChoiceService,
    private readonly projects: ProjectService,
  ) {}

  @Post('run')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({ summary: 'Order everything from the first stage that is not done, or stale' })
  @ApiAcceptedResponse({ type: OrderView })
  @ApiProblem(400, 404, 409, 413, 415)
  async run(@TaskId() taskId: string, @Body() body?: RunDto): Promise<OrderView> {
    return orderView(await this.orders.run(taskId, askedIn(body), body?.stopAfter ?? undefined));
  }

  @Post('retry')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({
    summary: 'Order again what failed or was cancelled, from where it ended; what was paid for is reused',
  })
  @ApiAcceptedResponse({ type: OrderView })
  @ApiProblem(400, 404, 409, 413, 415)
  async retry(@TaskId() taskId: string, @Body() body?: SeenDto): Promise<OrderView> {
    return orderView(await this.orders.retry(taskId, askedIn(body)));
  }

  @Post('cancel')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({ summary: 'End the running order; no later stage is begun' })
  @ApiAcceptedResponse({ type: CancelledView })
  @ApiProblem(400, 404, 409, 413, 415)
  async cancel(@TaskId() taskId: string): Promise<CancelledView> {
    const { order, paid } = await this.orders.cancel(taskId);
    return cancelledView(order, paid);
  }

  @Post('lyric')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({ summary: 'Order a lyric alone; again makes a new one' })
  @ApiAcceptedResponse({ type: OrderView })
  @ApiProblem(400, 404, 409, 413, 415)
  lyric(@TaskId() taskId: string, @Body() body?: SeenDto): Promise<OrderView> {
    return this.stage(taskId, 'lyric', body);
  }

  @Put('lyric')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({ summary: 'Give a lyric of your own, as the next revision; to `stopAfter`, or the lyric alone' })
  @ApiAcceptedResponse({ type: OrderView })
  @ApiProblem(400, 404, 409, 413, 415)
  async ownLyric(@TaskId() taskId: string, @Body() body: LyricDto): Promise<OrderView> {
    const { title, style, sections, stopAfter } = body;
    const words = { ...(title && { title }), ...(style && { style }), sections };
    return orderView(await this.orders.lyric(taskId, askedIn(body), words, stopAfter ?? undefined));
  }

  @Post('song')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({ summary: 'Order a song alone, of the lyric that counts' })
  @ApiAcceptedResponse({ type: OrderView })
  @ApiProblem(400, 404, 409, 413, 415)
  song(@TaskId() taskId: string, @Body() body?: SeenDto): Promise<OrderView> {
    return this.stage(taskId, 'song', body);
  }

  @Post('video')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({ summary: 'Order a film alone, of the song that counts and the photos' })
  @ApiAcceptedResponse({ type: OrderView })
  @ApiProblem(400, 404, 409, 413, 415)
  video(@TaskId() taskId: string, @Body() body?: FilmDto): Promise<OrderView> {
    return this.stage(taskId, 'video', body);
  }

  @Put('lyric/choice')
  @ApiOperation({ summary: 'Let an earlier lyric count; what is made of another becomes stale and is kept' })
  @ApiOkResponse({ type: ProjectView })
  @ApiProblem(400, 404, 409, 413, 415)
  chooseLyric(@TaskId() taskId: string, @Body() { revision }: ChoiceDto): Promise<ProjectView> {
    return this.choose(taskId, 'lyric', { revision });
  }

  @Put('song/choice')
  @ApiOperation({ summary: 'Let another track or an earlier song count; a film of another becomes stale and is kept' })
  @ApiOkResponse({ type: ProjectView })
  @ApiProblem(400, 404, 409, 413, 415)
  chooseSong(@TaskId() taskId: string, @Body() { revision, trackId }: SongChoiceDto): Promise<ProjectView> {
    return this.choose(taskId, 'song', { revision, ...(trackId && { trackId }) });
  }

  @Put('video/choice')
  @ApiOperation({ summary: 'Let an earlier film count' })
  @ApiOkResponse({ type: ProjectView })
  @ApiProblem(400, 404, 409, 413, 415)
  chooseVideo(@TaskId() taskId: string, @Body() { revision }: ChoiceDto): Promise<ProjectView> {
    return this.choose(taskId, 'video', { revision });
  }

  private async stage(taskId: string, name: StageName, body: SeenDto | undefined): Promise<OrderView> {
    return orderView(await this.orders.stage(taskId, askedIn(body), name));
  }

  private async choose(
    taskId: string,
    name: StageName,
    choice: { revision: number; trackId?: string },
  ): Promise<ProjectView> {
    await this.choices.choose(taskId, name, choice);
    return this.projects.get(taskId);
  }
}

const askedIn = (body: Partial<FilmDto> | undefined): Asked => ({
  seen: body?.revision ?? undefined,
  withoutPhotos: body?.withoutPhotos,
});
