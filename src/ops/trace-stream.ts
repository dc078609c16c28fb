import type { Clock, Timer } from '../model/clock.ts';
import type { TraceDesk, TracedMessage, TraceFilter } from '../model/trace.ts';
import { traceShape } from './traced.ts';

const keepAliveMs = 15_000;
/** What a client that does not read may owe; bytes. */
const mostBacklog = 1024 * 1024;

interface Client {
  push(chunk: string): void;
  close(): void;
}

/** Those who follow messages as they pass, each its own choice of them. One that reads too slowly is closed: it comes back. */
export class TraceStreams {
  readonly #clock: Clock;
  readonly #clients = new Set<Client>();
  #keepAlive: Timer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /**
   * null: too many follow already.
   *
   * @param lastId of the last message this client had, where it comes again.
   */
  open(desk: TraceDesk, filter: TraceFilter, lastId: string | null): ReadableStream<Uint8Array> | null {
    const encoder = new TextEncoder();
    let write: (chunk: string) => void = () => undefined;
    const stop = desk.follow(filter, lastId, {
      message: (message) => write(messageEvent(message)),
      missed: (count) => write(`event: missed\ndata: ${JSON.stringify({ count })}\n\n`),
    });
    if (stop === null) return null;
    let gone: () => void = () => undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          gone = () => {
            stop();
            this.#drop(client);
          };
          const client: Client = {
            push: (chunk) => {
              if (!this.#clients.has(client)) return;
              controller.enqueue(encoder.encode(chunk));
              if ((controller.desiredSize ?? 0) < 0) client.close();
            },
            close: () => {
              if (!this.#clients.has(client)) return;
              gone();
              controller.close();
            },
          };
          this.#clients.add(client);
          write = client.push;
          client.push('retry: 2000\n: connected\n\n');
          this.#keepAlive ??= this.#clock.after(keepAliveMs, () => this.#beat());
        },
        cancel: () => gone(),
      },
      { highWaterMark: mostBacklog, size: (chunk) => chunk?.byteLength ?? 0 },
    );
  }

  closeAll(): void {
    for (const client of [...this.#clients]) client.close();
  }

  #beat(): void {
    this.#keepAlive = this.#clock.after(keepAliveMs, () => this.#beat());
    for (const client of [...this.#clients]) client.push(': keep-alive\n\n');
  }

  #drop(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    this.#keepAlive?.cancel();
    this.#keepAlive = null;
  }
}

function messageEvent(message: TracedMessage): string {
  return `id: ${message.id}\nevent: message\ndata: ${JSON.stringify(traceShape(message))}\n\n`;
}
