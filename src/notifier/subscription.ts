import type { RenderRequest, Scope } from '../event-packages/event-package.ts';

export type Occasion = RenderRequest['occasion'];

/** The longest that ends by itself: of a Retry-After. */
export const longestPauseMs = 3_600_000;

/**
 * What one subscription owes its phone and when it may be paid: the part of RFC 6665 4.2.2 that has state. Immutable;
 * each function below is one input and gives the next debt, the frequent ones field by field: a spread costs 2 us here, a
 * tenth of a fan-out. `due` tells when a NOTIFY may go; the outbox sends it.
 */
export interface Debt {
  /** What the next NOTIFY is about; null: nothing is owed. */
  readonly scope: Scope | null;
  readonly occasion: Occasion;
  /** Exempt from the rate: `asked` by a SUBSCRIBE or ending; `run`: the rest of what did not fit one NOTIFY. */
  readonly haste: 'none' | 'run' | 'asked';
  /** SUBSCRIBEs whose wishes have no verdict yet: no NOTIFY before it, or an early one would flip the lamp back. */
  readonly holds: number;
  /** Clock time at which the verdicts are waited for no longer. */
  readonly heldUntil: number;
  /** Clock time before which nothing is sent; Infinity: not before the phone subscribes again. */
  readonly pausedUntil: number;
  /** The pause stands whatever happens (Retry-After, dead connection); otherwise a change breaks it. */
  readonly strict: boolean;
  /** Clock time of the last NOTIFY that counts for the rate. */
  readonly ratedAt: number;
  /** NOTIFYs in a row that nobody answered, and that were answered with an error. */
  readonly timeouts: number;
  readonly errors: number;
}

function nothingSince(ratedAt: number): Debt {
  return {
    scope: null,
    occasion: 'change',
    haste: 'none',
    holds: 0,
    heldUntil: 0,
    pausedUntil: 0,
    strict: false,
    ratedAt,
    timeouts: 0,
    errors: 0,
  };
}

export const nothingOwed: Debt = nothingSince(Number.NEGATIVE_INFINITY);

/** What a birth owes: one object for all of them. */
const allOwed: Debt = {
  scope: 'full',
  occasion: 'initial',
  haste: 'asked',
  holds: 0,
  heldUntil: 0,
  pausedUntil: 0,
  strict: false,
  ratedAt: nothingOwed.ratedAt,
  timeouts: 0,
  errors: 0,
};

/** The union; `full` covers everything. */
export function joinScopes(a: Scope | null, b: Scope | null): Scope | null {
  if (a === null || b === null) return a ?? b;
  if (a === 'full' || b === 'full') return 'full';
  return [...new Set([...a, ...b])];
}

/** `scope` without `told`; null where nothing is left. */
export function restOfScope(scope: Scope | null, told: Scope): Scope | null {
  if (scope === null || scope === 'full' || told === 'full') return null;
  const rest = scope.filter((aspect) => !told.includes(aspect));
  return rest.length === 0 ? null : rest;
}

/**
 * A SUBSCRIBE was accepted, the daemon was restarted, or an admin asked: NOTIFY at once (RFC 6665 4.2.1.2), whatever
 * went wrong before, for the phone is there.
 */
export function asked(debt: Debt, scope: Scope): Debt {
  if (debt === nothingOwed && scope === 'full') return allOwed;
  const occasion = stronger(debt.occasion, 'initial');
  const owed = joinScopes(debt.scope, scope);
  const { holds, heldUntil, ratedAt } = debt;
  return {
    scope: owed,
    occasion,
    haste: 'asked',
    holds,
    heldUntil,
    pausedUntil: 0,
    strict: false,
    ratedAt,
    timeouts: 0,
    errors: 0,
  };
}

/**
 * A SUBSCRIBE was accepted of a phone that has the present state (RFC 5839 6.3): nothing is owed for it, and what went wrong
 * before is over, for the phone is there.
 */
export function spared(debt: Debt): Debt {
  if (debt.pausedUntil === 0 && debt.timeouts === 0 && debt.errors === 0) return debt;
  return { ...debt, pausedUntil: 0, strict: false, timeouts: 0, errors: 0 };
}

/** A NOTIFY is owed, and no state with it (RFC 5839 6.2). */
export const noState: Scope = [];

/** Stored over a connection that died with the last process: everything, as soon as the phone subscribes again. */
export const parked: Debt = {
  ...nothingOwed,
  scope: 'full',
  occasion: 'initial',
  pausedUntil: Number.POSITIVE_INFINITY,
  strict: true,
};

/** Its dialog has another path: what only a dead connection held back may go. */
export function reached(debt: Debt): Debt {
  return debt.pausedUntil === Number.POSITIVE_INFINITY ? { ...debt, pausedUntil: 0, strict: false } : debt;
}

/** The 200 is on its way and its wishes are at the gate. */
export function held(debt: Debt, until: number): Debt {
  return { ...debt, holds: debt.holds + 1, heldUntil: Math.max(until, debt.heldUntil) };
}

/** The verdicts of one SUBSCRIBE are in. */
export function released(debt: Debt): Debt {
  const holds = Math.max(debt.holds - 1, 0);
  return { ...debt, holds, heldUntil: holds === 0 ? 0 : debt.heldUntil };
}

/** Something it reads is different. No aspects: all of the topic. */
export function changed(debt: Debt, aspects: readonly string[]): Debt {
  const news: Scope = aspects.length === 0 ? 'full' : aspects;
  const pausedUntil = debt.strict ? debt.pausedUntil : 0;
  if (debt.scope === null) {
    const { holds, heldUntil, strict, ratedAt, timeouts, errors } = debt;
    return {
      scope: news,
      occasion: 'change',
      haste: 'none',
      holds,
      heldUntil,
      pausedUntil,
      strict,
      ratedAt,
      timeouts,
      errors,
    };
  }
  if (debt.scope === 'full' && pausedUntil === debt.pausedUntil) return debt;
  return { ...debt, scope: joinScopes(debt.scope, news), pausedUntil };
}

/** It ends: one more NOTIFY with everything, then nothing (RFC 6665 4.4.1). */
export function ends(debt: Debt): Debt {
  return { ...debt, scope: 'full', occasion: 'final', haste: 'asked' };
}

/** Clock time at which the next NOTIFY may go; Infinity: none is owed, or none may. */
export function due(debt: Debt, intervalMs: number): number {
  if (debt.scope === null) return Number.POSITIVE_INFINITY;
  const verdicts = debt.holds > 0 ? debt.heldUntil : 0;
  if (debt.occasion === 'final') return verdicts;
  const paced = debt.haste === 'none' ? debt.ratedAt + intervalMs : 0; // RFC 4235 3.10
  return Math.max(verdicts, debt.pausedUntil, paced);
}

/** A clock that was set back: nothing was told later than now, and no pause is longer than the longest. */
export function setBack(debt: Debt, now: number): Debt {
  const endless = debt.pausedUntil === Number.POSITIVE_INFINITY;
  const pausedUntil = endless ? debt.pausedUntil : Math.min(debt.pausedUntil, now + longestPauseMs);
  if (debt.ratedAt <= now && pausedUntil === debt.pausedUntil) return debt;
  return { ...debt, ratedAt: Math.min(debt.ratedAt, now), pausedUntil };
}

/** A NOTIFY left; `rest` is what it did not fit, and goes as soon as this one is answered. */
export function sent(debt: Debt, now: number, rest: Scope | null): Debt {
  const ratedAt = debt.occasion === 'change' || debt.haste === 'none' ? now : debt.ratedAt;
  const left = rest === null ? nothingOwed : { scope: rest, occasion: debt.occasion, haste: 'run' as const };
  const { scope, occasion, haste } = left;
  if (rest === null && isUntroubled(debt)) return paidAt(ratedAt);
  const { holds, heldUntil, timeouts, errors } = debt;
  return {
    scope,
    occasion,
    haste,
    holds,
    heldUntil,
    pausedUntil: 0,
    strict: false,
    ratedAt,
    timeouts,
    errors,
  };
}

/** Thousands that owe nothing, and were told in the same millisecond or never, share one object. */
let lastPaid = nothingOwed;

function paidAt(ratedAt: number): Debt {
  if (ratedAt === nothingOwed.ratedAt) return nothingOwed;
  if (ratedAt === lastPaid.ratedAt) return lastPaid;
  lastPaid = nothingSince(ratedAt);
  return lastPaid;
}

function isUntroubled({ holds, heldUntil, timeouts, errors }: Debt): boolean {
  return holds === 0 && heldUntil === 0 && timeouts === 0 && errors === 0;
}

/** Nothing of what is owed differs from what the phone has been shown. */
export function paid(debt: Debt): Debt {
  return { ...debt, scope: null, haste: 'none' };
}

/** The phone took it. */
export function told(debt: Debt): Debt {
  return debt.timeouts === 0 && debt.errors === 0 ? debt : { ...debt, timeouts: 0, errors: 0 };
}

/** Nobody knows whether the phone saw it. */
export function owedAgain(debt: Debt, covers: Scope, occasion: Occasion): Debt {
  return { ...debt, scope: joinScopes(debt.scope, covers), occasion: stronger(debt.occasion, occasion) };
}

export interface Miss {
  readonly kind: 'timeout' | 'error';
  /** Milliseconds; Infinity: until the phone subscribes again. */
  readonly pauseMs: number;
  readonly strict: boolean;
}

/**
 * The phone did not take it: the same is owed again, to be rendered from what is true then (RFC 3261 21.5.4). A pause
 * that is not strict gives way to a SUBSCRIBE and to news that came meanwhile.
 */
export function missed(debt: Debt, now: number, covers: Scope, occasion: Occasion, miss: Miss): Debt {
  const news = debt.scope !== null && (miss.kind === 'timeout' || debt.haste !== 'run'); // the rest of a run is none
  const waited = debt.haste === 'asked' || news;
  return {
    ...owedAgain(debt, covers, occasion),
    haste: debt.haste === 'asked' ? 'asked' : 'none',
    pausedUntil: waited && !miss.strict ? 0 : now + miss.pauseMs,
    strict: miss.strict,
    timeouts: miss.kind === 'timeout' ? debt.timeouts + 1 : 0,
    errors: miss.kind === 'error' ? debt.errors + 1 : 0,
  };
}

const rank: { readonly [occasion in Occasion]: number } = { change: 0, initial: 1, final: 2 };

function stronger(a: Occasion, b: Occasion): Occasion {
  return rank[a] >= rank[b] ? a : b;
}
