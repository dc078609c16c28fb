import type { Clock, Timer } from '../model/clock.ts';

const keepAliveMs = 15_000;
const mostClients = 64;
/** What a client that does not read may owe: characters. */
const mostBacklog = 512 * 1024;
/** The client waits this long before it connects again. */
const greeting = 'retry: 2000\n: connected\n\n';

interface Client {
  push(chunk: string): void;
  close(): void;
}

/**
 * The clients of the event stream. Each event is written once for all of them. One that reads too slowly is closed: it
 * comes back by itself and reads the state afresh, which is what it has lost.
 */
export class EventStream {
  readonly #clock: Clock;
  readonly #clients = new Set<Client>();
  #keepAlive: Timer | null = null;
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** null: there are as many clients as one server should have. */
  open(): ReadableStream<Uint8Array> | null {
    if (this.#clients.size >= mostClients) return null;
    let gone: () => void = () => undefined;
    const encoder = new TextEncoder();
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const client: Client = {
            push: (chunk) => {
              controller.enqueue(encoder.encode(chunk));
              if ((controller.desiredSize ?? 0) < 0) client.close();
            },
            close: () => {
              if (this.#drop(client)) controller.close();
            },
          };
          gone = () => this.#drop(client);
          this.#clients.add(client);
          client.push(greeting);
          this.#keepAlive ??= this.#clock.after(keepAliveMs, () => this.#beat());
        },
        cancel: () => gone(),
      },
      { highWaterMark: mostBacklog, size: (chunk) => chunk?.byteLength ?? 0 },
    );
  }

  /** Sends one event to everybody; `make` runs only where somebody listens. `name` null: a plain message. */
  send(name: string | null, make: () => object): void {
    // The id grows unheard too, so that a client sees that it missed something.
    const id = ++this.#lastId;
    if (this.#clients.size === 0) return;
    const event = name === null ? '' : `event: ${name}\n`;
    this.#push(`id: ${id}\n${event}data: ${JSON.stringify(make())}\n\n`);
  }

  closeAll(): void {
    for (const client of [...this.#clients]) client.close();
  }

  #push(chunk: string): void {
    for (const client of [...this.#clients]) client.push(chunk);
  }

  #beat(): void {
    this.#keepAlive = this.#clock.after(keepAliveMs, () => this.#beat());
    this.#push(': keep-alive\n\n');
  }

  #drop(client: Client): boolean {
    const known = this.#clients.delete(client);
    if (this.#clients.size === 0) {
      this.#keepAlive?.cancel();
      this.#keepAlive = null;
    }
    return known;
  }
}
