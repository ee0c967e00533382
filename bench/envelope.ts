import { randomUUID } from 'node:crypto';

/** The headers of a message that comes from nobody but us. */
export const envelope = (type: string, taskId: string) => ({
  ce_id: randomUUID(),
  ce_type: type,
  ce_source: '/castad/bench',
  ce_specversion: '1.0',
  ce_time: new Date().toISOString(),
  ce_subject: taskId,
  traceparent: '00-00000000000000000000000000000000-0000000000000000-01',
  'content-type': 'application/json',
});
