import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { GatewayModule } from './gateway.module.ts';
import { LegacyController } from './legacy/legacy.controller.ts';
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
  return SwaggerModule.createDocument(app, config, {
    include: [GatewayModule],
    extraModels: [ProblemView],
    operationIdFactory: idOf,
  });
}

/** The routes of the former system have names that ours have too. */
const idOf = (controller: string, method: string): string =>
  controller === LegacyController.name ? `legacy${method.charAt(0).toUpperCase()}${method.slice(1)}` : method;
