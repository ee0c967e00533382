export * from './builders.ts';
export * from './callback-door.ts';
export * from './child-service.ts';
export { eventually } from '../../../sandbox/eventually.ts';
export * from './hold-back.ts';
export * from './rest.ts';
export * from './service-harness.ts';
export * from './topics.ts';
export { freePort } from '../../../sandbox/ports.ts';
