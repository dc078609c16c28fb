import type { Clock, Timer } from '../model/clock.ts';
import type { Random } from '../model/random.ts';
import type { Subscription } from './record.ts';

/** All are told within this; product.md promises 5 s. */
const longestMs = 4000;
/** Addresses do not all begin at the same moment. */
const longestOffsetMs = 800;
const tickMs = 20;

interface Slot {
  readonly at: number;
  readonly sub: Subscription;
}

/**
 * After our own restart every stored subscription gets one full NOTIFY, spread so that a switch full of phones behind
 * one address is not flooded: so many a second from each address, more where that would pass the deadline.
 */
export class RestartRound {
  readonly #clock: Clock;
  readonly #tell: (sub: Subscription) => void;
  readonly #slots: Slot[];
  #next = 0;
  #timer: Timer | null = null;

  constructor(
    subs: readonly Subscription[],
    perSecond: number,
    clock: Clock,
    random: Random,
    tell: (sub: Subscription) => void,
  ) {
    this.#clock = clock;
    this.#tell = tell;
    this.#slots = slots(subs, perSecond, clock.now(), random);
    this.#tick();
  }

  stop(): void {
    this.#next = this.#slots.length;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #tick(): void {
    this.#timer = null;
    const now = this.#clock.now();
    for (let slot = this.#slots[this.#next]; slot !== undefined && slot.at <= now; slot = this.#slots[++this.#next]) {
      this.#tell(slot.sub);
    }
    if (this.#next < this.#slots.length) this.#timer = this.#clock.after(tickMs, () => this.#tick());
    else this.#slots.length = 0;
  }
}

function slots(subs: readonly Subscription[], perSecond: number, start: number, random: Random): Slot[] {
  const byAddress = new Map<string, Subscription[]>();
  for (const sub of subs) {
    const group = byAddress.get(sub.address);
    if (group === undefined) byAddress.set(sub.address, [sub]);
    else group.push(sub);
  }
  // A handful of phones need no spreading; a tenth of a millisecond each is what a NOTIFY costs with margin.
  const offsetMs = Math.min(longestOffsetMs, subs.length / 10);
  const planned: Slot[] = [];
  for (const group of byAddress.values()) {
    const at = start + random.fraction() * offsetMs;
    const stepMs = Math.min(1000 / perSecond, longestMs / group.length);
    group.forEach((sub, index) => {
      planned.push({ at: at + index * stepMs, sub });
    });
  }
  return planned.sort((a, b) => a.at - b.at);
}
