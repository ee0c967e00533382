import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from './error/catalogue.ts';
import { catalogMarkdown } from './error/pages.ts';
import { GatewayModule } from './gateway.module.ts';
import { openApiDocument } from './document.ts';

const [folder = '.'] = process.argv.slice(2);

/** Writes what the API says of itself to the named folder. Nothing is instantiated: it needs no server and no setting. */
const app = await NestFactory.create<NestFastifyApplication>(GatewayModule, new FastifyAdapter(), {
  preview: true,
  logger: false,
});
const documents = {
  'openapi.json': `${JSON.stringify(openApiDocument(app), null, 2)}\n`,
  'errors.md': catalogMarkdown(catalogue),
};
for (const [file, text] of Object.entries(documents)) writeFileSync(join(folder, file), text);
