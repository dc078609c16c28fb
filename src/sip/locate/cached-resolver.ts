import type { Clock } from '../../model/clock.ts';
import type { Answer, Family, NameResolver } from './name-resolver.ts';
import type { NaptrRecord, SrvRecord } from './records.ts';

interface Kept<T> {
  readonly answer: Promise<Answer<T>>;
  readonly asked: number;
  /** Infinity while the question is under way. */
  until: number;
}

/** Names remembered, of each type; the one asked longest ago goes first. */
const maxNames = 1000;
/** Node does not tell the TTL of SRV and NAPTR; ms. */
const unknownTtlMs = 60_000;
/** However long a zone wants to be remembered (RFC 2181 8 allows 68 years); ms. */
const longestTtlMs = 3_600_000;
/** Node tells no SOA either (RFC 2308 5); ms. */
const absentMs = 15_000;
/** Long enough that a storm asks once, short enough that a DNS that came back is noticed; ms. */
const failedMs = 3_000;

/** Asks each question once at a time and remembers what was said, as long as its TTL says. */
export class CachedResolver implements NameResolver {
  readonly #resolver: NameResolver;
  readonly #clock: Clock;
  readonly #naptr = new Map<string, Kept<NaptrRecord>>();
  readonly #srv = new Map<string, Kept<SrvRecord>>();
  readonly #v4 = new Map<string, Kept<string>>();
  readonly #v6 = new Map<string, Kept<string>>();

  constructor(resolver: NameResolver, clock: Clock) {
    this.#resolver = resolver;
    this.#clock = clock;
  }

  naptr(name: string): Promise<Answer<NaptrRecord>> {
    return this.#once(this.#naptr, name, () => this.#resolver.naptr(name));
  }

  srv(name: string): Promise<Answer<SrvRecord>> {
    return this.#once(this.#srv, name, () => this.#resolver.srv(name));
  }

  addresses(name: string, family: Family): Promise<Answer<string>> {
    return this.#once(family === 4 ? this.#v4 : this.#v6, name, () => this.#resolver.addresses(name, family));
  }

  /** Names kept, over all types. */
  get size(): number {
    return this.#naptr.size + this.#srv.size + this.#v4.size + this.#v6.size;
  }

  #once<T>(kept: Map<string, Kept<T>>, name: string, ask: () => Promise<Answer<T>>): Promise<Answer<T>> {
    const known = kept.get(name);
    const now = this.#clock.now();
    // a clock that was set back must not make an answer live longer
    if (known !== undefined && now < known.until && now >= known.asked) return known.answer;
    const entry: Kept<T> = { answer: ask(), asked: now, until: Number.POSITIVE_INFINITY };
    kept.delete(name);
    kept.set(name, entry);
    if (kept.size > maxNames) {
      const oldest = kept.keys().next();
      if (!oldest.done) kept.delete(oldest.value);
    }
    return entry.answer.then((answer) => {
      entry.until = this.#clock.now() + lifeMs(answer);
      return answer;
    });
  }
}

function lifeMs<T>(answer: Answer<T>): number {
  if (answer.kind === 'none') return absentMs;
  if (answer.kind === 'failed') return failedMs;
  return answer.ttl === null ? unknownTtlMs : Math.min(Math.max(answer.ttl, 0) * 1000, longestTtlMs);
}
