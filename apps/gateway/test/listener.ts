/** One event as a client got it. */
export interface Heard {
  id: number;
  event: string;
  data: Record<string, unknown>;
}

/** A client of a stream of events, as browsers have one built in: it remembers the id to go on from. */
export class Listener {
  readonly heard: Heard[] = [];
  /** Everything that came, as it came. */
  text = '';
  /** How the stream ended: by the server's word, or cut off. */
  readonly ended: Promise<'closed' | 'cut off'>;
  private rest = '';

  private constructor(
    readonly response: Response,
    private readonly abort: AbortController,
    public lastEventId = '',
  ) {
    this.ended = this.listen().then(
      () => 'closed' as const,
      () => 'cut off' as const,
    );
  }

  static async open(url: string, lastEventId = ''): Promise<Listener> {
    const abort = new AbortController();
    const headers: Record<string, string> = lastEventId ? { 'last-event-id': lastEventId } : {};
    const response = await fetch(url, { headers, signal: abort.signal });
    return new Listener(response, abort, lastEventId);
  }

  get ids(): number[] {
    return this.heard.map(({ id }) => id);
  }

  async close(): Promise<void> {
    this.abort.abort();
    await this.ended;
  }

  private async listen(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.response.body ?? []) {
      const text = decoder.decode(chunk as Uint8Array, { stream: true });
      this.text += text;
      const blocks = (this.rest + text).split('\n\n');
      this.rest = blocks.pop() ?? '';
      for (const block of blocks) this.take(block);
    }
  }

  private take(block: string): void {
    const fields = new Map(
      block.split('\n').map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    this.lastEventId = fields.get('id') ?? this.lastEventId;
    const data = fields.get('data');
    if (data === undefined) return;
    this.heard.push({
      id: Number(this.lastEventId),
      event: fields.get('event') ?? 'message',
      data: JSON.parse(data) as Record<string, unknown>,
    });
  }
}
