import { defineEntity, p } from '@mikro-orm/core';

const schema = defineEntity({
  name: 'InboxRow',
  tableName: 'inbox',
  properties: {
    id: p.string().length(36).primary(),
    handledAt: p.datetime(3),
  },
});

/** A message that was handled, by its id. */
export class InboxRow extends schema.class {
  static handled(id: string): InboxRow {
    return Object.assign(new InboxRow(), { id, handledAt: new Date() });
  }
}
schema.setClass(InboxRow);
