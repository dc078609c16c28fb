/** A domain that phones asked in and that is not served, mostly an address missing in `aliases`. The texts come from the network. */
export interface UnservedDomain {
  /** Cleaned and short. */
  readonly domain: string;
  /** Who asked last; null: a trusted source without a usable From. */
  readonly by: string | null;
  /** Where that came from: `udp:192.0.2.1:5060`. */
  readonly source: string;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly lastAt: number;
}
