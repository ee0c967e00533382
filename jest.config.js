import swc from './swc.config.js';

const common = {
  testEnvironment: 'node',
  setupFiles: ['reflect-metadata'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, module: { type: 'es6' }, sourceMaps: 'inline' }] },
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
};

/** `unit` needs nothing but loopback; `system` starts one sandbox (Kafka, MariaDB, Azurite) for the whole run. */
export default {
  coverageProvider: 'babel',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['**/*.spec.ts'] },
    {
      ...common,
      displayName: 'system',
      testMatch: ['**/*.e2e-spec.ts'],
      globalSetup: './libs/testing/src/global-setup.ts',
      globalTeardown: './libs/testing/src/global-teardown.ts',
    },
  ],
};
