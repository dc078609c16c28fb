import { type Clock, within } from '../../model/clock.ts';

/** How long a request of the PBX waits for the answer to a REGISTER; ms. */
const longestMs = 1_000;
const most = 2_000;

interface Expected {
  /** Nobody waits longer; milliseconds since the epoch. */
  readonly until: number;
  readonly waiting: (() => void)[];
}

/** The REGISTERs that went to the PBX and are not answered, by the name of the phone: the PBX may ask for it before we know it. */
export class UnderWay {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One goes to the PBX now. */
  expect(id: string): void {
    const now = this.#clock.now();
    for (const [old, { until }] of this.#expected) {
      if (until > now && this.#expected.size < most) break;
      this.answered(old);
    }
    const waiting = this.#expected.get(id)?.waiting ?? [];
    this.#expected.delete(id); // the newest come last
    this.#expected.set(id, { until: now + longestMs, waiting });
  }

  /** The PBX has answered it. */
  answered(id: string): void {
    const known = this.#expected.get(id);
    if (known === undefined) return;
    this.#expected.delete(id);
    for (const go of known.waiting) go();
  }

  /** Until the answer is there, a second at most; null: none is under way. */
  over(id: string): Promise<void> | null {
    const known = this.#expected.get(id);
    if (known === undefined) return null;
    const over = new Promise<void>((resolve) => known.waiting.push(resolve));
    return within(this.#clock, longestMs, over, () => undefined);
  }
}
