import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Asset {
  revision: number;
  kind: string;
  ref: string;
}

/** storage-service's links, as a test wants them: everything is stored but what is said to be missing or failed. */
export class LinksStub {
  readonly asked: { taskId: string; assets: Asset[] }[] = [];
  readonly missing = new Set<string>();
  readonly failed = new Set<string>();
  private readonly server = createServer((call, reply) => {
    void text(call).then(body => {
      const { taskId, assets } = JSON.parse(body) as { taskId: string; assets: Asset[] };
      this.asked.push({ taskId, assets });
      const is = (set: Set<string>) => (asset: Asset) => set.has(`${taskId} ${asset.kind}`);
      const [isMissing, isFailed] = [is(this.missing), is(this.failed)];
      const links = assets
        .filter(asset => !isMissing(asset) && !isFailed(asset))
        .map(asset => ({ ...asset, url: `${this.url}/${asset.kind}/${asset.ref}` }));
      const failed = assets.filter(isFailed).map(asset => ({ ...asset, code: 'SOURCE_GONE', reason: 'It is gone.' }));
      reply
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ links, missing: assets.filter(isMissing), failed }));
    });
  });

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}
