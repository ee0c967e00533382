import type { Cause } from '@castad/messaging';
import { errorDetailProperty, jobProperties, newJob } from '@castad/worker';
import { defineEntity, p } from '@mikro-orm/core';

const schema = defineEntity({
  name: 'Erasure',
  tableName: 'erasure',
  properties: {
    taskId: p.string().length(36).primary(),
    ...jobProperties,
    ...errorDetailProperty,
  },
});

/** It is never given up. */
const NEVER = '9999-12-31T00:00:00Z';

/** What is to be done about the files of a deleted task; done, it says that there are none. */
export class Erasure extends schema.class {
  static of(taskId: string, cause: Cause): Erasure {
    return Object.assign(new Erasure(), { taskId, ...newJob(NEVER, cause) });
  }
}
schema.setClass(Erasure);
