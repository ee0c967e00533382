import './request-queue.ts';

export { default } from 'kafkajs';
export * from 'kafkajs';
export * from './error-type.ts';
