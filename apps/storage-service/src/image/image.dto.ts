import { IsId } from '@castad/platform';

export class ImageParams {
  @IsId()
  taskId!: string;

  @IsId()
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
