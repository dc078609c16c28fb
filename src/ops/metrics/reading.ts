import type { Spread } from '../../model/tally.ts';
import type { declared, MetricName } from './declared.ts';

/** Values of the labels in declared order, and the number. */
export type Sample = readonly [labels: readonly string[], value: number];
export type SpreadSample = readonly [labels: readonly string[], spread: Spread];

type ReaderOf<N extends MetricName> = (typeof declared)[N]['type'] extends 'histogram'
  ? () => Iterable<SpreadSample>
  : () => Iterable<Sample>;

/** Where each declared number comes from; called when somebody asks for `/metrics`, and only then. */
export type Readers = { readonly [N in MetricName]: ReaderOf<N> };

/** A number without labels. */
export function one(value: number | boolean | null): readonly Sample[] {
  return value === null ? [] : [[[], Number(value)]];
}
