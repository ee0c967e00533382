import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { AppError } from '@castad/platform';
import { setUpCallbacks } from './callback/callback.routes.ts';
import { GatewayConfig } from './gateway.config.ts';
import { acceptForms } from './image/photos.ts';
import { openApiDocument } from './document.ts';
import { setUpLegacy } from './legacy/legacy.http.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    takesFiles?: boolean;
  }
}

/** Uploads, callbacks, and the API's description at `/openapi.json` and `/docs`. */
export async function setUpHttp(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  await acceptForms(fastify, app.get(GatewayConfig).IMAGE_MAX_BYTES);
  fastify.addHook('preHandler', async request => {
    if (request.isMultipart() && !request.routeOptions.config.takesFiles)
      throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'This call takes no files.', { status: 415 });
  });
  setUpLegacy(app);
  await setUpCallbacks(app);
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
  });
}
