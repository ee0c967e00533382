import { Body, Controller, Delete, Get, HttpCode, Post, Put, Req } from '@nestjs/common';
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
import { GatewayConfig } from '../gateway.config.ts';
import { ImageId, TaskId } from '../input/ids.ts';
import { photosIn } from './photos.ts';
import { ApiProblem } from '../openapi.ts';
import { type Arrangement, ImageService } from './image.service.ts';
import { ImageOrderDto, ImagesView } from '../project/project.dto.ts';
import { imageView } from '../project/project.view.ts';

const FILES = { type: 'array', items: { type: 'string', format: 'binary' } } as const;

/** The photos of a project. What is changed while an order runs counts for the next one. */
@ApiTags('projects')
@Controller('v1/projects/:taskId/images')
export class ImageController {
  constructor(
    private readonly images: ImageService,
    private readonly config: GatewayConfig,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The photos in the order they appear' })
  @ApiOkResponse({ type: ImagesView })
  @ApiProblem(404)
  async list(@TaskId() taskId: string): Promise<ImagesView> {
    return imagesView({ images: await this.images.list(taskId) });
  }

  @Post()
  @ApiOperation({ summary: 'Add photos (JPEG, PNG or WebP), in the order they are to appear' })
  @RouteConfig({ takesFiles: true })
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: { type: 'object', properties: { images: FILES } } })
  @ApiCreatedResponse({ type: ImagesView })
  @ApiProblem(400, 404, 408, 409, 413, 415, 429)
  async add(@TaskId() taskId: string, @Req() request: FastifyRequest): Promise<ImagesView> {
    return imagesView(await this.images.add(taskId, this.photosIn(request)));
  }

  @Put()
  @ApiOperation({ summary: 'Let the photos appear in another order' })
  @ApiOkResponse({ type: ImagesView })
  @ApiProblem(400, 404, 409, 413, 415)
  async arrange(@TaskId() taskId: string, @Body() { imageIds }: ImageOrderDto): Promise<ImagesView> {
    return imagesView(await this.images.arrange(taskId, imageIds));
  }

  @Put(':imageId')
  @ApiOperation({ summary: 'Let another photo take the place of this one' })
  @RouteConfig({ takesFiles: true })
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: { type: 'object', properties: { images: FILES.items } } })
  @ApiOkResponse({ type: ImagesView })
  @ApiProblem(400, 404, 408, 409, 413, 415, 429)
  async replace(
    @TaskId() taskId: string,
    @ImageId() imageId: string,
    @Req() request: FastifyRequest,
  ): Promise<ImagesView> {
    return imagesView(await this.images.replace(taskId, imageId, this.photosIn(request)));
  }

  @Delete(':imageId')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a photo, and its file' })
  @ApiNoContentResponse()
  @ApiProblem(404, 409)
  async remove(@TaskId() taskId: string, @ImageId() imageId: string): Promise<void> {
    await this.images.remove(taskId, imageId);
  }

  private photosIn(request: FastifyRequest): AsyncGenerator<Readable> {
    return photosIn(request, 2 * this.config.HTTP_TIMEOUT_MS);
  }
}

const imagesView = ({ images, tooLateFor }: Arrangement): ImagesView => ({
  images: images.map(imageView),
  ...(tooLateFor && { tooLateFor }),
});
