import type { Clock, Timer } from '../model/clock.ts';
import { EventRing } from './event-ring.ts';

const keepAliveMs = 15_000;
const mostClients = 64;
/** Of one token: the others keep room for theirs. */
const mostOfOne = 48;
/** What a client that does not read may owe: characters. */
const mostBacklog = 512 * 1024;
/** What one that was away is told at once of what it missed; more is a `reset`. */
const mostMissed = mostBacklog / 2;
/** For this long after the last client has gone, events are kept for its return; ms. */
const awaitedMs = 120_000;
/** The client waits this long before it connects again. */
const retry = 'retry: 2000\n';

interface Client {
  readonly who: string | null;
  push(chunk: string): void;
  close(): void;
}

/**
 * The clients of the event stream. Each event is written once for all of them. One that was away names the last event it had
 * and is told the others, or `reset`, where it has to read the state afresh. One that reads too slowly is closed: it comes
 * back by itself.
 */
export class EventStream {
  readonly #clock: Clock;
  readonly #clients = new Set<Client>();
  readonly #ring = new EventRing();
  /** Part of each id, so that those of another process are not taken for ours. */
  readonly #start: number;
  #keepAlive: Timer | null = null;
  #last = 0;
  /** When the last client went. */
  #leftAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#start = clock.now();
  }

  get clients(): number {
    return this.#clients.size;
  }

  /**
   * null: there are as many clients as one server should have, or one token.
   *
   * @param lastId of the last event this client had; null: it comes for the first time.
   * @param who the name of its token; null: it needed none.
   */
  open(lastId: string | null, who: string | null = null): ReadableStream<Uint8Array> | null {
    const own = who === null ? 0 : [...this.#clients].filter((client) => client.who === who).length;
    if (this.#clients.size >= mostClients || own >= mostOfOne) return null;
    let gone: () => void = () => undefined;
    const encoder = new TextEncoder();
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const client: Client = {
            who,
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
          client.push(`${retry}: connected\n${this.#beginning(lastId)}`);
          this.#keepAlive ??= this.#clock.after(keepAliveMs, () => this.#beat());
        },
        cancel: () => gone(),
      },
      { highWaterMark: mostBacklog, size: (chunk) => chunk?.byteLength ?? 0 },
    );
  }

  /** Sends one event to everybody; `make` runs only where somebody listens or is awaited. `name` null: a plain message. */
  send(name: string | null, make: () => object): void {
    // The number grows unheard too, so that a client sees that it missed something.
    const number = ++this.#last;
    if (this.#clients.size === 0 && this.#clock.now() - this.#leftAt > awaitedMs) {
      this.#ring.clear();
      return;
    }
    const text = this.#event(number, name, make());
    this.#ring.push(number, text);
    this.#push(text);
  }

  closeAll(): void {
    for (const client of [...this.#clients]) client.close();
  }

  #id(number: number): string {
    return `${this.#start}-${number}`;
  }

  #event(number: number, name: string | null, data: object): string {
    return `id: ${this.#id(number)}\n${name === null ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
  }

  /** The rest of the first block, and what is told before anything new. */
  #beginning(lastId: string | null): string {
    // An id at once: a client that is cut off before the first event resumes here. One that has an id keeps it until it
    // has what it missed.
    if (lastId === null || lastId === '') return `id: ${this.#id(this.#last)}\n\n`;
    const [, start, number] = /^(\d{1,16})-(\d{1,15})$/.exec(lastId) ?? [];
    const ours = Number(start) === this.#start && Number(number) <= this.#last;
    if (!ours) return `\n${this.#event(this.#last, 'reset', { reason: 'restarted' })}`;
    if (Number(number) === this.#last) return '\n';
    const missed = this.#ring.after(Number(number));
    if (missed !== null && missed.length <= mostMissed) return `\n${missed}`;
    return `\n${this.#event(this.#last, 'reset', { reason: 'too-much-missed' })}`;
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
      if (known) this.#leftAt = this.#clock.now();
      this.#keepAlive?.cancel();
      this.#keepAlive = null;
    }
    return known;
  }
}
