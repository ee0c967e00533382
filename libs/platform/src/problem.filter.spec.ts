import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, Param, PayloadTooLargeException, Post, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { IsInt, IsString, Length, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { AppError, Conflict, InvalidInput, NotFound, Unavailable } from './errors.ts';
import { ProblemFilter, validationPipe } from './problem.filter.ts';

class Voice {
  @IsInt()
  pitch!: number;
}

class Order {
  @IsString()
  @Length(1, 10)
  title!: string;

  @ValidateNested()
  @Type(() => Voice)
  voice!: Voice;
}

const errors: Record<string, unknown> = {
  invalid: new InvalidInput('NO_PHOTOS', 'A film needs photos.'),
  missing: new NotFound('UNKNOWN_TASK', 'There is no such task.'),
  conflict: new Conflict('ALREADY_RUNNING', 'It is running.'),
  busy: new Unavailable('DATABASE_BUSY', 'Busy.'),
  own: new AppError('KEY_REUSED', 'The key was used with another body.', { status: 422 }),
  nest: new PayloadTooLargeException('too large'),
  internal: new AppError('LEDGER_TORN', 'the ledger is torn'),
  unexpected: new TypeError('x of undefined at secret-place'),
  text: 'secret-text',
};

@Controller()
class Orders {
  @Get('fail/:how')
  fail(@Param('how') how: string) {
    throw errors[how];
  }

  @Get('orders')
  orders(@Query() voice: Voice) {
    return voice;
  }

  @Post('orders')
  order(@Body() order: Order) {
    return order;
  }
}

@Module({ controllers: [Orders] })
class OrdersModule {}

let app: NestFastifyApplication;

beforeAll(async () => {
  const adapter = new FastifyAdapter({ genReqId: () => 'the-request' });
  app = await NestFactory.create<NestFastifyApplication>(OrdersModule, adapter, { logger: false });
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(validationPipe());
  await app.init();
});

afterAll(() => app?.close());

const problem = async (how: string) => {
  const { statusCode, headers, payload } = await app.inject(`/fail/${how}`);
  expect(headers['content-type']).toContain('application/problem+json');
  return { statusCode, headers, body: JSON.parse(payload) as Record<string, unknown>, payload };
};

it.each([
  ['invalid', 400, 'NO_PHOTOS', 'A film needs photos.'],
  ['missing', 404, 'UNKNOWN_TASK', 'There is no such task.'],
  ['conflict', 409, 'ALREADY_RUNNING', 'It is running.'],
  ['busy', 503, 'DATABASE_BUSY', 'Busy.'],
  ['own', 422, 'KEY_REUSED', 'The key was used with another body.'],
  ['nest', 413, 'TOO_LARGE', 'too large'],
])('answers %s with %i %s', async (how, status, code, title) => {
  const { statusCode, body } = await problem(how);
  expect(statusCode).toBe(status);
  expect(body).toEqual({ type: `/errors/${code}`, title, status, code, requestId: 'the-request' });
});

it.each(['internal', 'unexpected', 'text'])('tells nothing of what went wrong inside: %s', async how => {
  const { statusCode, body, payload } = await problem(how);
  expect(statusCode).toBe(500);
  expect(body).toEqual({
    type: '/errors/INTERNAL_ERROR',
    title: 'Something went wrong on our side.',
    status: 500,
    code: 'INTERNAL_ERROR',
    requestId: 'the-request',
  });
  expect(payload).not.toMatch(/secret|ledger|at /);
});

it('says when to come again if it is busy', async () => {
  expect((await problem('busy')).headers['retry-after']).toBe('1');
});

it('has a code for what no route takes', async () => {
  const { statusCode, payload } = await app.inject('/nowhere');
  expect(statusCode).toBe(404);
  expect(JSON.parse(payload)).toMatchObject({ code: 'NOT_FOUND', status: 404 });
});

const post = (payload: string | object) =>
  app.inject({ method: 'POST', url: '/orders', payload, headers: { 'content-type': 'application/json' } });

it('names every property that does not fit, unknown ones too', async () => {
  const { statusCode, payload } = await post({ title: '', voice: { pitch: 'high' }, price: 1 });
  expect(statusCode).toBe(400);
  const { code, errors: texts } = JSON.parse(payload) as { code: string; errors: string[] };
  expect(code).toBe('INVALID_INPUT');
  for (const name of ['title', 'voice.pitch', 'price']) expect(texts.join('\n')).toContain(name);
});

it('points at every property of a body, and names every parameter of a query', async () => {
  const { payload } = await post({ title: 'a title', voice: { pitch: 'high' }, 'a/b~c': 1 });
  expect((JSON.parse(payload) as { fields: object[] }).fields).toEqual([
    { pointer: '/a~1b~0c', detail: 'property a/b~c should not exist' },
    { pointer: '/voice/pitch', detail: 'pitch must be an integer number' },
  ]);
  const { payload: answer } = await app.inject('/orders?pitch=high');
  expect((JSON.parse(answer) as { fields: object[] }).fields).toEqual([
    { parameter: 'pitch', detail: 'pitch must be an integer number' },
  ]);
});

it('names no more than a hundred', async () => {
  const { statusCode, payload } = await post(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`x${i}`, i])));
  expect(statusCode).toBe(400);
  const { errors: texts, fields } = JSON.parse(payload) as { errors: string[]; fields: object[] };
  expect([texts.length, fields.length]).toEqual([100, 100]);
});

it.each([['{"title":'], ['null'], ['[]'], ['"text"']])('refuses the body %s', async body => {
  const { statusCode, payload } = await post(body);
  expect(statusCode).toBe(400);
  expect(JSON.parse(payload)).toMatchObject({ status: 400, code: expect.stringMatching(/^[A-Z_]+$/) });
});
