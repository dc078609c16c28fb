import type { Clock, Timer } from '../../../src/model/clock.ts';
import { Fault } from '../../../src/model/errors.ts';
import type { EslEvent } from '../esl-event.ts';

/** Without any event for so long FreeSWITCH is asked whether it lives. Its HEARTBEAT comes every 20 s. Milliseconds. */
const silenceMs = 45_000;

/** How long this thread may stand still: far below what the queue inside FreeSWITCH bears, as the next. Milliseconds. */
const mostLagMs = 5_000;

/** How late events may come, milliseconds. */
const mostLateMs = 15_000;

const tickMs = 1_000;

export interface Watched {
  /** Asks something small of FreeSWITCH; settles when it answered at all, rejects when not. */
  ask(): Promise<unknown>;
  /** The connection must end. Called at most once. */
  giveUp(fault: Fault): void;
}

/**
 * Finds what no socket tells: a half-open connection, and that we are too slow. FreeSWITCH keeps up to 100,000 events for
 * who does not read, then stands still itself (600 s, measured on 1.11): long before, the connection is given up here.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #watched: Watched;
  #timer: Timer;
  #due: number;
  #heard: number;
  #asking = false;
  #stopped = false;
  /** The least difference seen between our clock and the stamps of FreeSWITCH, whose clocks need not agree. */
  #leastOffset = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, watched: Watched) {
    this.#clock = clock;
    this.#watched = watched;
    this.#heard = clock.now();
    this.#due = clock.now() + tickMs;
    this.#timer = clock.after(tickMs, () => this.#tick());
  }

  heard(event: EslEvent): void {
    this.#heard = this.#clock.now();
    if (event['Event-Name'] !== 'HEARTBEAT') return;
    const stampMs = Number(event['Event-Date-Timestamp']) / 1000;
    if (!(stampMs > 0)) return;
    const offset = this.#heard - stampMs;
    this.#leastOffset = Math.min(this.#leastOffset, offset);
    const late = offset - this.#leastOffset;
    if (late > mostLateMs)
      this.#giveUp(`events come ${Math.round(late / 1000)} s late, so many wait inside FreeSWITCH`);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.cancel();
  }

  #tick(): void {
    const now = this.#clock.now();
    const lag = now - this.#due;
    if (lag > mostLagMs) {
      this.#giveUp(`Lamplighter itself stood still for ${Math.round(lag / 1000)} s`);
      return;
    }
    this.#due = now + tickMs;
    this.#timer = this.#clock.after(tickMs, () => this.#tick());
    if (now - this.#heard < silenceMs || this.#asking) return;
    this.#asking = true;
    // An answer, also a refusal, is a sign of life: a switch.conf may have slower heartbeats or none.
    this.#watched.ask().then(
      () => this.#answered(),
      (error: unknown) => {
        if (error instanceof Fault && error.code === 'pbx-refused') this.#answered();
        else this.#giveUp(`no event for ${silenceMs / 1000} s, and no answer`);
      },
    );
  }

  #answered(): void {
    this.#asking = false;
    this.#heard = this.#clock.now();
  }

  #giveUp(why: string): void {
    if (this.#stopped) return;
    this.stop();
    this.#watched.giveUp(new Fault('pbx-unreachable', `the event socket is given up: ${why}`));
  }
}
