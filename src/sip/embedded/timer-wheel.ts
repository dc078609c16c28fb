import type { Clock, Timer } from '../../model/clock.ts';

/** Something that waits in the wheel. One object waits for one moment at a time; the links belong to the wheel. */
export abstract class Waiting {
  /** @internal */ next: Waiting | null = null;
  /** @internal */ previous: Waiting | null = null;
  /** @internal */ dueTick = 0;

  abstract onDue(): void;
}

class Slot extends Waiting {
  override next: Waiting = this;
  override previous: Waiting = this;
  onDue(): void {}
}

const slotCount = 512;

/**
 * All timers of all transactions on one clock timer: setting and cancelling cost a few pointer writes and no memory.
 * Nothing fires early; a slot of 100 ms makes it at most that much late, which RFC 3261's timers do not mind. Silent
 * while empty, so that it keeps no process alive.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #onLate: (ms: number) => void;
  readonly #slotMs: number;
  readonly #slots = Array.from({ length: slotCount }, () => new Slot());
  /** The last tick whose slot was run. */
  #tick = 0;
  /** The tick the clock has reached and its time; ahead of `#tick` only while late slots are being run. */
  #reached = 0;
  #reachedAt = 0;
  #running = false;
  #count = 0;
  #timer: Timer | null = null;

  /** `onLate`: hears at each tick how late it is, ms; 0 mostly. Nothing is heard while the wheel is empty. */
  constructor(clock: Clock, onLate: (ms: number) => void = () => undefined, slotMs = 100) {
    this.#clock = clock;
    this.#onLate = onLate;
    this.#slotMs = slotMs;
  }

  /** How many wait. */
  get size(): number {
    return this.#count;
  }

  /** Lets `entry` wait `ms` milliseconds, from now; one that waits already waits anew. */
  set(entry: Waiting, ms: number): void {
    this.cancel(entry);
    if (this.#timer === null && !this.#running) this.#reachedAt = this.#clock.now();
    // measured from the last tick, rounded up: never early
    const since = Math.min(Math.max(this.#clock.now() - this.#reachedAt, 0), slotCount * this.#slotMs);
    entry.dueTick = this.#reached + Math.max(1, Math.ceil((ms + since) / this.#slotMs));
    const slot = this.#slot(entry.dueTick);
    entry.previous = slot.previous;
    entry.next = slot;
    slot.previous.next = entry;
    slot.previous = entry;
    this.#count++;
    if (this.#timer === null && !this.#running) this.#arm();
  }

  /** Harmless where it does not wait. */
  cancel(entry: Waiting): void {
    if (entry.next === null || entry.previous === null) return;
    entry.previous.next = entry.next;
    entry.next.previous = entry.previous;
    entry.next = null;
    entry.previous = null;
    this.#count--;
    // the clock timer is left to run out: arming it anew for each short wait would cost more
  }

  /** Forgets all that wait. */
  stop(): void {
    for (const slot of this.#slots) {
      while (slot.next !== slot) this.cancel(slot.next);
    }
    this.#timer?.cancel();
    this.#timer = null;
  }

  #slot(tick: number): Slot {
    return this.#slots[tick % slotCount] as Slot;
  }

  #arm(): void {
    const since = this.#clock.now() - this.#reachedAt;
    // a clock set back or far forward must neither stop the wheel nor make it spin
    const wait = Math.min(Math.max(this.#slotMs - since, 0), this.#slotMs);
    this.#timer = this.#clock.after(wait, () => this.#onTick());
  }

  #onTick(): void {
    this.#timer = null;
    const since = this.#clock.now() - this.#reachedAt;
    const passed = Math.floor(since / this.#slotMs);
    this.#onLate(Math.max(since - this.#slotMs, 0));
    const inStep = passed >= 1 && passed <= slotCount;
    const ticks = inStep ? passed : 1;
    this.#reached += ticks;
    this.#reachedAt = inStep ? this.#reachedAt + ticks * this.#slotMs : this.#clock.now();
    this.#running = true;
    try {
      while (this.#tick < this.#reached && this.#count > 0) this.#run(this.#slot(++this.#tick));
    } finally {
      this.#tick = this.#reached;
      this.#running = false;
      if (this.#count > 0) this.#arm();
    }
  }

  #run(slot: Slot): void {
    const due: Waiting[] = [];
    for (let entry = slot.next; entry !== slot; entry = entry.next as Waiting) {
      if (entry.dueTick <= this.#tick) due.push(entry); // others wait another round
    }
    for (const entry of due) {
      if (entry.next === null || entry.dueTick > this.#tick) continue; // cancelled or set anew by one before it
      this.cancel(entry);
      entry.onDue();
    }
  }
}
