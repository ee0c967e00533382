import { Body, Controller, Get, Headers, HttpStatus, Post, Query, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiAcceptedResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { TaskId } from '../input/ids.ts';
import { ApiProblem } from '../openapi.ts';
import { CreateProjectDto, ListProjectsQuery, ProjectPage, ProjectSummaryView, ProjectView } from './project.dto.ts';
import { ProjectService } from './project.service.ts';

@ApiTags('projects')
@Controller('v1/projects')
export class ProjectController {
  constructor(private readonly projects: ProjectService) {}

  @Post()
  @ApiOperation({ summary: 'Make a project, and with `run` order its film at once' })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Repeat a request with its key: it is carried out once. Kept 24 hours.',
  })
  @ApiCreatedResponse({ type: ProjectSummaryView, description: 'A draft: add images, then run.' })
  @ApiAcceptedResponse({ type: ProjectSummaryView, description: 'Ordered.' })
  @ApiProblem(400, 409, 413, 415, 422)
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
}
