import type { UnitOfWork } from '@castad/platform';
import { applyDecorators, Body, Controller, HttpStatus, Post, Put, UseInterceptors } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answer, AnswerInterceptor } from '../answer.ts';
import { ApiIdempotencyKey, ApiIfMatch, type Call, TheCall } from '../idempotency/call.ts';
import { Idempotency } from '../idempotency/idempotency.ts';
import { TaskId } from '../input/ids.ts';
import { ApiProblem, ETAG, LOCATION } from '../openapi.ts';
import { ChoiceService } from './choice.service.ts';
import type { Order } from './order.entity.ts';
import {
  CancelledView,
  FilmChoiceDto,
  FilmDto,
  LyricChoiceDto,
  LyricDto,
  LyricOrderDto,
  OrderView,
  RunDto,
  SeenDto,
  SongChoiceDto,
  StageDto,
} from './order.dto.ts';
import { type Asked, OrderService } from './order.service.ts';
import { cancelledView, orderView } from './order.view.ts';
import { ProjectView } from '../project/project.dto.ts';

const ApiOrder = (summary: string) =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiIdempotencyKey(),
    ApiIfMatch(),
    ApiAcceptedResponse({ type: OrderView, headers: LOCATION }),
    ApiProblem(400, 404, 409, 410, 412, 413, 415, 422),
  );

const ApiChoice = (summary: string) =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiIdempotencyKey(),
    ApiIfMatch(),
    ApiOkResponse({ type: ProjectView, headers: ETAG }),
    ApiProblem(400, 404, 409, 410, 412, 413, 415, 422),
  );

/** What a client wants done with a project: one order at a time. */
@ApiTags('orders')
@Controller('v1/projects/:projectId')
@UseInterceptors(AnswerInterceptor)
export class OrderController {
  constructor(
    private readonly orders: OrderService,
    private readonly choices: ChoiceService,
    private readonly keys: Idempotency,
  ) {}

  @Post('run')
  @ApiOrder('Order everything from the first stage that is not done, or stale')
  runProject(@TaskId() taskId: string, @TheCall() call: Call, @Body() body?: RunDto): Promise<Answer<OrderView>> {
    const { stopAfter } = body ?? {};
    return this.place(taskId, call, body, (unit, asked) =>
      this.orders.run(unit, taskId, asked, stopAfter ?? undefined),
    );
  }

  @Post('retry')
  @ApiOrder('Order again what failed or was cancelled, from where it ended; what was paid for is reused')
  retryOrder(@TaskId() taskId: string, @TheCall() call: Call, @Body() body?: SeenDto): Promise<Answer<OrderView>> {
    return this.place(taskId, call, body, (unit, asked) => this.orders.retry(unit, taskId, asked));
  }

  @Post('cancel')
  @ApiOperation({ summary: 'End the running order; no later stage is begun' })
  @ApiIdempotencyKey()
  @ApiAcceptedResponse({ type: CancelledView, headers: LOCATION })
  @ApiProblem(400, 404, 409, 410, 413, 415, 422)
  cancelOrder(@TaskId() taskId: string, @TheCall() call: Call): Promise<Answer<CancelledView>> {
    return this.orders.transaction(unit =>
      this.keys.once(unit, { call, taskId, body: undefined }, async () => {
        const { order, paid } = await this.orders.cancel(unit, taskId);
        return accepted(order, cancelledView(order, paid));
      }),
    );
  }

  @Post('lyric')
  @ApiOrder('Order a lyric alone, or drafts of one; another only with `again`, `revision` or `If-Match`')
  orderLyric(
    @TaskId() taskId: string,
    @TheCall() call: Call,
    @Body() body?: LyricOrderDto,
  ): Promise<Answer<OrderView>> {
    return this.stage(taskId, call, body, 'lyric');
  }

  @Put('lyric')
  @ApiOrder('Give a lyric of your own, as the next revision; to `stopAfter`, or the lyric alone')
  writeLyric(@TaskId() taskId: string, @TheCall() call: Call, @Body() body: LyricDto): Promise<Answer<OrderView>> {
    const { title, style, sections, stopAfter } = body;
    const words = { ...(title && { title }), ...(style && { style }), sections };
    return this.place(taskId, call, body, (unit, asked) =>
      this.orders.lyric(unit, taskId, asked, words, stopAfter ?? undefined),
    );
  }

  @Post('song')
  @ApiOrder('Order a song alone, of the lyric that counts; another one only with `again`, `revision` or `If-Match`')
  orderSong(@TaskId() taskId: string, @TheCall() call: Call, @Body() body?: StageDto): Promise<Answer<OrderView>> {
    return this.stage(taskId, call, body, 'song');
  }

  @Post('video')
  @ApiOrder(
    'Order videos alone, of the song that counts and the images; another of a format only with `again`, `revision` or `If-Match`',
  )
  orderVideo(@TaskId() taskId: string, @TheCall() call: Call, @Body() body?: FilmDto): Promise<Answer<OrderView>> {
    return this.place(taskId, call, body, (unit, asked) => this.orders.films(unit, taskId, asked));
  }

  @Put('lyric/choice')
  @ApiChoice('Let an earlier lyric, or another draft, count; what is made of another becomes stale and is kept')
  chooseLyric(
    @TaskId() taskId: string,
    @Body() { revision, draft }: LyricChoiceDto,
    @TheCall() call: Call,
  ): Promise<Answer<ProjectView>> {
    return this.choices.choose(taskId, 'lyric', { revision, ...(draft && { draft }) }, call);
  }

  @Put('song/choice')
  @ApiChoice('Let another track or an earlier song count; a video of another becomes stale and is kept')
  chooseSong(
    @TaskId() taskId: string,
    @Body() { revision, trackId }: SongChoiceDto,
    @TheCall() call: Call,
  ): Promise<Answer<ProjectView>> {
    return this.choices.choose(taskId, 'song', { revision, ...(trackId && { trackId }) }, call);
  }

  @Put('video/choice')
  @ApiChoice('Let an earlier video count')
  chooseVideo(
    @TaskId() taskId: string,
    @Body() { revision, format }: FilmChoiceDto,
    @TheCall() call: Call,
  ): Promise<Answer<ProjectView>> {
    return this.choices.choose(taskId, 'video', { revision, ...(format && { format }) }, call);
  }

  private stage(
    taskId: string,
    call: Call,
    body: Partial<LyricOrderDto> | undefined,
    name: 'lyric' | 'song',
  ): Promise<Answer<OrderView>> {
    return this.place(taskId, call, body, (unit, asked) => this.orders.stage(unit, taskId, asked, name));
  }

  private place(
    taskId: string,
    call: Call,
    body: Partial<FilmDto & LyricOrderDto> | undefined,
    place: (unit: UnitOfWork, asked: Asked) => Promise<Order>,
  ): Promise<Answer<OrderView>> {
    const { revision, withoutPhotos, again, formats, drafts, preview } = body ?? {};
    const asked = {
      seen: revision ?? undefined,
      ifMatch: call.ifMatch,
      withoutPhotos,
      again,
      formats: formats ?? undefined,
      drafts: drafts ?? undefined,
      preview,
    };
    return this.orders.transaction(unit =>
      this.keys.once(unit, { call, taskId, body }, async () => {
        const order = await place(unit, asked);
        return accepted(order, orderView(order));
      }),
    );
  }
}

const accepted = <T>({ taskId, revision }: Order, view: T): Answer<T> =>
  new Answer(HttpStatus.ACCEPTED, view, { location: `/v1/projects/${taskId}/orders/${revision}` });
