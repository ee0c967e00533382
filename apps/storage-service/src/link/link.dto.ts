import { assetKinds, type AssetKind } from '@castad/contracts';
import { IsId } from '@castad/platform';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { MAX_LINK_TTL_MS } from '../storage-service.config.ts';

export class AssetKey {
  @IsInt()
  @Min(0)
  revision!: number;

  @IsIn(assetKinds)
  kind!: AssetKind;

  @IsString()
  @Length(1, 100)
  ref!: string;

  /** One file of the asset. Absent: all of them. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  name?: string;
}

export class LinksRequest {
  @IsId()
  taskId!: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(200)
  @ValidateNested({ each: true })
  @Type(() => AssetKey)
  assets!: AssetKey[];

  @IsOptional()
  @IsInt()
  @Min(1_000)
  @Max(MAX_LINK_TTL_MS)
  ttlMs?: number;

  /** The file's name for whoever saves it. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  downloadName?: string;
}

type Key = Pick<AssetKey, 'revision' | 'kind' | 'ref'>;

export interface LinksResponse {
  links: (Key & { name: string; url: string; contentType: string; size: number })[];
  /** Not stored, or not yet. */
  missing: Key[];
  /** Never will be. */
  failed: (Key & { code: string; reason: string; detail?: string })[];
}
