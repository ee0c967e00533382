import { FILM, POSTER, TRACKS } from '@castad/contracts';
import { AppError, NotFound } from '@castad/platform';
import { Controller, Get, Header, HttpStatus, Query, Res } from '@nestjs/common';
import { ApiFoundResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { TaskId } from '../input/ids.ts';
import { ApiProblem } from '../openapi.ts';
import { StorageClient } from '../storage/storage.client.ts';
import type { LinkRequest } from '../storage/storage.types.ts';
import { subRip } from './captions.ts';
import { RevisionQuery, TrackQuery } from '../order/order.dto.ts';
import { ListQuery, VideoPage } from '../project/project.dto.ts';
import { ProjectService } from '../project/project.service.ts';
import type { SongOutput, VideoOutput } from '../projection/stage.entity.ts';

/** What the stages made, as links that are signed when somebody asks. */
@ApiTags('results')
@Controller('v1')
export class ResultController {
  constructor(
    private readonly projects: ProjectService,
    private readonly storage: StorageClient,
  ) {}

  @Get('videos')
  @ApiOperation({ summary: 'The newest film of each project' })
  @ApiOkResponse({ type: VideoPage })
  @ApiProblem(400)
  videos(@Query() query: ListQuery): Promise<VideoPage> {
    return this.projects.videos(query);
  }

  @Get('projects/:projectId/song')
  @ApiOperation({ summary: 'The song, as MP3' })
  @ApiFoundResponse({ description: 'A signed link.' })
  @ApiProblem(400, 404)
  async song(@TaskId() taskId: string, @Query() query: TrackQuery, @Res() reply: FastifyReply): Promise<void> {
    const { stage, results } = await this.projects.result(taskId, 'song', query.revision);
    const name = query.trackId ?? results.trackOf(stage);
    await this.redirect(reply, taskId, { revision: stage.revision, kind: 'song', ref: TRACKS, name });
  }

  @Get('projects/:projectId/video')
  @ApiOperation({ summary: 'The film, as MP4' })
  @ApiFoundResponse({ description: 'A signed link.' })
  @ApiProblem(400, 404)
  video(@TaskId() taskId: string, @Query() query: RevisionQuery, @Res() reply: FastifyReply): Promise<void> {
    return this.film(taskId, query, FILM, reply);
  }

  @Get('projects/:projectId/poster')
  @ApiOperation({ summary: 'A still of the film, as JPEG' })
  @ApiFoundResponse({ description: 'A signed link.' })
  @ApiProblem(400, 404)
  poster(@TaskId() taskId: string, @Query() query: RevisionQuery, @Res() reply: FastifyReply): Promise<void> {
    return this.film(taskId, query, POSTER, reply);
  }

  @Get('projects/:projectId/captions.srt')
  @Header('content-type', 'application/x-subrip; charset=utf-8')
  @ApiOperation({ summary: 'The sung lines as SubRip subtitles' })
  @ApiOkResponse({ content: { 'application/x-subrip': { schema: { type: 'string' } } } })
  @ApiProblem(400, 404)
  async captions(@TaskId() taskId: string, @Query() query: TrackQuery): Promise<string> {
    const { stage, results } = await this.projects.result(taskId, 'song', query.revision);
    const wanted = query.trackId ?? results.trackOf(stage);
    const track = (stage.output as SongOutput).tracks.find(({ trackId }) => trackId === wanted);
    if (!track) throw new NotFound('TRACK_NOT_FOUND', 'The song has no such track.');
    return subRip(track.lines ?? []);
  }

  private async film(taskId: string, { revision }: RevisionQuery, name: string, reply: FastifyReply): Promise<void> {
    const { stage } = await this.projects.result(taskId, 'video', revision);
    const { format } = stage.output as VideoOutput;
    await this.redirect(reply, taskId, { revision: stage.revision, kind: 'video', ref: format, name });
  }

  private async redirect(reply: FastifyReply, taskId: string, file: LinkRequest): Promise<void> {
    const { links, failed } = await this.storage.links(taskId, [file]);
    const [link] = links;
    if (failed[0]) throw new AppError(failed[0].code, failed[0].reason, { status: HttpStatus.CONFLICT });
    if (!link) throw new NotFound('FILE_NOT_FOUND', 'This file was not made.');
    await reply.header('cache-control', 'no-store').redirect(link.url, HttpStatus.FOUND);
  }
}
