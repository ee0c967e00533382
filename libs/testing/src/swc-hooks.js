/** For `node --import`: runs our TypeScript, decorators included, in a process of its own. */
import { transformFileSync } from '@swc/core';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import swc from '../../../swc.config.js';

registerHooks({
  load(url, context, next) {
    if (!/^file:.*\.ts$/.test(url)) return next(url, context);
    const options = { ...swc, module: { type: 'es6' }, sourceMaps: 'inline', swcrc: false };
    const { code } = transformFileSync(fileURLToPath(url), options);
    return { format: 'module', source: code, shortCircuit: true };
  },
});
