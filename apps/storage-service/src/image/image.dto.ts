import { IsId } from '@castad/platform';

export class ImageParams {
  @IsId()
  taskId!: string;

  @IsId()
  imageId!: string;
}

/** The photo as it is stored, which is not quite the file that was sent. */
export interface UploadedImage {
  imageId: string;
  contentType: string;
  size: number;
  sha256: string;
  width?: number;
  height?: number;
}
