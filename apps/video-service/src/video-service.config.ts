import { formats, type Format } from '@castad/contracts';
import { InternalConfig, IsBaseUrl } from '@castad/platform';
import { IsInt, Matches, Min, MinLength } from 'class-validator';

const TEMPLATES = /^(9:16|16:9|1:1)=[^,=\s]+(,(9:16|16:9|1:1)=[^,=\s]+)*$/;

export class VideoServiceConfig extends InternalConfig {
  /** The gateway's public address, where Creatomate's callbacks arrive. */
  @IsBaseUrl()
  PUBLIC_URL!: string;

  /** storage-service, for links to songs and photos. */
  @IsBaseUrl()
  STORAGE_URL!: string;

  @IsBaseUrl()
  CREATOMATE_BASE_URL: string = 'https://api.creatomate.com';

  @MinLength(1)
  CREATOMATE_API_KEY!: string;

  /** The template of each format. */
  @Matches(TEMPLATES, {
    message: `CREATOMATE_TEMPLATES must be like 9:16=<template id>,16:9=<template id> (formats: ${formats.join(', ')})`,
  })
  CREATOMATE_TEMPLATES!: string;

  /** How long a fetched template is used. */
  @IsInt()
  @Min(0)
  CREATOMATE_TEMPLATE_TTL_MS: number = 300_000;

  /** The account's limit. */
  @IsInt()
  @Min(1)
  CREATOMATE_CALLS_PER_10S: number = 30;

  @IsInt()
  @Min(100)
  CREATOMATE_POLL_MS: number = 15_000;

  /** How long a submit whose answer was lost waits for its callback. */
  @IsInt()
  @Min(0)
  CREATOMATE_GRACE_MS: number = 600_000;

  /** How long one render may take. */
  @IsInt()
  @Min(1_000)
  CREATOMATE_LIMIT_MS: number = 900_000;

  @IsInt()
  @Min(1)
  VIDEO_CONCURRENCY: number = 100;

  templateFor(format: Format): string | undefined {
    return this.CREATOMATE_TEMPLATES.split(',')
      .map(entry => entry.split('='))
      .find(([name]) => name === format)?.[1];
  }
}
