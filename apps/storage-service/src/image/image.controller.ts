import { AppError, InternalGuard } from '@castad/platform';
import { Body, Controller, Delete, HttpCode, Param, Post, Put, Req, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { FetchImage, ImageParams, type UploadedImage } from './image.dto.ts';
import { ImageService } from './image.service.ts';

@Controller('internal/images')
@UseGuards(InternalGuard)
export class ImageController {
  constructor(private readonly images: ImageService) {}

  /** The body is the file. The same file again answers the same, another one under the same id is refused. */
  @Put(':taskId/:imageId')
  @HttpCode(201)
  upload(@Param() { taskId, imageId }: ImageParams, @Req() { body, headers }: FastifyRequest): Promise<UploadedImage> {
    if (!(body instanceof Readable))
      throw new AppError('NOT_AN_IMAGE', 'Send the image itself, with its content type.', { status: 415 });
    return this.images.upload(taskId, imageId, body, announced(headers['content-length']));
  }

  /** The same for a file that is fetched from the web. */
  @Post(':taskId/:imageId')
  @HttpCode(201)
  fetch(@Param() { taskId, imageId }: ImageParams, @Body() { url }: FetchImage): Promise<UploadedImage> {
    return this.images.fetch(taskId, imageId, url);
  }

  @Delete(':taskId/:imageId')
  @HttpCode(204)
  async remove(@Param() { taskId, imageId }: ImageParams): Promise<void> {
    await this.images.remove(taskId, imageId);
  }
}

const announced = (length: string | undefined): number | undefined =>
  length === undefined ? undefined : Number(length);
