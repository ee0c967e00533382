import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceFlags } from './deployment.ts';
import { root } from './sandbox.ts';

describe('the image of a service', () => {
  it('runs it with the same flags as the sandbox', () => {
    const [, flags] = /exec node (.*) dist/.exec(readFileSync(join(root, 'Dockerfile'), 'utf8')) ?? [];
    expect(flags?.split(' ')).toEqual(serviceFlags);
  });
});
