import type { Socket } from 'node:net';

interface Count {
  open: number;
  total: number;
  maxOpen: number;
}

const none = (): Count => ({ open: 0, total: 0, maxOpen: 0 });

/** Counts connections by what their first request asked for; those of the admin API are left out. */
export class Connections {
  #known = new WeakSet<Socket>();
  #counts = { api: none(), media: none() };

  saw(socket: Socket, purpose: 'api' | 'media') {
    if (this.#known.has(socket)) return;
    this.#known.add(socket);
    const count = this.#counts[purpose];
    count.total += 1;
    count.open += 1;
    count.maxOpen = Math.max(count.maxOpen, count.open);
    socket.once('close', () => (count.open -= 1));
  }

  report() {
    return { ...this.#counts.api, media: this.#counts.media };
  }

  /** Forgets the past; what is open now is counted again when it is next used. */
  reset() {
    this.#known = new WeakSet();
    this.#counts = { api: none(), media: none() };
  }
}
