import type { Clock } from '../../model/clock.ts';
import { Fifo } from './fifo.ts';
import { timerF } from './timers.ts';

/**
 * Requests served in one turn of the loop, in which libuv reads up to 32 datagrams of a socket. Measured with 10,000
 * phones at once: with 32 our NOTIFYs are repeated three times as often, because their answers wait unread; with 2 so many
 * requests wait that the collector costs more than is gained (+15 % CPU).
 */
const perTurn = 8;
/** In a storm, in whose first seconds our NOTIFYs wait for the answers (src/notifier/turns.ts): 10,000 take 0.43 instead of 0.47 s. */
const perTurnOfStorm = 32;
/** So many requests that wait are a storm. */
const storm = 256;
/** As many as libuv reads of a socket in one turn: it has more. */
const flood = 32;
/** How long a flood is only read: 10,000 datagrams take 0.15 s, a phone repeats its request after 0.5 s (T1). */
const longestFloodMs = 250;
/** A message of the usual 500 bytes costs 1 kB here, with what belongs to it. */
const mostUnopened = 20_000;
/** Whoever sends the largest instead must not fill the memory with them: 20,000 of 64 kB would be 1.3 GB. */
const mostUnopenedBytes = 32 * 1024 * 1024;
/** Of so many requests in a row at least one is a new one. */
const newShare = 4;

interface Item<T> {
  readonly work: T;
  /** When it was read; ms of the clock. */
  readonly at: number;
}

export interface WorkQueueOptions<T, R = never> {
  readonly clock: Clock;
  /** Takes a datagram apart that was only read before; what is in it may come back as `push`. Never throws. */
  readonly open?: (datagram: R) => void;
  /** Serves one request; never throws. */
  readonly serve: (work: T) => void;
  /** It waited until its client had given up: nobody is to be answered. */
  readonly onStale: (work: T) => void;
  /** The age of the new request that is served now, ms; 0 when none is left. */
  readonly onWaited: (ms: number) => void;
}

/**
 * Requests between socket and handler. Reading goes before working: in a storm the sockets are emptied while most
 * requests wait here, where a retransmission meets the transaction of its original and is dropped for the price of
 * parsing, instead of waiting behind it in the kernel for a second answer. While a flood comes in nothing else is done:
 * the kernel has room for 6,500 datagrams, this queue for more. Requests of dialogs go before new ones.
 */
export class WorkQueue<T, R = never> {
  readonly #options: WorkQueueOptions<T, R>;
  /** Datagrams of a flood, as they came. */
  readonly #unopened = new Fifo<Item<R> & { readonly bytes: number }>();
  #unopenedBytes = 0;
  /** When the one that is being opened was read, ms. */
  #openedAt: number | null = null;
  readonly #inDialog = new Fifo<Item<T>>();
  readonly #fresh = new Fifo<Item<T>>();
  #sinceFresh = 0;
  /** Steps that will run when this turn has read. */
  #steps = 0;
  #turnBegins = false;
  /** Datagrams read since the last turn. */
  #read = 0;
  /** When a flood began, ms; null: there is none. */
  #floodSince: number | null = null;
  #reading = false;

  constructor(options: WorkQueueOptions<T, R>) {
    this.#options = options;
  }

  get size(): number {
    return this.#inDialog.size + this.#fresh.size + this.#unopened.size;
  }

  /**
   * True while a flood is read or waits to be opened, and from the datagram on that makes of what was read since the last turn one: what comes now is to
   * be kept by `keep`, behind it. Opened at once, the hundreds that a turn can read would take so long, in a process that has
   * just started, that the kernel has no room for the next.
   */
  get flooded(): boolean {
    const { size } = this.#unopened;
    return (
      (this.#reading || size > 0 || this.#read > flood) &&
      size < mostUnopened &&
      this.#unopenedBytes < mostUnopenedBytes
    );
  }

  /** A datagram of a flood, of so many bytes, to be opened in its turn: emptying the socket goes first. */
  keep(datagram: R, bytes: number): void {
    this.#unopenedBytes += bytes;
    this.#unopened.push({ work: datagram, at: this.#options.clock.now(), bytes });
    this.#plan();
  }

  /** A datagram was read, whatever it was. */
  onRead(): void {
    this.#read++;
  }

  push(work: T, inDialog: boolean): void {
    const item = { work, at: this.#openedAt ?? this.#options.clock.now() };
    (inDialog ? this.#inDialog : this.#fresh).push(item);
    this.#plan();
  }

  clear(): void {
    this.#inDialog.clear();
    this.#fresh.clear();
    this.#unopened.clear();
    this.#unopenedBytes = 0;
  }

  /** A step for each request, so that the promises of one have settled before the next is served: answers keep their order. */
  #plan(): void {
    this.#turnBegins ||= this.#steps === 0;
    const most = this.size > storm ? perTurnOfStorm : perTurn;
    while (this.#steps < most && this.#steps < this.size) {
      this.#steps++;
      setImmediate(this.#step);
    }
  }

  readonly #step = (): void => {
    if (this.#turnBegins) this.#beginTurn();
    if (!this.#reading) this.#one();
    if (--this.#steps > 0) return;
    if (this.#fresh.size + this.#unopened.size === 0) this.#options.onWaited(0);
    this.#plan();
  };

  #beginTurn(): void {
    const flooded = this.#read >= flood;
    this.#turnBegins = false;
    this.#read = 0;
    if (!flooded) this.#floodSince = null;
    else this.#floodSince ??= this.#options.clock.now();
    this.#reading = this.#floodSince !== null && this.#options.clock.now() - this.#floodSince < longestFloodMs;
  }

  /** Opens as many as give work for a turn, so that few parsed messages wait in memory. */
  #open(): void {
    for (let count = 0; count < perTurn; count++) {
      const next = this.#unopened.shift();
      if (next === undefined) return;
      this.#unopenedBytes -= next.bytes;
      this.#openedAt = next.at;
      this.#options.open?.(next.work);
      this.#openedAt = null;
    }
  }

  #one(): void {
    if (this.#inDialog.size + this.#fresh.size === 0) this.#open();
    const freshTurn = this.#inDialog.size === 0 || (this.#fresh.size > 0 && ++this.#sinceFresh >= newShare);
    const item = (freshTurn ? this.#fresh : this.#inDialog).shift();
    if (item === undefined) return;
    const waited = this.#options.clock.now() - item.at;
    if (freshTurn) {
      this.#sinceFresh = 0;
      this.#options.onWaited(waited);
    }
    // RFC 3261 17.1.2.2: the client's Timer F has run out, RFC 4320 4.2: it must hear nothing any more
    if (waited >= timerF) this.#options.onStale(item.work);
    else this.#options.serve(item.work);
  }
}
