import { message, RenderCalledBack, SongCalledBack, type CalledBack } from '@castad/contracts';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Topics } from './topics.ts';

/** What the gateway is to a service whose provider calls back: the place where callbacks become messages. */
export class CallbackDoor {
  private readonly server = createServer((call, reply) => {
    void text(call).then(async body => {
      const [, , provider, taskId = '', token = ''] = (call.url ?? '').split('/');
      const said = JSON.parse(body) as { id?: string; data?: { task_id?: string; taskId?: string } };
      const [type, jobId = ''] =
        provider === 'suno' ? [SongCalledBack, said.data?.task_id ?? said.data?.taskId] : [RenderCalledBack, said.id];
      await this.topics.send([message<CalledBack>(type, { taskId, revision: 0, token, jobId })], { from: 'gateway' });
      reply.end();
    });
  });

  constructor(private readonly topics: Topics) {}

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
