import { IsUUID } from 'class-validator';

export class ImageParams {
  @IsUUID()
  taskId!: string;

  @IsUUID()
  imageId!: string;
}

export interface UploadedImage {
  imageId: string;
  contentType: string;
  size: number;
  sha256: string;
  width?: number;
  height?: number;
}
