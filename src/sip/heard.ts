import type { Clock } from '../model/clock.ts';
import { countedMethods } from '../model/meters.ts';
import { Tally } from '../model/tally.ts';
import type { ListenerView } from '../model/ways.ts';
import type { Flow, ListenPoint } from './engine.ts';

/** A request of our own to ourselves, which is no phone's. */
export interface Expected {
  /** It came to one of our listeners. */
  readonly came: boolean;
  /** Whatever comes from there from now on is a phone's again. */
  end(): void;
}

interface Ear {
  readonly point: ListenPoint;
  readonly counts: Tally;
  lastAt: number;
}

/** Counts what came to each listener, for whoever seeks why a lamp stays dark. Of a request nothing is kept. */
export class Heard {
  readonly #clock: Clock;
  #ears: readonly Ear[] = [];
  /** Ports that our own requests come from; empty but for moments. */
  readonly #expected = new Map<number, { came: boolean }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where it is listened; counts from nothing. */
  at(points: readonly ListenPoint[]): void {
    this.#ears = points.map((point) => ({
      point,
      counts: new Tally(countedMethods),
      lastAt: 0,
    }));
  }

  /** What comes from this port of this host is no phone's, and is not counted: whether we hear it is all that matters. */
  expect(port: number): Expected {
    const expected = { came: false, end: () => void this.#expected.delete(port) };
    this.#expected.set(port, expected);
    return expected;
  }

  /** Each request passes here: no allocation. */
  note(method: string, flow: Flow): void {
    if (this.#expected.size > 0) {
      const expected = this.#expected.get(flow.remote.port);
      if (expected !== undefined) {
        expected.came = true;
        return;
      }
    }
    const ear = this.#earOf(flow);
    if (ear === null) return;
    ear.counts.add(method);
    ear.lastAt = this.#clock.now();
  }

  list(): readonly ListenerView[] {
    return this.#ears.map(({ point: { transport, address, port }, counts, lastAt }) => ({
      transport,
      address,
      port,
      requests: Object.fromEntries([...counts.entries()].filter(([, count]) => count > 0)),
      lastRequestAt: lastAt === 0 ? null : lastAt,
    }));
  }

  /** The listener of the very address, else the one of its port: that of all addresses. */
  #earOf({ transport, local }: Flow): Ear | null {
    let found: Ear | null = null;
    for (const ear of this.#ears) {
      const { point } = ear;
      if (point.port !== local.port || point.transport !== transport) continue;
      if (point.address === local.address) return ear;
      found ??= ear;
    }
    return found;
  }
}
