import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query, Req, Res, UseInterceptors } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiExtraModels,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InvalidInput, urlIn } from '@castad/platform';
import type { Readable } from 'node:stream';
import { type Answer, AnswerInterceptor } from '../answer.ts';
import { GatewayConfig } from '../gateway.config.ts';
import { ApiIdempotencyKey, type Call, TheCall } from '../idempotency/call.ts';
import { ImageId, TaskId } from '../input/ids.ts';
import { photosIn } from './photos.ts';
import { ApiProblem } from '../openapi.ts';
import { ImageService } from './image.service.ts';
import { ImageOrderDto, ImagesView, ImageView } from '../project/project.dto.ts';
import { imageView } from '../project/project.view.ts';
import { answer, ApiLink } from '../result/link.answer.ts';
import { LinkQuery } from '../result/result.dto.ts';
import { FileLinks } from '../storage/file-links.ts';
import { ImageUrlDto } from './image.dto.ts';
import { photoFile } from './photo-file.ts';
import type { Incoming } from './uploads.ts';

const FILES = { type: 'array', items: { type: 'string', format: 'binary' } } as const;

/** The photos of a project. What is changed while an order runs counts for the next one. */
@ApiTags('projects')
@Controller('v1/projects/:projectId/images')
@UseInterceptors(AnswerInterceptor)
export class ImageController {
  constructor(
    private readonly images: ImageService,
    private readonly links: FileLinks,
    private readonly config: GatewayConfig,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The images in the order they appear' })
  @ApiOkResponse({ type: ImagesView })
  @ApiProblem(404, 410)
  listImages(@TaskId() taskId: string): Promise<ImagesView> {
    return this.images.list(taskId);
  }

  @Get(':imageId')
  @ApiOperation({ summary: 'An image' })
  @ApiOkResponse({ type: ImageView })
  @ApiProblem(404, 410)
  async getImage(@TaskId() taskId: string, @ImageId() imageId: string): Promise<ImageView> {
    return imageView(await this.images.get(taskId, imageId));
  }

  @Get(':imageId/file')
  @ApiLink('The picture, as it is stored')
  async getImageFile(
    @TaskId() taskId: string,
    @ImageId() imageId: string,
    @Query() query: LinkQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await answer(reply, query, await this.links.to(photoFile(await this.images.get(taskId, imageId)), query));
  }

  @Post()
  @ApiOperation({
    summary: 'Add images (JPEG, PNG or WebP), in the order they are to appear; or one by its address on the web',
  })
  @RouteConfig({ takesFiles: true })
  @ApiConsumes('multipart/form-data', 'application/json')
  @ApiBody({
    schema: {
      oneOf: [{ type: 'object', properties: { images: FILES } }, { $ref: '#/components/schemas/ImageUrlDto' }],
    },
  })
  @ApiExtraModels(ImageUrlDto)
  @ApiCreatedResponse({ type: ImagesView })
  @ApiOkResponse({ type: ImagesView, description: 'The project has all of these files already.' })
  @ApiIdempotencyKey()
  @ApiProblem(400, 404, 408, 409, 410, 413, 415, 422, 429)
  addImages(
    @TaskId() taskId: string,
    @TheCall() call: Call,
    @Req() request: FastifyRequest,
    @Body() body?: ImageUrlDto,
  ): Promise<Answer<ImagesView>> {
    const files = body?.url === undefined ? this.photosIn(request) : photoAt(body.url);
    return this.images.add({ call, taskId, files });
  }

  @Put()
  @ApiOperation({ summary: 'Let the images appear in another order' })
  @ApiOkResponse({ type: ImagesView })
  @ApiIdempotencyKey()
  @ApiProblem(400, 404, 409, 410, 413, 415, 422)
  arrangeImages(
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
  @ApiProblem(400, 404, 408, 409, 410, 413, 415, 422, 429)
  replaceImage(
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
  @ApiProblem(404, 409, 410)
  async deleteImage(@TaskId() taskId: string, @ImageId() imageId: string): Promise<void> {
    await this.images.remove(taskId, imageId);
  }

  private photosIn(request: FastifyRequest): AsyncGenerator<Readable> {
    return photosIn(request, 2 * this.config.HTTP_TIMEOUT_MS);
  }
}

async function* photoAt(address: string): AsyncGenerator<Incoming> {
  const url = urlIn(address);
  if (!url)
    throw new InvalidInput('INVALID_URL', 'The url is no address of the web: http or https, without credentials.');
  yield new URL(url);
}
