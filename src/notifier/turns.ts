import type { Clock } from '../model/clock.ts';
import type { Channel } from './record.ts';

/**
 * Dialogs looked at in one turn of the event loop, then the sockets are read again. Fewer than the 32 answers that are read
 * in a turn, so that what is under way stays young: with 50 the collector took a quarter of the time (10,000 watchers
 * told in 0.52–0.60 s instead of 0.36–0.46).
 */
const slice = 12;

/** Who had his turn and is not taken out of the queue before all have had it. */
const mostServed = 10_000;

/**
 * Answers to a storm go first for so long; milliseconds. A phone repeats its SUBSCRIBE after half a second (RFC 3261 17.1.2.2),
 * and for its NOTIFY it waits 32 (RFC 6665 4.1.2.4, Timer N).
 */
const longestYieldMs = 1_500;

const never = Number.POSITIVE_INFINITY;

export interface TurnTools {
  readonly clock: Clock;
  /** Runs a task after the sockets were read. */
  readonly defer: (task: () => void) => void;
  /** So many requests wait for their answers that NOTIFYs had better wait too. */
  readonly crowded: () => boolean;
  /** It is this dialog's turn. */
  readonly serve: (channel: Channel) => void;
}

/** Whose turn it is among the dialogs that have something to be told, now or at a certain time. */
export class Turns {
  readonly #tools: TurnTools;
  /** Channels whose timer runs. */
  readonly #waiting = new Set<Channel>();
  /** Those before `#next` have had their turn: to take them out each time would move all others (1 % of a large fan-out). */
  #queue: Channel[] = [];
  #next = 0;
  #running = false;
  /** Clock time. */
  #yieldingSince: number | null = null;

  constructor(tools: TurnTools) {
    this.#tools = tools;
  }

  /** After those that are in the queue already; once, however often it is asked for. */
  take(channel: Channel): void {
    if (channel.queued) return;
    channel.queued = true;
    this.#queue.push(channel);
    if (this.#running) return;
    this.#running = true;
    this.#tools.defer(() => this.#run());
  }

  /** At this clock time instead of what was asked for before; Infinity: at none. */
  at(channel: Channel, at: number): void {
    if (channel.wakeAt === at) return;
    channel.timer?.cancel();
    channel.timer = null;
    channel.wakeAt = at;
    if (at === never) {
      this.#waiting.delete(channel);
      return;
    }
    const { clock } = this.#tools;
    this.#waiting.add(channel);
    channel.timer = clock.after(at - clock.now(), () => {
      this.#waiting.delete(channel);
      channel.timer = null;
      channel.wakeAt = never;
      this.take(channel);
    });
  }

  /** Nobody's any more. */
  stop(): void {
    this.#queue = [];
    this.#next = 0;
    for (const channel of [...this.#waiting]) this.at(channel, never);
  }

  #run(): void {
    const { defer, serve } = this.#tools;
    if (this.#yields()) {
      defer(() => this.#run());
      return;
    }
    const now = this.#queue.slice(this.#next, this.#next + slice);
    this.#next += now.length;
    for (const channel of now) channel.queued = false;
    try {
      for (const channel of now) serve(channel);
    } finally {
      this.#running = this.#next < this.#queue.length;
      if (this.#running) defer(() => this.#run());
      if (!this.#running || this.#next > mostServed) {
        this.#queue = this.#queue.slice(this.#next);
        this.#next = 0;
      }
    }
  }

  /** To requests that wait for their answers, but not for long: the NOTIFY is what the phones came for. */
  #yields(): boolean {
    const { crowded, clock } = this.#tools;
    if (!crowded()) {
      this.#yieldingSince = null;
      return false;
    }
    const now = clock.now();
    this.#yieldingSince ??= now;
    return now - this.#yieldingSince < longestYieldMs;
  }
}
