import { defineEntity, p } from '@mikro-orm/core';

const schema = defineEntity({
  name: 'OutboxRow',
  tableName: 'outbox',
  properties: {
    /** Allocated after the aggregate's row is locked, so per key its order is the order of commits. */
    seq: p.bigint('number').primary().autoincrement(),
    topic: p.string().length(100),
    /** Of the topic, by the key; null in a row of a version that did not say. */
    partition: p.smallint().fieldName('partition_no').nullable(),
    key: p.string().length(64),
    headers: p.text(),
    value: p.text(),
  },
});

/** A message that waits to be published. */
export class OutboxRow extends schema.class {}
schema.setClass(OutboxRow);
