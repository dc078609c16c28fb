import type { Clock } from '../model/clock.ts';
import { Fault, type FaultCode } from '../model/errors.ts';
import type { Logger } from '../model/logger.ts';

/** A hook that fails for every other user fails and is well again with each question: so many outages are told in so long. */
const mostTold = 10;
const withinMs = 60_000;

/** Says once that something began to fail, and once that it is well again. */
export class Outage {
  readonly #logger: Logger;
  readonly #code: FaultCode;
  readonly #clock: Clock;
  #failures = 0;
  /** This outage has been told; its end is told only then. */
  #told = false;
  /** When the last ones were told, oldest first. */
  #toldAt: readonly number[] = [];

  constructor(logger: Logger, code: FaultCode, clock: Clock) {
    this.#logger = logger;
    this.#code = code;
    this.#clock = clock;
  }

  failed(reason: string, fields: object): void {
    this.#failures++;
    if (this.#told) return;
    const now = this.#clock.now();
    this.#toldAt = this.#toldAt.filter((at) => Math.abs(now - at) < withinMs);
    if (this.#toldAt.length >= mostTold) return;
    this.#toldAt = [...this.#toldAt, now];
    this.#told = true;
    const fault = new Fault(this.#code, reason);
    this.#logger.error({ code: fault.code, ...fields, fix: fault.fix }, `the hook fails: ${reason}`);
  }

  well(): void {
    if (this.#told) this.#logger.info({ failures: this.#failures }, 'the hook answers again');
    this.#failures = 0;
    this.#told = false;
  }
}
