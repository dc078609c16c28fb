import { type Clock, type Timer, within } from '../src/model/clock.ts';
import { Fault } from '../src/model/errors.ts';
import type { LinkState, PbxEvent, Snapshot } from '../src/model/pbx-event.ts';
import type { Random } from '../src/model/random.ts';
import type { AdapterTools, Tell } from './adapter.ts';

/** What is known of a PBX: facts go in, differences come out. Facts may be repeated. */
export interface LivePicture<F> {
  apply(fact: F): readonly PbxEvent[];
  snapshot(): Snapshot;
}

/** What a PBX must offer to be kept in step with. Both may reject, and may take for ever. */
export interface Readable<P> {
  /** Which life of the PBX this is. */
  incarnation(): Promise<string>;
  /**
   * Reads everything. `older`: the picture of the same life so far, for what cannot be asked. `missed`: it has not seen all that
   * happened since; what can be asked is newer.
   */
  read(older: P | null, missed: boolean): Promise<P>;
  /** A fresh picture is now the live one. */
  adopted?(picture: P): void;
}

export interface ResyncTimes {
  /** Milliseconds one reading may take. */
  readonly deadlineMs: number;
  /** Milliseconds between two reconciliations. */
  readonly reconcileMs: number;
}

export const usualTimes: ResyncTimes = { deadlineMs: 15_000, reconcileMs: 60_000 };

/** Milliseconds from the beginning of one reading to that of the next, where somebody cannot wait for the usual time. */
const soonMs = 2_000;

/** Facts kept while a reading is under way; more mean that it must start anew. */
const mostBuffered = 50_000;

/** Milliseconds before attempt number `attempt` (0 = the first repetition): doubling from `first`, ±25 % jitter. */
export function backoffMs(attempt: number, random: Random, first = 500, most = 30_000): number {
  return Math.min(first * 2 ** Math.min(attempt, 20), most) * (0.75 + random.fraction() / 2);
}

/**
 * Keeps a picture of a PBX in step: the stream is open and buffered before the reading starts, what happened during the
 * reading is played on the fresh picture, and once a minute the same is done again, because events get lost.
 */
export class Resync<F, P extends LivePicture<F>> {
  readonly #source: string;
  readonly #port: Readable<P>;
  readonly #clock: Clock;
  readonly #tools: AdapterTools;
  readonly #times: ResyncTimes;
  #tell: Tell = () => undefined;
  #state: LinkState | 'new' = 'new';
  #reason: string | null = null;
  #live: P | null = null;
  /** The last picture, and the life of the PBX it belongs to. */
  #last: { readonly epoch: string; readonly picture: P } | null = null;
  #buffer: F[] | null = null;
  #overflow = false;
  /** Grows with every loss; what belongs to an older one is dropped. */
  #generation = 0;
  #timer: Timer | null = null;
  /** The reconciliation that waits for its time; null while one is under way. */
  #due: (() => void) | null = null;
  #hasty = false;
  /** When the newest reading began. */
  #began = Number.NEGATIVE_INFINITY;

  constructor(source: string, port: Readable<P>, tools: AdapterTools, times: ResyncTimes = usualTimes) {
    this.#source = source;
    this.#port = port;
    this.#clock = tools.clock;
    this.#tools = tools;
    this.#times = times;
  }

  /** The picture while the link is up; null otherwise. */
  get live(): P | null {
    return this.#live;
  }

  start(tell: Tell): void {
    this.#tell = tell;
  }

  stop(): void {
    this.#forget();
    this.#tell = () => undefined;
  }

  /** All streams are open: their facts are fed from now on. */
  linked(): void {
    this.#forget();
    this.#link('stale', 'reading the PBX');
    this.#attempt(this.#generation, 0);
  }

  /** A stream broke, or could not be opened. */
  lost(reason: string): void {
    this.#forget();
    this.#link('down', reason);
  }

  /** The next reconciliation must not wait a minute: something is there that no event tells of. */
  soon(): void {
    if (this.#hasty) return;
    this.#hasty = true;
    if (this.#due !== null) this.#wait();
  }

  /** What there is has changed, not only how it stands: all is told anew as it is known, and the PBX is not asked. */
  relist(): void {
    if (this.#live === null || this.#last === null) return;
    this.#tell({ source: this.#source, type: 'snapshot', epoch: this.#last.epoch, snapshot: this.#live.snapshot() });
  }

  feed(fact: F): void {
    if (this.#buffer !== null) {
      if (this.#buffer.length < mostBuffered) this.#buffer.push(fact);
      else this.#overflow = true;
    }
    if (this.#live === null) return;
    for (const event of this.#live.apply(fact)) this.#tell(event);
  }

  #forget(): void {
    this.#generation++;
    this.#timer?.cancel();
    this.#timer = null;
    this.#due = null;
    this.#hasty = false;
    this.#buffer = null;
    this.#live = null;
  }

  #link(state: LinkState, reason: string | null): void {
    if (this.#state === state && this.#reason === reason) return;
    this.#state = state;
    this.#reason = reason;
    this.#tell({ source: this.#source, type: 'link', state, reason });
  }

  #attempt(generation: number, failures: number): void {
    this.#read(generation).then(
      (done) => {
        if (!done) return;
        this.#link('up', null);
        this.#plan(generation, 0);
      },
      (error: unknown) => {
        if (generation !== this.#generation) return;
        const reason = `the PBX cannot be read: ${messageOf(error)}`;
        if (this.#reason !== reason) this.#complain(reason, error);
        this.#link('stale', reason);
        const wait = backoffMs(failures, this.#tools.random, 500, 8_000);
        this.#timer = this.#clock.after(wait, () => this.#attempt(generation, failures + 1));
      },
    );
  }

  /** What only a person can cure is an error and comes with its cure. */
  #complain(reason: string, error: unknown): void {
    const { logger } = this.#tools;
    if (error instanceof Fault && error.code !== 'pbx-unreachable') {
      logger.error({ pbx: this.#source, code: error.code, fix: error.fix }, reason);
    } else {
      logger.warn({ pbx: this.#source }, reason);
    }
  }

  /** The next reconciliation; after a second failure in a row nothing is believed any more. */
  #plan(generation: number, failures: number): void {
    this.#due = () => {
      this.#due = null;
      this.#hasty = false;
      this.#read(generation).then(
        (done) => {
          if (done) this.#plan(generation, 0);
        },
        (error: unknown) => {
          if (generation !== this.#generation) return;
          this.#buffer = null;
          this.#tools.logger.warn({ pbx: this.#source }, `reconciliation failed: ${messageOf(error)}`);
          if (failures === 0) this.#plan(generation, 1);
          else this.linked();
        },
      );
    };
    this.#wait();
  }

  #wait(): void {
    this.#timer?.cancel();
    const soon = Math.min(this.#began + soonMs - this.#clock.now(), soonMs); // the clock may be set back
    this.#timer = this.#clock.after(this.#hasty ? Math.max(soon, 0) : this.#times.reconcileMs, () => this.#due?.());
  }

  /** One reading. False: the link was lost meanwhile, nobody waits for the result. */
  async #read(generation: number): Promise<boolean> {
    this.#buffer = [];
    this.#overflow = false;
    this.#began = this.#clock.now();
    const missed = this.#live === null;
    const { deadlineMs } = this.#times;
    const late = () => Promise.reject(new Fault('pbx-unreachable', `no answer within ${deadlineMs / 1000} s`));
    const reading = (async () => {
      const epoch = await this.#port.incarnation();
      const older = this.#last?.epoch === epoch ? this.#last.picture : null;
      return { epoch, picture: await this.#port.read(older, missed) };
    })();
    const { epoch, picture } = await within<Awaited<typeof reading>>(this.#clock, deadlineMs, reading, late);
    if (generation !== this.#generation) return false;
    if (this.#overflow) throw new Fault('pbx-unreachable', 'more events than could be kept during the reading');
    for (const fact of this.#buffer ?? []) picture.apply(fact);
    this.#buffer = null;
    this.#last = { epoch, picture };
    this.#live = picture;
    this.#tell({ source: this.#source, type: 'snapshot', epoch, snapshot: picture.snapshot() });
    this.#port.adopted?.(picture);
    return true;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
