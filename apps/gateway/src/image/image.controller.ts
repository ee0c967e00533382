import { Body, Controller, Delete, Get, HttpCode, Post, Put, Req, UseInterceptors } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { type Answer, AnswerInterceptor } from '../answer.ts';
import { GatewayConfig } from '../gateway.config.ts';
import { ApiIdempotencyKey, type Call, TheCall } from '../idempotency/call.ts';
import { ImageId, TaskId } from '../input/ids.ts';
import { photosIn } from './photos.ts';
import { ApiProblem } from '../openapi.ts';
import { ImageService } from './image.service.ts';
import { ImageOrderDto, ImagesView } from '../project/project.dto.ts';

const FILES = { type: 'array', items: { type: 'string', format: 'binary' } } as const;

/** The photos of a project. What is changed while an order runs counts for the next one. */
@ApiTags('projects')
@Controller('v1/projects/:projectId/images')
@UseInterceptors(AnswerInterceptor)
export class ImageController {
  constructor(
    private readonly images: ImageService,
    private readonly config: GatewayConfig,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The images in the order they appear' })
  @ApiOkResponse({ type: ImagesView })
  @ApiProblem(404)
  list(@TaskId() taskId: string): Promise<ImagesView> {
    return this.images.list(taskId);
  }

  @Post()
  @ApiOperation({ summary: 'Add images (JPEG, PNG or WebP), in the order they are to appear' })
  @RouteConfig({ takesFiles: true })
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: { type: 'object', properties: { images: FILES } } })
  @ApiCreatedResponse({ type: ImagesView })
  @ApiIdempotencyKey()
  @ApiProblem(400, 404, 408, 409, 413, 415, 422, 429)
  add(@TaskId() taskId: string, @TheCall() call: Call, @Req() request: FastifyRequest): Promise<Answer<ImagesView>> {
    return this.images.add({ call, taskId, files: this.photosIn(request) });
  }

  @Put()
  @ApiOperation({ summary: 'Let the images appear in another order' })
  @ApiOkResponse({ type: ImagesView })
  @ApiIdempotencyKey()
  @ApiProblem(400, 404, 409, 413, 415, 422)
  arrange(
    @TaskId() taskId: string,
    @Body() { imageIds }: ImageOrderDto,
    @TheCall() call: Call,
  ): Promise<Answer<ImagesView>> {
    return this.images.arrange(taskId, imageIds, call);
  }

  @Put(':imageId')
  @ApiOperation({ summary: 'Let another image take the place of this one' })
  @RouteConfig({ takesFiles: true })
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: { type: 'object', properties: { images: FILES.items } } })
  @ApiOkResponse({ type: ImagesView })
  @ApiIdempotencyKey()
  @ApiProblem(400, 404, 408, 409, 413, 415, 422, 429)
  replace(
    @TaskId() taskId: string,
    @ImageId() imageId: string,
    @TheCall() call: Call,
    @Req() request: FastifyRequest,
  ): Promise<Answer<ImagesView>> {
    return this.images.replace({ call, taskId, files: this.photosIn(request) }, imageId);
  }

  @Delete(':imageId')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove an image, and its file' })
  @ApiNoContentResponse()
  @ApiProblem(404, 409)
  async remove(@TaskId() taskId: string, @ImageId() imageId: string): Promise<void> {
    await this.images.remove(taskId, imageId);
  }

  private photosIn(request: FastifyRequest): AsyncGenerator<Readable> {
    return photosIn(request, 2 * this.config.HTTP_TIMEOUT_MS);
  }
}
