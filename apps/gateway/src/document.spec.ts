import { createConfig, lintFromString } from '@redocly/openapi-core';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openApiDocument } from './document.ts';
import { GatewayModule } from './gateway.module.ts';

const root = join(import.meta.dirname, '../../..');

/** What a rule wants that is not so, and why. */
const notSo = {
  'info-license': 'off', // The API is not published.
  'operation-4xx-response': 'off', // Not every list can be asked for wrongly.
} as const;

describe('the OpenAPI document', () => {
  let text: string;

  beforeAll(async () => {
    const options = { preview: true, logger: false } as const;
    const app = await NestFactory.create<NestFastifyApplication>(GatewayModule, new FastifyAdapter(), options);
    text = `${JSON.stringify(openApiDocument(app), null, 2)}\n`;
  });

  it('is what `npm run describe` writes', () => {
    expect(readFileSync(join(root, 'docs/openapi.json'), 'utf8')).toBe(text);
  });

  it('has nothing that its linter objects to', async () => {
    const config = await createConfig({ extends: ['recommended'], rules: notSo });
    const problems = await lintFromString({ source: text, absoluteRef: 'openapi.json', config });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual(
      [],
    );
  });

  it('is what the client is generated from', async () => {
    const output = join(mkdtempSync(join(tmpdir(), 'castad-client-')), 'generated');
    const generated = join(root, 'clients/typescript/src/generated');
    const generator = join(root, 'node_modules/@hey-api/openapi-ts/bin/run.js');
    const args = [generator, '-f', 'clients/typescript/openapi-ts.config.ts'];
    await promisify(execFile)(process.execPath, args, { cwd: root, env: { ...process.env, CLIENT_OUTPUT: output } });
    const files = globSync('**/*.ts', { cwd: output }).sort();
    expect(globSync('**/*.ts', { cwd: generated }).sort()).toEqual(files);
    for (const file of files)
      expect(readFileSync(join(generated, file), 'utf8')).toBe(readFileSync(join(output, file), 'utf8'));
  });
});
