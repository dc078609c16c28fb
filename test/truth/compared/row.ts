import type { Evidence } from '../conformance/row.ts';

/** One thing that another system lets its admin set, call, read or receive, and what became of it here. */
export interface Row {
  /** Its name there, with the default where it is a setting. */
  readonly theirs: string;
  /** The name here, or why there is none. */
  readonly here: string;
  /** `same`: it can be had. `otherwise`: what it is for is reached another way. `not here`: it cannot be had, on purpose. */
  readonly status: 'same' | 'otherwise' | 'not here';
  readonly tests: Evidence;
}

/** One system, or one module of it. */
export interface Chapter {
  readonly title: string;
  readonly rows: readonly Row[];
}

export function same(theirs: string, here: string, tests: Evidence): Row {
  return { theirs, here, status: 'same', tests };
}

export function otherwise(theirs: string, here: string, tests: Evidence): Row {
  return { theirs, here, status: 'otherwise', tests };
}

export function notHere(theirs: string, why: string): Row {
  return { theirs, here: why, status: 'not here', tests: {} };
}
