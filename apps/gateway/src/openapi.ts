import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiResponse } from '@nestjs/swagger';

export class FieldFaultView {
  @ApiPropertyOptional({ example: '/music/durationSeconds', description: 'In the body: RFC 6901 JSON pointer.' })
  pointer?: string;

  @ApiPropertyOptional({ example: 'limit', description: 'In the query: the name of the parameter.' })
  parameter?: string;

  @ApiProperty({ example: 'durationSeconds must not be less than 10' })
  detail!: string;
}

/** RFC 9457. */
export class ProblemView {
  @ApiProperty({ example: '/errors/LYRIC_MISSING', description: 'A page that explains the code.' })
  type!: string;

  @ApiProperty({ description: 'One sentence for a person.' })
  title!: string;

  @ApiProperty()
  status!: number;

  @ApiProperty({ example: 'LYRIC_MISSING', description: 'Stable and machine-readable.' })
  code!: string;

  @ApiProperty({ description: 'Names the request in our logs; also in the header `X-Request-Id` of every answer.' })
  requestId!: string;

  @ApiPropertyOptional({
    type: [FieldFaultView],
    description: 'Which properties or parameters are not valid, and why.',
  })
  fields?: FieldFaultView[];

  @ApiPropertyOptional({ type: [String], deprecated: true, description: '`fields` in words.' })
  errors?: string[];
}

const descriptions: Record<number, string> = {
  400: 'The request is not valid.',
  404: 'There is no such thing, or not yet.',
  408: 'A file did not arrive in time.',
  409: 'The request contradicts the present state.',
  410: 'The project was deleted.',
  412: 'The project is not as If-Match says.',
  413: 'The body, or a file, is too large.',
  415: 'The body, or a file, is not of a type we take.',
  422: 'The Idempotency-Key was used for another request.',
  429: 'Too many clients are sending images. Try again after Retry-After seconds.',
};

const header = (name: string, description: string) => ({
  [name]: { description, schema: { type: 'string' as const } },
});

export const ETAG = header('ETag', 'The version of the project: for If-None-Match and If-Match.');
export const LOCATION = header('Location', 'The order.');

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
