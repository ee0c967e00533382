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
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import type { FileLink } from '../azure/blob.client.ts';
import { MAX_LINK_TTL_MS } from '../storage-service.config.ts';

export class AssetKey {
  /** Whose it is, where it is not the task of the request. */
  @IsOptional()
  @IsId()
  taskId?: string;

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

  /** What the link says of the file to whoever opens it: RFC 6266. */
  @IsOptional()
  @Matches(/^[ -~]{1,1000}$/)
  contentDisposition?: string;
}

export class LinksRequest {
  @IsOptional()
  @IsId()
  taskId?: string;

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
}

type Key = Pick<AssetKey, 'revision' | 'kind' | 'ref'> & { taskId: string };

export interface LinksResponse {
  links: (Key & FileLink & { name: string; contentType: string; size: number })[];
  /** Not stored, or not yet. */
  missing: Key[];
  /** Never will be. */
  failed: (Key & { code: string; reason: string; detail?: string })[];
}
