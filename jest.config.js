import { measurePatience } from './sandbox/patience.ts';
import swc from './swc.config.js';

// The workers and the suites read it.
process.env.TEST_PATIENCE ??= String(measurePatience());

const common = {
  testEnvironment: '<rootDir>/libs/testing/src/patient-environment.js',
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
  testSequencer: '<rootDir>/libs/testing/src/spread-load.js',
  // A limit for what hangs, not a measure of speed; it grows with the machine's slowness.
  testTimeout: 60_000,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['**/*.spec.ts'] },
    { ...common, displayName: 'system', testMatch: ['**/*.e2e-spec.ts'] },
  ],
};
