import { defineEntity, p } from '@mikro-orm/core';
import type { RenderScript } from '../creatomate/render-script.ts';

/** Why no film can be made with a template. */
export interface TemplateFault {
  code: string;
  reason: string;
  /** The provider's own words. */
  detail?: string;
}

const schema = defineEntity({
  name: 'Template',
  tableName: 'template',
  properties: {
    id: p.string().length(100).primary(),
    source: p.json<RenderScript>().nullable(),
    fetchedAt: p.datetime(3).nullable(),
    /** Somebody asks the provider for it until then. */
    fetchingUntil: p.datetime(3).nullable(),
    /** What was wrong with it when it was last checked; empty: nothing. */
    faults: p.json<TemplateFault[]>().nullable(),
    checkedAt: p.datetime(3).nullable(),
  },
});

/** A provider's template as it was at `fetchedAt`, and what a check at `checkedAt` found. */
export class Template extends schema.class {
  isFresh(now: Date, ttlMs: number): boolean {
    return !!this.source && isWithin(this.fetchedAt, now, ttlMs);
  }

  isBeingFetched(now: Date): boolean {
    return !!this.fetchingUntil && this.fetchingUntil > now;
  }

  isChecked(now: Date, ttlMs: number): boolean {
    return !!this.faults && isWithin(this.checkedAt, now, ttlMs);
  }
}
schema.setClass(Template);

const isWithin = (then: Date | null | undefined, now: Date, ttlMs: number): boolean =>
  !!then && then.getTime() + ttlMs > now.getTime();
