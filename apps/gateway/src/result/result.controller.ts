import { FILM, POSTER, PREVIEW } from '@castad/contracts';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { TaskId } from '../input/ids.ts';
import { ApiProblem } from '../openapi.ts';
import { VideoPage } from '../project/project.dto.ts';
import { answer, ApiLink } from './link.answer.ts';
import { ResultLinks } from './result-links.ts';
import { ResultLists } from './result-lists.ts';
import { SongFileQuery, SongPage, SongsQuery, VideoFileQuery, VideosQuery } from './result.dto.ts';

/** What the stages made, as links that are signed when somebody asks. */
@ApiTags('results')
@Controller('v1')
export class ResultController {
  constructor(
    private readonly links: ResultLinks,
    private readonly lists: ResultLists,
  ) {}

  @Get('songs')
  @ApiOperation({ summary: 'The song that counts of each project, newest project first' })
  @ApiOkResponse({ type: SongPage })
  @ApiProblem(400)
  listSongs(@Query() query: SongsQuery): Promise<SongPage> {
    return this.lists.songs(query);
  }

  @Get('videos')
  @ApiOperation({ summary: 'The films that count of each project, one for each format' })
  @ApiOkResponse({ type: VideoPage })
  @ApiProblem(400)
  listVideos(@Query() query: VideosQuery): Promise<VideoPage> {
    return this.lists.videos(query);
  }

  @Get('projects/:projectId/song')
  @ApiLink('The song, as MP3')
  async getSong(@TaskId() taskId: string, @Query() query: SongFileQuery, @Res() reply: FastifyReply): Promise<void> {
    await answer(reply, query, await this.links.song(taskId, query, query));
  }

  @Get('projects/:projectId/video')
  @ApiLink('The film, as MP4')
  async getVideo(@TaskId() taskId: string, @Query() query: VideoFileQuery, @Res() reply: FastifyReply): Promise<void> {
    await answer(reply, query, await this.links.film(taskId, query, query, FILM));
  }

  @Get('projects/:projectId/video/preview')
  @ApiLink('The preview of the film, as MP4')
  async getPreview(
    @TaskId() taskId: string,
    @Query() query: VideoFileQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await answer(reply, query, await this.links.film(taskId, query, query, PREVIEW));
  }

  @Get('projects/:projectId/poster')
  @ApiLink('A still of the film, as JPEG')
  async getPoster(@TaskId() taskId: string, @Query() query: VideoFileQuery, @Res() reply: FastifyReply): Promise<void> {
    await answer(reply, query, await this.links.film(taskId, query, query, POSTER));
  }
}
