import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection behind one that is not answered yet; browsers send none. */
const mostWaiting = 32;
/** Of each turn of the event loop; ms. */
const turnMs = 5;

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * When each request is served, so that phones need not wait: a segment of 64 kB holds a thousand requests, and all that have
 * come on all connections are handed over in one turn of the event loop. Those of one connection are served one after the
 * other, as they have to be answered (RFC 9112 9.3.2); all of them in turns that are short.
 */
export class RequestTurns {
  readonly #serve: (request: IncomingMessage, response: ServerResponse) => void;
  /** Of each connection with a request under way: those behind it. */
  readonly #behind = new WeakMap<Socket, Asked[]>();
  /** At most one of each connection. */
  readonly #due: Asked[] = [];
  #turning = false;

  constructor(serve: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#serve = serve;
  }

  /** Serves it when its turn comes, or closes its connection where too many wait. */
  take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const behind = this.#behind.get(socket);
    if (behind === undefined) {
      this.#behind.set(socket, []);
      this.#begin({ request, response });
    } else if (behind.length < mostWaiting) behind.push({ request, response });
    else socket.destroy();
  }

  #begin(asked: Asked): void {
    // Not before its client has taken the answer: whoever does not read has one answer in memory, not many.
    asked.response.once('close', () => this.#next(asked.request.socket));
    this.#due.push(asked);
    this.#later();
  }

  #next(socket: Socket): void {
    const next = this.#behind.get(socket)?.shift();
    if (next === undefined || socket.destroyed) this.#behind.delete(socket);
    else this.#begin(next);
  }

  #later(): void {
    if (this.#turning || this.#due.length === 0) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      this.#turn();
      this.#later();
    });
  }

  #turn(): void {
    const end = performance.now() + turnMs;
    while (performance.now() < end) {
      const asked = this.#due.shift();
      if (asked === undefined) return;
      const { request, response } = asked;
      if (!request.socket.destroyed) this.#serve(request, response);
    }
  }
}
