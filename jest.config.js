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
  maxWorkers: 2,
  // A limit for what hangs, not a measure of speed.
  testTimeout: 60_000,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['**/*.spec.ts'] },
    { ...common, displayName: 'system', testMatch: ['**/*.e2e-spec.ts'] },
  ],
};
