import { Fault } from '../src/model/errors.ts';

/** What a connection to the PBX tells. `event` only between `up` and `down`. */
export interface LinkHandlers<E> {
  up(): void;
  /** Once per loss or failed attempt; the one who is told says it. */
  down(fault: Fault): void;
  event(event: E): void;
}

/** Waits after a failure that repeating cannot cure (wrong password, a second Lamplighter); milliseconds. */
export const longWaitMs = 30_000;

/** The longest wait between two attempts (before jitter): a PBX that is back must be in step within 15 s. Milliseconds. */
export const mostWaitMs = 8_000;

/** What went wrong, as a fault: anything that is none yet is a PBX that cannot be reached. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('pbx-unreachable', error instanceof Error ? error.message : String(error), error);
}
