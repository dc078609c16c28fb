import { Fault, type FaultCode } from '../model/errors.ts';
import type { Logger } from '../model/logger.ts';

/** Says once that something began to fail, and once that it is well again. */
export class Outage {
  readonly #logger: Logger;
  readonly #code: FaultCode;
  #failures = 0;

  constructor(logger: Logger, code: FaultCode) {
    this.#logger = logger;
    this.#code = code;
  }

  failed(reason: string, fields: object): void {
    if (this.#failures++ > 0) return;
    const fault = new Fault(this.#code, reason);
    this.#logger.error({ code: fault.code, ...fields, fix: fault.fix }, `the hook fails: ${reason}`);
  }

  well(): void {
    if (this.#failures === 0) return;
    this.#logger.info({ failures: this.#failures }, 'the hook answers again');
    this.#failures = 0;
  }
}
