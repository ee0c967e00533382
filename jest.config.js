import swc from './swc.config.js';

const common = {
  testEnvironment: 'node',
  setupFiles: ['reflect-metadata'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, module: { type: 'es6' }, sourceMaps: 'inline' }] },
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
};

/** `unit` needs nothing but loopback; each suite of `system` starts a sandbox of its own (Kafka, MariaDB, Azurite). */
export default {
  coverageProvider: 'babel',
  // Suites wait more than they compute.
  maxWorkers: 3,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['**/*.spec.ts'] },
    { ...common, displayName: 'system', testMatch: ['**/*.e2e-spec.ts'] },
  ],
};
