import { applyDecorators, Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { TaskId } from '../input/ids.ts';
import { ApiProblem } from '../openapi.ts';
import { CaptionService, type CaptionsOf } from './caption.service.ts';
import { type Captions, lrc, subRip, webVtt } from './captions.ts';
import { contentDisposition, fileName } from '../storage/file-name.ts';
import { type DownloadQuery, SongCaptionsQuery, VideoCaptionsQuery } from './result.dto.ts';

interface Form {
  extension: string;
  type: string;
  write: (captions: Captions) => string;
}

const SRT: Form = { extension: '.srt', type: 'application/x-subrip', write: subRip };
const VTT: Form = { extension: '.vtt', type: 'text/vtt', write: webVtt };
/** Players know it by its name; it has no registered type. */
const LRC: Form = { extension: '.lrc', type: 'text/plain', write: lrc };

const ApiCaptions = (summary: string, { type }: Form) =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiOkResponse({ content: { [type]: { schema: { type: 'string' } } }, description: 'In UTF-8.' }),
    ApiProblem(400, 404, 410),
  );

/** The sung lines, for the song and, cut as the film is, for the film. */
@ApiTags('results')
@Controller('v1/projects/:projectId')
export class CaptionController {
  constructor(private readonly captions: CaptionService) {}

  @Get('captions.srt')
  @ApiCaptions('The sung lines of the song as SubRip subtitles', SRT)
  async getSongSrt(
    @TaskId() taskId: string,
    @Query() query: SongCaptionsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return file(reply, await this.captions.ofSong(taskId, query), SRT, query);
  }

  @Get('captions.vtt')
  @ApiCaptions('The sung lines of the song as WebVTT', VTT)
  async getSongVtt(
    @TaskId() taskId: string,
    @Query() query: SongCaptionsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return file(reply, await this.captions.ofSong(taskId, query), VTT, query);
  }

  @Get('captions.lrc')
  @ApiCaptions('The sung lines of the song as LRC lyrics', LRC)
  async getSongLrc(
    @TaskId() taskId: string,
    @Query() query: SongCaptionsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return file(reply, await this.captions.ofSong(taskId, query), LRC, query);
  }

  @Get('video/captions.srt')
  @ApiCaptions('The lines that the film shows as SubRip subtitles', SRT)
  async getVideoSrt(
    @TaskId() taskId: string,
    @Query() query: VideoCaptionsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return file(reply, await this.captions.ofVideo(taskId, query), SRT, query);
  }

  @Get('video/captions.vtt')
  @ApiCaptions('The lines that the film shows as WebVTT', VTT)
  async getVideoVtt(
    @TaskId() taskId: string,
    @Query() query: VideoCaptionsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return file(reply, await this.captions.ofVideo(taskId, query), VTT, query);
  }

  @Get('video/captions.lrc')
  @ApiCaptions('The lines that the film shows as LRC lyrics', LRC)
  async getVideoLrc(
    @TaskId() taskId: string,
    @Query() query: VideoCaptionsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return file(reply, await this.captions.ofVideo(taskId, query), LRC, query);
  }
}

function file(
  reply: FastifyReply,
  captions: CaptionsOf,
  { extension, type, write }: Form,
  { download }: DownloadQuery,
) {
  const { project, stage, language } = captions;
  const name = fileName(project.businessName, [stage.revision], extension);
  void reply.headers({
    'content-type': `${type}; charset=utf-8`,
    'content-language': language,
    'content-disposition': contentDisposition(name, fileName(stage.name, [stage.revision], extension), download),
  });
  return write(captions);
}
