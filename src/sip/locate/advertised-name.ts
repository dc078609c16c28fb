import type { Clock } from '../../model/clock.ts';
import type { Family, NameResolver } from './name-resolver.ts';
import { dnsName, plainAddress } from './records.ts';

/** How old an answer may be before DNS is asked again; ms. */
const maxAgeMs = 60_000;
const families: readonly Family[] = [4, 6];

/**
 * The addresses behind the name in `sip.advertise`: phones that look it up themselves may write one as the host of their
 * requests. Asked again when it is used, at most once a minute; what was known stays known while DNS fails.
 */
export class AdvertisedName {
  readonly #name: string | null;
  readonly #resolver: NameResolver;
  readonly #clock: Clock;
  #known: ReadonlySet<string> = new Set();
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `host`: without a port; an address has no name to look up. */
  constructor(host: string, resolver: NameResolver, clock: Clock) {
    this.#name = dnsName(host);
    this.#resolver = resolver;
    this.#clock = clock;
  }

  /** By what is known at the moment; a newer answer counts from the next call on. */
  has(address: string): boolean {
    if (this.#name === null) return false;
    const age = this.#clock.now() - this.#askedAt;
    if (age >= maxAgeMs || age < 0) void this.refresh();
    return this.#known.has(plainAddress(address));
  }

  /** Asks DNS now. Never rejects. */
  async refresh(): Promise<void> {
    const name = this.#name;
    if (name === null) return;
    this.#askedAt = this.#clock.now();
    const answers = await Promise.all(families.map((family) => this.#resolver.addresses(name, family)));
    const found = answers.flatMap((answer) => (answer.kind === 'records' ? answer.records : []));
    if (found.length > 0 || answers.every(({ kind }) => kind === 'none')) this.#known = new Set(found);
  }
}
