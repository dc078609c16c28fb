import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { printable } from '../model/printable.ts';
import type { UnservedDomain } from '../model/unserved-domain.ts';
import type { Flow } from './engine.ts';
import { detached } from './message/wire-text.ts';
import { sourceOf } from './source.ts';

/** A domain has one line in this time; milliseconds. */
const quietMs = 3_600_000;
/** More domains than this are not kept, and have no lines within that time: whoever was silent for longest is forgotten. */
const most = 20;
const longest = 64;

interface Kept extends UnservedDomain {
  readonly saidAt: number;
}

/** What the steps of a request need of it. */
export interface UnservedReports {
  /** @param by who asked: he has proven it, or comes from a trusted network. */
  note(host: string, by: string | null, flow: Flow): void;
}

/**
 * Domains that phones asked in and that are not served: the commonest mistake is an address of the PBX that is not in
 * `aliases`. Told in the log once a domain and hour, and kept for whoever seeks why a phone stays dark. Bounded, whatever comes.
 */
export class UnservedDomains implements UnservedReports {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #isServed: (host: string) => boolean;
  /** The one of longest ago first. */
  readonly #kept = new Map<string, Kept>();
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;

  /** @param isServed as of now: a domain that was named in `aliases` meanwhile is no news any more. */
  constructor(clock: Clock, logger: Logger, isServed: (host: string) => boolean) {
    this.#clock = clock;
    this.#logger = logger;
    this.#isServed = isServed;
  }

  note(host: string, by: string | null, flow: Flow): void {
    const domain = short(host.toLowerCase());
    const now = this.#clock.now();
    const known = this.#kept.get(domain);
    const isDue = known === undefined || !isWithin(known.saidAt, now);
    const isSaid = isDue && this.#hasLine(now);
    const one: Kept = {
      domain,
      by: by === null ? null : short(by),
      source: sourceOf(flow),
      count: (known?.count ?? 0) + 1,
      lastAt: now,
      saidAt: isSaid ? now : (known?.saidAt ?? Number.NEGATIVE_INFINITY),
    };
    this.#kept.delete(domain);
    this.#kept.set(domain, one);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > most && oldest !== undefined) this.#kept.delete(oldest);
    if (!isSaid) return;
    this.#logger.warn(
      { domain, by: one.by, source: one.source, count: one.count },
      'a phone asks in a domain that is not served: it belongs into aliases, or has to be the domain',
    );
  }

  /** Since the start; the one of longest ago first. */
  list(): readonly UnservedDomain[] {
    return [...this.#kept.values()].filter(({ domain }) => !this.#isServed(domain));
  }

  /** Who has a password could write another domain each time. */
  #hasLine(now: number): boolean {
    if (!isWithin(this.#since, now)) [this.#since, this.#lines] = [now, 0];
    this.#lines += 1;
    return this.#lines <= most;
  }
}

/** A clock that was set back ends the quiet, too. */
function isWithin(since: number, now: number): boolean {
  return now >= since && now - since < quietMs;
}

/** A copy: a cut would hold the whole message. */
function short(text: string): string {
  return detached(printable(text, longest));
}
