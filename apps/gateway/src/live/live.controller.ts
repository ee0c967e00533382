import { InvalidInput } from '@castad/platform';
import { applyDecorators, Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { finished, Readable } from 'node:stream';
import { TaskId } from '../input/ids.ts';
import { ApiProblem } from '../openapi.ts';
import { EventFeed } from './event-feed.ts';
import { HistoryService } from './history.service.ts';
import { AcceptedView, EventsQuery, EventView, HistoryPage, HistoryQuery } from './live.dto.ts';

const EVENT_STREAM = 'text/event-stream';

const ApiEvents = (summary: string) =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'The id of the last event that was seen. What came after it follows, each event once.',
    }),
    ApiOkResponse({
      description: 'Server-sent events: `id`, `event` (its type) and `data`, an EventView in one line.',
      content: { [EVENT_STREAM]: { schema: { type: 'string' } } },
    }),
  );

/** What happened to projects, and what happens to them now. */
@ApiTags('events')
@ApiExtraModels(AcceptedView, EventView)
@Controller('v1')
export class LiveController {
  constructor(
    private readonly feed: EventFeed,
    private readonly histories: HistoryService,
  ) {}

  @Get('projects/:projectId/history')
  @ApiOperation({ summary: "A project's orders, and all that was heard about them" })
  @ApiOkResponse({ type: HistoryPage })
  @ApiProblem(400, 404, 410)
  getHistory(@TaskId() taskId: string, @Query() query: HistoryQuery): Promise<HistoryPage> {
    return this.histories.of(taskId, query);
  }

  @Get('projects/:projectId/events')
  @ApiEvents('The events of a project from its first one, or after Last-Event-ID, as they come')
  @ApiProblem(400, 404, 410)
  async streamProjectEvents(
    @TaskId() taskId: string,
    @Query() query: EventsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const place = placeOf(lastEventId) ?? query.after ?? 0;
    await this.histories.mustHave(taskId);
    this.send(reply, place, taskId);
  }

  @Get('events')
  @ApiEvents('The events of all projects from now on, or after Last-Event-ID, as they come')
  @ApiProblem(400)
  async streamEvents(
    @Query() query: EventsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const place = placeOf(lastEventId) ?? query.after ?? (await this.histories.end());
    this.send(reply, place);
  }

  private send(reply: FastifyReply, place: number, taskId?: string): void {
    const stream = this.feed.listen(place, taskId);
    finished(reply.raw, () => this.feed.leave(stream));
    // Proxies must pass events on as they come.
    void reply
      .headers({
        'content-type': EVENT_STREAM,
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      })
      .send(Readable.from(stream, { objectMode: false }));
  }
}

/** The header wins over the query: a client that comes back sends both. An empty one says nothing. */
function placeOf(lastEventId: string | undefined): number | undefined {
  if (!lastEventId) return undefined;
  if (!/^\d{1,15}$/.test(lastEventId))
    throw new InvalidInput('INVALID_LAST_EVENT_ID', 'Last-Event-ID is not the id of an event.');
  return Number(lastEventId);
}
