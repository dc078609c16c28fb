import type { Clock, Timer } from '../model/clock.ts';
import type { Random } from '../model/random.ts';
import type { Subscription } from './record.ts';

/** All are told within this, milliseconds: after a restart every lamp is right within 5 s of `/readyz`. */
const longestMs = 4000;
/** Addresses do not all begin at the same moment. */
const longestOffsetMs = 800;
const tickMs = 20;

export interface RoundDeps {
  /** NOTIFYs to one address, unless `longestMs` asks for more. */
  readonly perSecond: number;
  /** How many of them are at this source address. */
  readonly crowd: (address: string) => number;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * After our own restart every stored subscription gets one full NOTIFY, spread so that a switch full of phones behind
 * one address is not flooded: so many a second from each address, more where that would pass the deadline.
 */
export class RestartRound {
  readonly #clock: Clock;
  readonly #tell: (sub: Subscription) => void;
  readonly #start: number;
  /** By tick. No sorted list of all: it would take the half of a second with 100,000 of them. */
  #ticks: readonly (readonly Subscription[])[];
  #next = 0;
  #timer: Timer | null = null;

  constructor(subs: ReadonlySet<Subscription>, deps: RoundDeps, tell: (sub: Subscription) => void) {
    this.#clock = deps.clock;
    this.#tell = tell;
    this.#start = deps.clock.now();
    this.#ticks = ticksOf(subs, deps);
    this.#tick();
  }

  stop(): void {
    this.#ticks = [];
    this.#timer?.cancel();
    this.#timer = null;
  }

  #tick(): void {
    this.#timer = null;
    const now = (this.#clock.now() - this.#start) / tickMs;
    for (; this.#next <= now && this.#next < this.#ticks.length; this.#next += 1) {
      for (const sub of this.#ticks[this.#next] ?? []) this.#tell(sub);
    }
    if (this.#next < this.#ticks.length) this.#timer = this.#clock.after(tickMs, () => this.#tick());
    else this.#ticks = [];
  }
}

/** Where the ones from an address are: the time of the next of them and the time between two; milliseconds. */
interface Queue {
  at: number;
  readonly stepMs: number;
}

function ticksOf(subs: ReadonlySet<Subscription>, { perSecond, crowd, random }: RoundDeps): Subscription[][] {
  const queues = new Map<string, Queue>();
  // A handful of phones need no spreading; a tenth of a millisecond each is what a NOTIFY costs with margin.
  const offsetMs = Math.min(longestOffsetMs, subs.size / 10);
  const ticks: Subscription[][] = Array.from(
    { length: Math.ceil((longestMs + longestOffsetMs) / tickMs) + 1 },
    () => [],
  );
  for (const sub of subs) {
    let at = 0;
    const known = queues.get(sub.address);
    if (known !== undefined) {
      known.at += known.stepMs;
      at = known.at;
    } else {
      at = random.fraction() * offsetMs;
      const length = crowd(sub.address);
      // most have an address of their own, and need no place in the Map
      if (length > 1) queues.set(sub.address, { at, stepMs: Math.min(1000 / perSecond, longestMs / length) });
    }
    ticks[Math.min(Math.floor(at / tickMs), ticks.length - 1)]?.push(sub);
  }
  return ticks;
}
