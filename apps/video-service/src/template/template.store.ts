import { Database } from '@castad/platform';
import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { CreatomateClient } from '../creatomate/creatomate.client.ts';
import type { RenderScript } from '../creatomate/render-script.ts';
import { VideoServiceConfig } from '../video-service.config.ts';
import { Template } from './template.entity.ts';

const LOOK_AGAIN_MS = 50;

/**
 * Templates, asked for once per TTL whatever the number of films, processes and restarts: within the process callers
 * share one promise, between processes a row says who is asking.
 */
@Injectable()
export class TemplateStore {
  private readonly asking = new Map<string, Promise<RenderScript>>();
  private readonly known = new Map<string, Template>();

  constructor(
    private readonly database: Database,
    private readonly creatomate: CreatomateClient,
    private readonly config: VideoServiceConfig,
  ) {}

  /** @throws ProviderError when the provider does not give it */
  async get(id: string): Promise<RenderScript> {
    const known = this.known.get(id);
    if (known?.source && known.isFresh(await this.database.now(), this.config.CREATOMATE_TEMPLATE_TTL_MS))
      return known.source;
    let asking = this.asking.get(id);
    if (!asking) {
      asking = this.find(id).finally(() => this.asking.delete(id));
      this.asking.set(id, asking);
    }
    return asking;
  }

  private async find(id: string): Promise<RenderScript> {
    for (;;) {
      const template = await this.claim(id);
      if (template === 'ours') return this.fetch(id);
      if (template !== 'theirs') {
        this.known.set(id, template);
        return template.source as RenderScript;
      }
      await delay(LOOK_AGAIN_MS);
    }
  }

  /** The row if it is fresh; else who asks for it. */
  private async claim(id: string): Promise<Template | 'ours' | 'theirs'> {
    const now = await this.database.now();
    return this.database.transaction('background', async ({ em }) => {
      await em
        .getConnection()
        .execute(
          'insert into template (id) values (?) on duplicate key update id = id',
          [id],
          'run',
          em.getTransactionContext(),
        );
      const row = await em.findOneOrFail(Template, id, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (row.isFresh(now, this.config.CREATOMATE_TEMPLATE_TTL_MS)) return row;
      if (row.isBeingFetched(now)) return 'theirs';
      row.fetchingUntil = new Date(now.getTime() + this.config.HTTP_TIMEOUT_MS);
      return 'ours';
    });
  }

  private async fetch(id: string): Promise<RenderScript> {
    try {
      const source = await this.creatomate.template(id);
      await this.save(id, source);
      return source;
    } catch (error) {
      await this.save(id);
      throw error;
    }
  }

  private async save(id: string, source?: RenderScript): Promise<void> {
    const fetchedAt = await this.database.now();
    await this.database.transaction('background', async ({ em }) => {
      const row = await em.findOneOrFail(Template, id, { lockMode: LockMode.PESSIMISTIC_WRITE });
      Object.assign(row, { fetchingUntil: null, ...(source && { source, fetchedAt }) });
    });
  }
}
