import type { Socket } from 'node:net';

type Purpose = 'api' | 'media';

interface Count {
  open: number;
  total: number;
  maxOpen: number;
}

const none = (): Count => ({ open: 0, total: 0, maxOpen: 0 });

/** Counts connections by what their first request asked for; those of the admin API are left out. */
export class Connections {
  readonly #watched = new WeakSet<Socket>();
  readonly #open = new Map<Socket, Purpose>();
  #counts = { api: none(), media: none() };

  saw(socket: Socket, purpose: Purpose) {
    if (this.#open.has(socket)) return;
    this.#open.set(socket, purpose);
    const count = this.#counts[purpose];
    count.total += 1;
    count.open += 1;
    count.maxOpen = Math.max(count.maxOpen, count.open);
    if (this.#watched.has(socket)) return;
    this.#watched.add(socket);
    socket.once('close', () => this.#closed(socket));
  }

  report() {
    return { ...this.#counts.api, media: this.#counts.media };
  }

  /** Forgets the past; what is open now is counted again when it is next used. */
  reset() {
    this.#open.clear();
    this.#counts = { api: none(), media: none() };
  }

  #closed(socket: Socket) {
    const purpose = this.#open.get(socket);
    if (purpose) this.#counts[purpose].open -= 1;
    this.#open.delete(socket);
  }
}
