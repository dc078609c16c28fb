/*
 * Media ranges of an Accept header (RFC 3261 20.1) as they are kept: in lower case, the most wanted first, without
 * parameters, but for those that are not wanted at all: they say so, and stand last.
 */

const unwanted = ';q=0';

/** How a range with `q=0` is kept: equal to no type, and no wildcard. */
export function notWanted(range: string): string {
  return `${range}${unwanted}`;
}

/** False: it takes something away, and gives nothing. */
export function isWanted(range: string): boolean {
  return !range.endsWith(unwanted);
}

/** 0: one type; 1: all of a kind; 2: everything. */
export function widthOf(range: string): 0 | 1 | 2 {
  if (range === '*/*') return 2;
  return range.endsWith('/*') ? 1 : 0;
}

/**
 * Where the range stands that decides about a type: the most specific one (RFC 2616 14.1, to which RFC 3261 20.1 sends us).
 * -1: there is none, or it says that the type is not wanted.
 */
export function rangeFor(type: string, ranges: readonly string[]): number {
  for (const range of [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*']) {
    const at = ranges.indexOf(range);
    if (at >= 0 || ranges.includes(notWanted(range))) return at;
  }
  return -1;
}
