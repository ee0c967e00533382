import type { Row } from '../row.ts';
import { f1 } from './f01-gateway-killed.ts';
import { f2 } from './f02-broker-away.ts';
import { f3 } from './f03-service-killed.ts';
import { f4 } from './f04-answer-not-saved.ts';
import { f5 } from './f05-stopped.ts';
import { f6 } from './f06-broker-dies.ts';
import { f7 } from './f07-database-dies.ts';
import { f8 } from './f08-rolling-restart.ts';
import { f9 } from './f09-repeated.ts';
import { f10 } from './f10-out-of-order.ts';
import { f11 } from './f11-hot-key.ts';
import { f12 } from './f12-handlers.ts';
import { f13 } from './f13-malformed.ts';
import { f14 } from './f14-providers.ts';
import { f15 } from './f15-deadline.ts';
import { f16 } from './f16-cancelled.ts';
import { f17 } from './f17-rebuilt.ts';
import { f18 } from './f18-versions.ts';
import { f24 } from './f24-clocks.ts';
import { f25 } from './f25-disk-full.ts';
import { f27 } from './f27-needs-away.ts';

export const rows: Row[] = [
  f1,
  f2,
  f3,
  f4,
  f5,
  f6,
  f7,
  f8,
  f9,
  f10,
  f11,
  f12,
  f13,
  f14,
  f15,
  f16,
  f17,
  f18,
  f24,
  f25,
  f27,
];
