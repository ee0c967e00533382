import { defineEntity, p } from '@mikro-orm/core';
import type { RenderScript } from '../creatomate/render-script.ts';

const schema = defineEntity({
  name: 'Template',
  tableName: 'template',
  properties: {
    id: p.string().length(100).primary(),
    source: p.json<RenderScript>().nullable(),
    fetchedAt: p.datetime(3).nullable(),
    /** Somebody asks the provider for it until then. */
    fetchingUntil: p.datetime(3).nullable(),
  },
});

/** A provider's template as it was at `fetchedAt`. */
export class Template extends schema.class {
  isFresh(now: Date, ttlMs: number): boolean {
    return !!this.source && !!this.fetchedAt && this.fetchedAt.getTime() + ttlMs > now.getTime();
  }

  isBeingFetched(now: Date): boolean {
    return !!this.fetchingUntil && this.fetchingUntil > now;
  }
}
schema.setClass(Template);
