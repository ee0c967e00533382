import { Body, Controller, Delete, Get, Headers, HttpCode, Patch, Post, Query, UseInterceptors } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiAcceptedResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { type Answer, AnswerInterceptor } from '../answer.ts';
import { DeletionService } from '../deletion/deletion.service.ts';
import { ApiIdempotencyKey, ApiIfMatch, type Call, TheCall } from '../idempotency/call.ts';
import { TaskId } from '../input/ids.ts';
import { ApiProblem, ETAG } from '../openapi.ts';
import { PatchProjectDto } from './patch.dto.ts';
import { ListProjectsQuery } from './lists.dto.ts';
import { CreateProjectDto, ProjectPage, ProjectSummaryView, ProjectView } from './project.dto.ts';
import { ProjectService } from './project.service.ts';

@ApiTags('projects')
@Controller('v1/projects')
@UseInterceptors(AnswerInterceptor)
export class ProjectController {
  constructor(
    private readonly projects: ProjectService,
    private readonly deletions: DeletionService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Create a project, and with `run` order its video at once' })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: ProjectSummaryView, headers: ETAG, description: 'A draft: add images, then run.' })
  @ApiAcceptedResponse({ type: ProjectSummaryView, headers: ETAG, description: 'Ordered.' })
  @ApiProblem(400, 409, 413, 415, 422)
  createProject(@Body() dto: CreateProjectDto, @TheCall() call: Call): Promise<Answer<ProjectSummaryView>> {
    return this.projects.create(dto, call);
  }

  @Get()
  @ApiOperation({ summary: 'List projects' })
  @ApiOkResponse({ type: ProjectPage })
  @ApiProblem(400)
  listProjects(@Query() query: ListProjectsQuery): Promise<ProjectPage> {
    return this.projects.list(query);
  }

  @Get(':projectId')
  @ApiOperation({ summary: 'A project with its stages' })
  @ApiHeader({
    name: 'If-None-Match',
    required: false,
    description: 'The `ETag` of the view that you have. If it is still right, the answer is 304 without a body.',
  })
  @ApiOkResponse({ type: ProjectView, headers: ETAG })
  @ApiResponse({ status: 304, description: 'It has not changed.' })
  @ApiProblem(404, 410)
  getProject(
    @TaskId() taskId: string,
    @Headers('if-none-match') ifNoneMatch?: string,
  ): Promise<Answer<ProjectView | undefined>> {
    return this.projects.get(taskId, ifNoneMatch);
  }

  @Patch(':projectId')
  @ApiOperation({
    summary: 'Change the brief, or your own externalId and metadata',
    description:
      'A JSON merge patch. What was made of the former brief becomes stale and is kept. The brief cannot be changed while an order runs (409).',
  })
  @ApiIdempotencyKey()
  @ApiIfMatch()
  @ApiOkResponse({ type: ProjectView, headers: ETAG })
  @ApiProblem(400, 404, 409, 410, 412, 413, 415, 422)
  patchProject(
    @TaskId() taskId: string,
    @TheCall() call: Call,
    @Body() dto: PatchProjectDto = {},
  ): Promise<Answer<ProjectView>> {
    return this.projects.patch(taskId, dto, call);
  }

  @Delete(':projectId')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a project with all that belongs to it',
    description:
      'A running order is cancelled first. What was made, uploaded and noted is erased, the files within minutes. Every later call about the project answers 410, and this one 204 again.',
  })
  @ApiIfMatch()
  @ApiNoContentResponse()
  @ApiProblem(404, 412)
  deleteProject(@TaskId() taskId: string, @TheCall() call: Call): Promise<void> {
    return this.deletions.delete(taskId, call);
  }
}
