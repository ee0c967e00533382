import { describe, expect, it } from '@jest/globals';
import { IsOptional } from 'class-validator';
import { IsBaseUrl } from './base-url.ts';
import { loadConfig } from './config.ts';

class DoorConfig {
  @IsBaseUrl()
  DOOR_URL: string = 'https://door.example.com';

  @IsOptional()
  @IsBaseUrl()
  BACK_DOOR_URL?: string;
}

const open = (DOOR_URL: string) => loadConfig(DoorConfig, { DOOR_URL }).DOOR_URL;

describe('an address that paths are appended to', () => {
  it.each([
    ['https://castad.example.com', 'https://castad.example.com'],
    ['https://castad.example.com/', 'https://castad.example.com'],
    ['https://castad.example.com//', 'https://castad.example.com'],
    ['http://gateway:3000/below/', 'http://gateway:3000/below'],
    ['http://127.0.0.1:3000/v1', 'http://127.0.0.1:3000/v1'],
  ])('may be %s', (given, kept) => {
    expect(open(given)).toBe(kept);
  });

  it.each([
    'castad.example.com',
    'ftp://castad.example.com',
    'https://',
    '/',
    'https://a.example/?x=1',
    'https://a.example/#x',
  ])('may not be %s', given => {
    expect(() => open(given)).toThrow('DOOR_URL');
  });

  it('may be absent', () => {
    expect(loadConfig(DoorConfig, {}).BACK_DOOR_URL).toBeUndefined();
  });
});
