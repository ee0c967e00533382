import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { GatewayModule } from './gateway.module.ts';
import { ProblemView } from './openapi.ts';

/** What the API says of itself. The names of the controllers' methods are the operations' ids: they are released. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('CASTAD')
    .setDescription('From a brief and images to a finished music-video advertisement.')
    .setVersion('1')
    .addServer('/')
    // Nobody has to say who they are.
    .addSecurityRequirements({})
    .build();
  const operationIdFactory = (_controller: string, method: string) => method;
  return SwaggerModule.createDocument(app, config, {
    include: [GatewayModule],
    extraModels: [ProblemView],
    operationIdFactory,
  });
}
