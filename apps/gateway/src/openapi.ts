import { applyDecorators } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
} from '@nestjs/swagger';

/** RFC 9457. */
export class ProblemView {
  @ApiProperty({ example: 'about:blank' })
  type!: string;

  @ApiProperty({ description: 'One sentence for a person.' })
  title!: string;

  @ApiProperty()
  status!: number;

  @ApiProperty({ example: 'LYRIC_MISSING', description: 'Stable and machine-readable.' })
  code!: string;

  @ApiPropertyOptional({ type: [String], description: 'Which properties are not valid, and why.' })
  errors?: string[];
}

const descriptions: Record<number, string> = {
  400: 'The request is not valid.',
  404: 'There is no such thing, or not yet.',
  408: 'A file did not arrive in time.',
  409: 'The request contradicts the present state.',
  413: 'The body, or a file, is too large.',
  415: 'The body, or a file, is not of a type we take.',
  422: 'The Idempotency-Key was used with another body.',
  429: 'Too many clients are sending photos. Try again after Retry-After seconds.',
};

/** Documents the refusals of a call. Any call may also answer 503 with Retry-After. */
export const ApiProblem = (...statuses: number[]) =>
  applyDecorators(
    ...[...statuses, 503].map(status =>
      ApiResponse({
        status,
        description: descriptions[status] ?? 'The service cannot answer now. Try again after Retry-After seconds.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemView' } } },
      }),
    ),
  );

export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('CASTAD')
    .setDescription('From a brief and photos to a finished music-video advertisement.')
    .setVersion('1')
    .build();
  return SwaggerModule.createDocument(app, config, { extraModels: [ProblemView] });
}
