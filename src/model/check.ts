import { type Clock, within } from './clock.ts';
import { printable } from './printable.ts';

/** What one check found. */
export interface Finding {
  /** The check's name, in docs/doctor.md. */
  readonly check: string;
  /** `fail`: something does not work; `warn`: it may be meant so, or not. */
  readonly level: 'ok' | 'warn' | 'fail';
  /** What was found; may hold text of phones and PBXs. */
  readonly text: string;
  /** What to do; null where nothing is to be done. */
  readonly fix: string | null;
}

/** A finding before it has the name of its check. */
export type Remark = Omit<Finding, 'check'>;

/** Looks for one thing; an empty list: nothing to say. */
export interface Check<Seen> {
  readonly name: string;
  look(seen: Seen): readonly Remark[] | Promise<readonly Remark[]>;
}

export function fine(text: string): Remark {
  return { level: 'ok', text, fix: null };
}

export function odd(text: string, fix: string): Remark {
  return { level: 'warn', text, fix };
}

export function broken(text: string, fix: string): Remark {
  return { level: 'fail', text, fix };
}

/** `1 phone`, `3 phones`. */
export function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** The first of them, and how many more there are: `a, b and 3 more`. */
export function someOf(names: readonly string[], most = 5): string {
  const rest = names.length - most;
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ');
}

/**
 * One check after the other, each within its share of the time: a PBX that answers nothing takes none from the checks after
 * it. Never rejects: what could not be looked at is a finding too.
 *
 * @param eachMs how long one may take.
 * @param deadlineMs how long all of them may take together.
 */
export async function runChecks<Seen>(
  checks: readonly Check<Seen>[],
  seen: Seen,
  clock: Clock,
  { eachMs, deadlineMs }: { readonly eachMs: number; readonly deadlineMs: number },
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const end = clock.now() + deadlineMs;
  for (const check of checks) {
    const ms = Math.min(eachMs, end - clock.now());
    for (const { level, text, fix } of await lookWithin(check, seen, clock, ms)) {
      findings.push({
        check: check.name,
        level,
        text: printable(text, longest),
        fix: fix === null ? null : printable(fix, longest),
      });
    }
  }
  return findings;
}

/** No more than a person reads; characters. */
const longest = 1_000;

const later = 'ask again in a moment; where it stays so, what is asked here hangs';

async function lookWithin<Seen>(check: Check<Seen>, seen: Seen, clock: Clock, ms: number): Promise<readonly Remark[]> {
  if (ms <= 0) return [odd('there was no time left to look', later)];
  const late = (): readonly Remark[] => [odd(`it took longer than ${Math.ceil(ms / 1000)} s to look`, later)];
  try {
    return await within(clock, ms, Promise.resolve(check.look(seen)), late);
  } catch (error) {
    return [odd(`could not be looked at: ${error instanceof Error ? error.message : String(error)}`, later)];
  }
}
