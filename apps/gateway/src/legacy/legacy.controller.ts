import { validationPipe } from '@castad/platform';
import {
  applyDecorators,
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
  Req,
  Res,
  type Type,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayConfig } from '../gateway.config.ts';
import { TaskId } from '../input/ids.ts';
import {
  LegacyErrorView,
  LegacyImagesView,
  LegacyListQuery,
  LegacyLyricDto,
  LegacyLyricView,
  LegacyProjectDto,
  LegacyRenderView,
  LegacySongItemView,
  LegacySongView,
  LegacyTaskView,
  LegacyVideoItemView,
  LegacyVideoStatusView,
  LegacyVideoView,
} from './legacy.dto.ts';
import { takeForm } from './legacy.form.ts';
import { LegacyService } from './legacy.service.ts';

/** A parameter of this type is left to its own pipe: the service's refuses what it does not know. */
type Checked<T> = T;

/** As FastAPI checks: what it does not know it ignores. */
const checkedAs = (type: Type) => validationPipe({ expectedType: type, forbidNonWhitelisted: false });

/** A route of the former system, and the one that takes its place. */
const Legacy = (summary: string, successor: string, refusals: number[] = [], config: FastifyContextConfig = {}) =>
  applyDecorators(
    RouteConfig({ ...config, successor }),
    ApiOperation({ summary, deprecated: true }),
    ...[404, 409, 410, 422, 503, ...refusals].map(status =>
      ApiResponse({ status, type: LegacyErrorView, description: 'In the form of FastAPI.' }),
    ),
  );

const OF_BODIES = [413, 415];
const OF_FILES = [408, 413, 415, 429];

const ApiItems = (view: Type) =>
  applyDecorators(
    ApiExtraModels(view),
    ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 100, default: 100 } }),
    ApiQuery({ name: 'cursor', required: false, schema: { type: 'string', format: 'uuid' } }),
    ApiOkResponse({
      schema: { type: 'array', items: { $ref: getSchemaPath(view) } },
      description: 'Where there are more, the header Link names the next page.',
    }),
  );

/** The routes of the FastAPI system that CASTAD replaces, so that its clients work unchanged. */
@ApiTags('legacy')
@Controller()
export class LegacyController {
  constructor(
    private readonly legacy: LegacyService,
    private readonly config: GatewayConfig,
  ) {}

  @Post('project')
  @HttpCode(200)
  @Legacy('Make a project', '/v1/projects', OF_BODIES)
  @ApiBody({ type: LegacyProjectDto })
  @ApiOkResponse({ type: LegacyTaskView })
  async createProject(@Body(checkedAs(LegacyProjectDto)) body: Checked<LegacyProjectDto>): Promise<LegacyTaskView> {
    return taskView(await this.legacy.createProject(body));
  }

  @Post('project/image')
  @HttpCode(200)
  @Legacy('Add photos in their order: the field task_id, then the files', '/v1/projects', OF_FILES, {
    takesFiles: true,
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: {
      type: 'object',
      properties: {
        task_id: { type: 'string', format: 'uuid' },
        images: { type: 'array', items: { type: 'string', format: 'binary' } },
      },
    },
  })
  @ApiOkResponse({ type: LegacyImagesView })
  addImages(@Req() request: FastifyRequest): Promise<LegacyImagesView> {
    return takeForm(request, 2 * this.config.HTTP_TIMEOUT_MS, (taskId, files) => this.legacy.addImages(taskId, files));
  }

  @Post('lyric/generate')
  @HttpCode(200)
  @Legacy('Write a lyric; again makes a new one', '/v1/projects', OF_BODIES)
  @ApiBody({ type: LegacyLyricDto })
  @ApiOkResponse({ type: LegacyTaskView })
  async generateLyric(@Body(checkedAs(LegacyLyricDto)) body: Checked<LegacyLyricDto>): Promise<LegacyTaskView> {
    await this.legacy.generateLyric(body);
    return taskView(body.task_id);
  }

  @Get('lyric/status/:task_id')
  @Legacy('How the lyric stands', '/v1/projects/{task_id}')
  @ApiOkResponse({ type: LegacyLyricView })
  lyric(@TaskId('task_id') taskId: string): Promise<LegacyLyricView> {
    return this.legacy.lyric(taskId);
  }

  @Get('song/generate/:task_id')
  @Legacy('Sing the lyric, once', '/v1/projects/{task_id}/song')
  @ApiOkResponse({ type: LegacyTaskView })
  async generateSong(@TaskId('task_id') taskId: string): Promise<LegacyTaskView> {
    await this.legacy.generateSong(taskId);
    return taskView(taskId);
  }

  @Get('song/status/:task_id')
  @Legacy('How the song stands', '/v1/projects/{task_id}')
  @ApiOkResponse({ type: LegacySongView })
  song(@TaskId('task_id') taskId: string): Promise<LegacySongView> {
    return this.legacy.song(taskId);
  }

  @Get('songs')
  @Legacy('The newest finished song of each project', '/v1/songs')
  @ApiItems(LegacySongItemView)
  async songs(
    @Query(checkedAs(LegacyListQuery)) query: Checked<LegacyListQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LegacySongItemView[]> {
    return listed(reply, '/songs/', query, await this.legacy.songs(query));
  }

  @Get('video/generate/:task_id')
  @Legacy('Make the film, once', '/v1/projects/{task_id}/video')
  @ApiOkResponse({ type: LegacyRenderView })
  async generateVideo(@TaskId('task_id') taskId: string): Promise<LegacyRenderView> {
    return { success: true, render_id: await this.legacy.generateVideo(taskId) };
  }

  @Get('video/status/:render_id')
  @Legacy('How the film stands', '/v1/projects')
  @ApiOkResponse({ type: LegacyVideoStatusView })
  videoStatus(@Param('render_id') renderId: string): Promise<LegacyVideoStatusView> {
    return this.legacy.videoStatus(renderId);
  }

  @Get('video/download/:task_id')
  @Legacy('The film', '/v1/projects/{task_id}/video')
  @ApiOkResponse({ type: LegacyVideoView })
  video(@TaskId('task_id') taskId: string): Promise<LegacyVideoView> {
    return this.legacy.video(taskId);
  }

  @Get('videos')
  @Legacy('The newest finished film of each project', '/v1/videos')
  @ApiItems(LegacyVideoItemView)
  async videos(
    @Query(checkedAs(LegacyListQuery)) query: Checked<LegacyListQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LegacyVideoItemView[]> {
    return listed(reply, '/videos/', query, await this.legacy.videos(query));
  }
}

const taskView = (taskId: string): LegacyTaskView => ({ success: true, task_id: taskId });

function listed<T>(
  reply: FastifyReply,
  path: string,
  { limit }: LegacyListQuery,
  { items, nextCursor }: { items: T[]; nextCursor?: string },
): T[] {
  if (nextCursor) void reply.header('link', `<${path}?limit=${limit}&cursor=${nextCursor}>; rel="next"`);
  return items;
}
