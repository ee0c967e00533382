import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { InternalConfig } from './config.ts';
import { InternalGuard } from './internal.guard.ts';

const config = Object.assign(new InternalConfig(), { INTERNAL_SECRET: 'the-secret-of-the-services' });
const guard = new InternalGuard(config);
const call = (authorization?: string, by = guard) =>
  by.canActivate({
    switchToHttp: () => ({ getRequest: () => ({ headers: { authorization } }) }),
  } as unknown as ExecutionContext);

describe('InternalGuard', () => {
  it('lets in who knows the secret', () => {
    expect(call('Bearer the-secret-of-the-services')).toBe(true);
  });

  it('lets in who knows the new secret or the former one while it is changed', () => {
    const INTERNAL_SECRET = 'the-new-secret-of-all,the-former-secret-of-all';
    const changing = new InternalGuard(Object.assign(new InternalConfig(), { INTERNAL_SECRET }));
    expect(call('Bearer the-new-secret-of-all', changing)).toBe(true);
    expect(call('Bearer the-former-secret-of-all', changing)).toBe(true);
    for (const wrong of [INTERNAL_SECRET, 'the-new-secret-of-all,', ''])
      expect(() => call(`Bearer ${wrong}`, changing)).toThrow(expect.objectContaining({ code: 'UNAUTHORIZED' }));
  });

  it.each([undefined, '', 'Bearer ', 'the-secret-of-the-services', 'Bearer the-secret-of-the-service'])(
    'keeps out %j',
    authorization => {
      expect(() => call(authorization)).toThrow(expect.objectContaining({ code: 'UNAUTHORIZED', status: 401 }));
    },
  );
});
