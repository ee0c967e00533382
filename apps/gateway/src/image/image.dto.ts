import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';

export class ImageUrlDto {
  @ApiProperty({
    format: 'uri',
    maxLength: 2000,
    description: 'Of a JPEG, PNG or WebP on the public web (http or https). It is fetched once, now.',
  })
  @IsOptional()
  @IsString()
  url?: string;
}
