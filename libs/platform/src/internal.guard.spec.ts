import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { InternalConfig } from './config.ts';
import { InternalGuard } from './internal.guard.ts';

const config = Object.assign(new InternalConfig(), { INTERNAL_SECRET: 'the-secret-of-the-services' });
const guard = new InternalGuard(config);
const call = (authorization?: string) =>
  guard.canActivate({
    switchToHttp: () => ({ getRequest: () => ({ headers: { authorization } }) }),
  } as unknown as ExecutionContext);

describe('InternalGuard', () => {
  it('lets in who knows the secret', () => {
    expect(call('Bearer the-secret-of-the-services')).toBe(true);
  });

  it.each([undefined, '', 'Bearer ', 'the-secret-of-the-services', 'Bearer the-secret-of-the-service'])(
    'keeps out %j',
    authorization => {
      expect(() => call(authorization)).toThrow(expect.objectContaining({ code: 'UNAUTHORIZED', status: 401 }));
    },
  );
});
