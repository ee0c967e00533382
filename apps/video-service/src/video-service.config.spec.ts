import { loadConfig } from '@castad/platform';
import { describe, expect, it } from '@jest/globals';
import { VideoServiceConfig } from './video-service.config.ts';

const load = (templates?: string) =>
  loadConfig(VideoServiceConfig, {
    MYSQL_URL: 'mysql://u:p@localhost/db',
    KAFKA_BROKERS: 'localhost:9092',
    PUBLIC_URL: 'http://castad.example',
    STORAGE_URL: 'http://storage.example',
    INTERNAL_SECRET: 'a-secret-of-some-length',
    CREATOMATE_API_KEY: 'the-key',
    ...(templates !== undefined && { CREATOMATE_TEMPLATES: templates }),
  });

describe('CREATOMATE_TEMPLATES', () => {
  it('names a template for each format', () => {
    const config = load('9:16=7c1f0a52-9a16-4c1e-8a51-09160916c0de,16:9=landscape,1:1=square');
    expect(config.templateFor('9:16')).toBe('7c1f0a52-9a16-4c1e-8a51-09160916c0de');
    expect(config.templateFor('16:9')).toBe('landscape');
    expect(config.templateFor('1:1')).toBe('square');
  });

  it('may leave formats out', () => {
    expect(load('1:1=square').templateFor('9:16')).toBeUndefined();
  });

  it.each([
    ['4:3=old'],
    ['9:16'],
    ['9:16='],
    ['9:16=a,'],
    ['9:16=a 16:9=b'],
    ['9:16=a, 16:9=b'],
    ['9:16=a=b'],
    ['portrait=a'],
  ])('is refused as %j, with an example of what it should be', templates => {
    expect(() => load(templates)).toThrow('CREATOMATE_TEMPLATES must be like 9:16=<template id>');
  });

  it.each([[undefined], ['']])('is missed as %j', templates => {
    expect(() => load(templates)).toThrow('CREATOMATE_TEMPLATES is missing');
  });
});
