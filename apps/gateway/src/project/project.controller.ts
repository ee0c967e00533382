import { Body, Controller, Get, Headers, HttpStatus, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiAcceptedResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayConfig } from '../gateway.config.ts';
import { photosIn } from '../input/photos.ts';
import { TaskId } from '../input/task-id.ts';
import { ApiProblem } from '../openapi.ts';
import { ImageService } from './image.service.ts';
import {
  CreateProjectDto,
  ImagesView,
  ListProjectsQuery,
  ProjectPage,
  ProjectSummaryView,
  ProjectView,
} from './project.dto.ts';
import { ProjectService } from './project.service.ts';
import { imageView } from './project.view.ts';

@ApiTags('projects')
@Controller('v1/projects')
export class ProjectController {
  constructor(
    private readonly projects: ProjectService,
    private readonly images: ImageService,
    private readonly config: GatewayConfig,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Make a project, and with `run` order its film at once' })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Repeat a request with its key: it is carried out once. Kept 24 hours.',
  })
  @ApiCreatedResponse({ type: ProjectSummaryView, description: 'A draft: add images, then run.' })
  @ApiAcceptedResponse({ type: ProjectSummaryView, description: 'Ordered.' })
  @ApiProblem(400, 413, 415, 422)
  async create(
    @Body() dto: CreateProjectDto,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProjectSummaryView> {
    const project = await this.projects.create(dto, key);
    void reply
      .status(dto.run ? HttpStatus.ACCEPTED : HttpStatus.CREATED)
      .header('location', `/v1/projects/${project.taskId}`);
    return project;
  }

  @Get()
  @ApiOperation({ summary: 'List projects, newest first' })
  @ApiOkResponse({ type: ProjectPage })
  @ApiProblem(400)
  list(@Query() query: ListProjectsQuery): Promise<ProjectPage> {
    return this.projects.list(query);
  }

  @Get(':taskId')
  @ApiOperation({ summary: 'A project with its stages' })
  @ApiOkResponse({ type: ProjectView })
  @ApiProblem(404)
  get(@TaskId() taskId: string): Promise<ProjectView> {
    return this.projects.get(taskId);
  }

  @Post(':taskId/images')
  @RouteConfig({ takesFiles: true })
  @ApiOperation({ summary: 'Add photos (JPEG, PNG or WebP), in the order they are to appear' })
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: { type: 'object', properties: { images: { type: 'array', items: { type: 'string', format: 'binary' } } } },
  })
  @ApiCreatedResponse({ type: ImagesView })
  @ApiProblem(400, 404, 408, 409, 413, 415, 429)
  async addImages(@TaskId() taskId: string, @Req() request: FastifyRequest): Promise<ImagesView> {
    const images = await this.images.add(taskId, photosIn(request, 2 * this.config.HTTP_TIMEOUT_MS));
    return { images: images.map(imageView) };
  }
}
