import { IsId } from '@castad/platform';
import { IsString, Length } from 'class-validator';

export class ImageParams {
  @IsId()
  taskId!: string;

  @IsId()
  imageId!: string;
}

export class FetchImage {
  @IsString()
  @Length(1, 2000)
  url!: string;
}

/** The photo as it is stored, which is not quite the file that was sent. */
export interface UploadedImage {
  imageId: string;
  contentType: string;
  size: number;
  sha256: string;
  /** The hash of what was sent. Photos of earlier versions were stored as they came. */
  original: string;
  width?: number;
  height?: number;
}
