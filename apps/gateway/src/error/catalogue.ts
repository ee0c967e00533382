import { orderCodes } from './order-codes.ts';
import { requestCodes } from './request-codes.ts';

export interface ErrorCode {
  code: string;
  /** The HTTP status of the answer; of a reason why a stage failed or waits: absent. */
  status?: number;
  meaning: string;
  /** What the client, or the operator, can do. */
  remedy: string;
}

/** Every code that a client can meet. A test compares it with the sources of all services. */
export const catalogue: ErrorCode[] = [
  ...Object.entries(requestCodes).map(([code, [status, meaning, remedy]]) => ({ code, status, meaning, remedy })),
  ...Object.entries(orderCodes).map(([code, [meaning, remedy]]) => ({ code, meaning, remedy })),
];
