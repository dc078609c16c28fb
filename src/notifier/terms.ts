import type { EventPackage } from '../event-packages/event-package.ts';
import { type ListTerms, readList, writeList } from './list-terms.ts';
import { agreedRate, Pace, type Rate } from './rate.ts';

/** What few subscriptions agreed on beside the plain. */
export interface Terms {
  /** Parameters of Event that the package keeps. */
  readonly params: Readonly<Record<string, string>>;
  readonly pace: Pace | null;
  /** null: it is to a single resource. */
  readonly list: ListTerms | null;
}

export const noParams: Readonly<Record<string, string>> = {};

/** Kept of one parameter, characters; what is longer is cut. */
const longestParam = 200;

/**
 * The terms that a SUBSCRIBE asks for; null: the plain ones. The package's parameters stay as they were where a refresh does
 * not name them; rates it does not name are gone (RFC 6446 4.1).
 *
 * @param limits seconds granted, and milliseconds from one change to the next
 */
export function termsOf(
  asked: Readonly<Record<string, string>>,
  pkg: EventPackage,
  limits: { readonly expires: number; readonly intervalMs: number },
  before: Terms | null,
  list: ListTerms | null,
): Terms | null {
  const kept = { ...before?.params };
  for (const name of pkg.params ?? []) {
    const value = asked[name];
    if (value !== undefined) kept[name] = value.slice(0, longestParam);
  }
  return made(isEmpty(kept) ? noParams : kept, agreedRate(asked, limits), before?.pace ?? null, list);
}

/** The same with other rates: what a 2xx to a NOTIFY asks for (RFC 6446 4.1). */
export function withRate(before: Terms | null, rate: Rate | null): Terms | null {
  return made(before?.params ?? noParams, rate, before?.pace ?? null, before?.list ?? null);
}

function made(params: Terms['params'], rate: Rate | null, before: Pace | null, list: Terms['list']): Terms | null {
  if (rate === null) return isEmpty(params) && list === null ? null : { params, pace: null, list };
  // equal rates go on counting
  return { params, pace: before !== null && isSame(before.rate, rate) ? before : new Pace(rate, before), list };
}

/** As it is stored; null: nothing is. */
export function writeExtra(terms: Terms | null): string | null {
  if (terms === null) return null;
  const { params, pace, list } = terms;
  const rate = pace?.rate ?? null;
  return JSON.stringify(list === null ? { params, rate } : { params, rate, list: writeList(list) });
}

/** Stored terms; null where there are none, and where the text is not what `writeExtra` writes. */
export function readExtra(extra: string | null): Terms | null {
  if (extra === null) return null;
  try {
    const { params, rate, list } = JSON.parse(extra) as Readonly<Record<string, unknown>>;
    return made(readParams(params), readRate(rate), null, readList(list));
  } catch {
    return null;
  }
}

function readParams(raw: unknown): Terms['params'] {
  if (typeof raw !== 'object' || raw === null) return noParams;
  const texts = Object.entries(raw).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return texts.length === 0 ? noParams : Object.fromEntries(texts);
}

function readRate(raw: unknown): Rate | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const { max, min, adaptiveMin } = raw as Readonly<Record<string, unknown>>;
  return { max: positive(max), min: positive(min), adaptiveMin: positive(adaptiveMin) };
}

function positive(raw: unknown): number | null {
  return typeof raw === 'number' && Number.isFinite(raw) && raw > 0 ? raw : null;
}

function isSame(a: Rate, b: Rate): boolean {
  return a.max === b.max && a.min === b.min && a.adaptiveMin === b.adaptiveMin;
}

export function isEmpty(params: Readonly<Record<string, string>>): boolean {
  for (const _ in params) return false;
  return true;
}
