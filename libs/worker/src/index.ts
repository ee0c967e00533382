export * from './back-off.ts';
export * from './cancellation.entity.ts';
export * from './job.ts';
export * from './migrations.ts';
export * from './paid-job.ts';
export * from './paid-worker.ts';
export * from './rate-limit.ts';
export { restoreBegun, restoreSubmitted, type OldNews } from './restore.ts';
export * from './worker.ts';
