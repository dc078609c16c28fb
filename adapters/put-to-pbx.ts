import { type Clock, within } from '../src/model/clock.ts';
import { Fault } from '../src/model/errors.ts';
import type { Logger } from '../src/model/logger.ts';
import { type Outcome, refused } from '../src/model/outcome.ts';

export interface PutTools {
  /** The PBX's name in the configuration. */
  readonly pbx: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** False: it is not connected, or not read yet. */
  readonly isLive: () => boolean;
}

/** Puts something to a PBX, and says why where nothing came of it within `deadlineMs`. Never rejects. */
export async function putToPbx<T>(
  tools: PutTools,
  deadlineMs: number,
  work: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const late = () => refused<T>('pbx-timeout', `the PBX did not answer within ${deadlineMs} ms`);
  try {
    return await within(tools.clock, deadlineMs, work(), late);
  } catch (error) {
    const reason = reasonOf(error);
    if (isRefusal(error)) {
      sayRefusal(tools, error);
      return refused('pbx-refused', reason);
    }
    if (!tools.isLive()) return refused('pbx-away', reason);
    return refused(error instanceof Fault ? 'pbx-timeout' : 'pbx-refused', reason);
  }
}

export function away(): Outcome<never> {
  return refused('pbx-away', 'the PBX is not connected');
}

/** It comes by no waiting: only a person can give the account what it needs. */
export function sayRefusal({ pbx, logger }: Pick<PutTools, 'pbx' | 'logger'>, { code, fix, message }: Fault): void {
  logger.error({ pbx, code, fix }, message);
}

export function isRefusal(error: unknown): error is Fault {
  return error instanceof Fault && error.code === 'pbx-refused';
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
