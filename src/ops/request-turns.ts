import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Turns } from './turns.ts';

/** Requests of one connection behind one that is not answered yet; browsers send none. */
const mostWaiting = 32;

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * When each request is served: a segment of 64 kB holds a thousand, and all that have come on all connections are handed over in
 * one turn of the event loop. Those of one connection are served one after the other, as they have to be answered
 * (RFC 9112 9.3.2).
 */
export class RequestTurns {
  readonly #turns: Turns;
  readonly #serve: Serve;
  /** Of each connection with a request under way: those behind it. */
  readonly #behind = new WeakMap<Socket, Asked[]>();

  constructor(turns: Turns, serve: Serve) {
    this.#turns = turns;
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

  #begin({ request, response }: Asked): void {
    const { socket } = request;
    // Not before its client has taken the answer: whoever does not read has one answer in memory, not many.
    response.once('close', () => this.#next(socket));
    this.#turns.later(() => {
      if (!socket.destroyed) this.#serve(request, response);
    });
  }

  #next(socket: Socket): void {
    const next = this.#behind.get(socket)?.shift();
    if (next === undefined || socket.destroyed) this.#behind.delete(socket);
    else this.#begin(next);
  }
}
