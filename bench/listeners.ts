import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../sandbox/failure.ts';

const AT_ONCE = 100;

interface Ended {
  line: string;
  taskId: string;
  time: number;
}

/** Listens to the events of all projects on many connections, with as little work as can be. */
export class Listeners {
  private readonly sockets: Socket[] = [];
  private taskIds = new Set<string>();
  private heard: number[] = [];
  private delays: number[] = [];
  private last?: Ended;

  async open(gatewayUrl: string, streams: number): Promise<void> {
    for (let opened = 0; opened < streams; opened += AT_ONCE)
      await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, streams - opened) }, (_, i) => this.listen(gatewayUrl, opened + i)),
      );
  }

  /** From now on the ends of these films count. */
  begin(taskIds: Set<string>): void {
    this.taskIds = taskIds;
    this.delays = [];
    this.heard = this.sockets.map(() => 0);
  }

  /** Waits until every stream has heard of every end; says how late each was. */
  async end(timeoutMs: number): Promise<number[]> {
    const starved = () => this.heard.filter(count => count < this.taskIds.size).length;
    for (const until = Date.now() + timeoutMs; starved() > 0 && Date.now() < until;) await delay(100);
    if (starved() > 0) throw new Failure(`${starved()} of ${this.heard.length} streams missed an event.`);
    return this.delays;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Resolves when the stream has begun. */
  private listen(gatewayUrl: string, index: number): Promise<void> {
    const { hostname, port } = new URL(gatewayUrl);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      this.sockets[index] = socket;
      let rest = '';
      socket.setEncoding('utf8').on('error', reject);
      socket.on('close', () => reject(new Failure('The gateway closed a stream.')));
      socket.on('data', (text: string) => {
        if (text.startsWith('HTTP/1.1') && !text.startsWith('HTTP/1.1 200'))
          return reject(new Failure(`A stream was refused: ${text}`));
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (line.startsWith('retry:')) resolve();
          else if (line.startsWith('data:') && line.includes('TaskCancelled')) this.hear(index, line);
        }
      });
      socket.write(`GET /v1/events HTTP/1.1\r\nhost: ${hostname}\r\naccept: text/event-stream\r\n\r\n`);
    });
  }

  /** An event's time is that of its announcement, by the same clock. */
  private hear(index: number, line: string): void {
    const now = Date.now();
    const { taskId, time } = this.eventIn(line);
    if (!this.taskIds.has(taskId)) return;
    this.heard[index] = (this.heard[index] ?? 0) + 1;
    this.delays.push(now - time);
  }

  /** The same line comes on every stream, and is read once. */
  private eventIn(line: string): Ended {
    if (line !== this.last?.line) {
      const { taskId, time } = JSON.parse(line.slice('data:'.length)) as { taskId: string; time: string };
      this.last = { line, taskId, time: Date.parse(time) };
    }
    return this.last;
  }
}
