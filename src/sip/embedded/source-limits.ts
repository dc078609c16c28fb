import type { Clock } from '../../model/clock.ts';
import type { Tally } from '../../model/tally.ts';
import { sourceNetwork } from './address.ts';
import { Recent } from './recent.ts';

/** Of one source: an IPv4 address or an IPv6 /64. */
export interface PerSource {
  /** Requests a second, in the long run. */
  readonly rate: number;
  /** Requests at once, after a silence. */
  readonly burst: number;
}

/**
 * An office of 300 phones with 20 keys behind one address asks 6,000 times after a power cut, each twice because of the
 * challenge. Within the 32 s in which phones repeat (Timer F) these numbers let 2,000 + 500 * 32 = 18,000 requests
 * through, and one source takes at most about a tenth of one core.
 */
export const defaultPerSource: PerSource = { rate: 500, burst: 2000 };

/** What becomes of a message before anybody reads it. `refuse`: a request is told 503; `drop`: silence. */
export type Admission = 'pass' | 'refuse' | 'drop';

/** A message that cannot be read costs more than one that can: it is searched for what an answer needs, and logged. */
export const malformedCost = 5;
/** A response that nobody waits for. */
export const strayCost = 1;

/** 503s a second for who is beyond his rate, and at once. More would make us answer a flood with a flood. */
const refusals: PerSource = { rate: 10, burst: 100 };
/** Sources remembered in each of two generations: about 2 MB, whatever number of addresses an attacker has. */
const generation = 8192;

class Bucket {
  #tokens: number;
  #refusals = refusals.burst;
  #at: number;

  constructor(burst: number, now: number) {
    this.#tokens = burst;
    this.#at = now;
  }

  take({ rate, burst }: PerSource, isResponse: boolean, now: number): Admission {
    this.#refill(rate, burst, now);
    // answers cost nothing where we asked for them; who spoils his account with others is no longer heard
    if (isResponse) return this.#tokens > -burst ? 'pass' : 'drop';
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 'pass';
    }
    if (this.#refusals < 1) return 'drop';
    this.#refusals -= 1;
    return 'refuse';
  }

  charge(cost: number, burst: number): void {
    this.#tokens = Math.max(this.#tokens - cost, -burst);
  }

  #refill(rate: number, burst: number, now: number): void {
    const seconds = (now - this.#at) / 1000;
    if (seconds === 0) return;
    this.#at = now;
    if (seconds < 0) return; // a clock set back gives nothing and takes nothing
    this.#tokens = Math.min(this.#tokens + seconds * rate, burst);
    this.#refusals = Math.min(this.#refusals + seconds * refusals.rate, refusals.burst);
  }
}

/** Token buckets: what one source may cost us. Looked at before a message is parsed. */
export class SourceLimits {
  readonly #clock: Clock;
  #perSource: PerSource;
  readonly #exempt: (address: string) => boolean;
  readonly #limited: Tally | undefined;
  readonly #buckets = new Recent<Bucket>(generation);

  /** `exempt`: sources that are not counted; asked for every message. `limited` counts those that are not admitted. */
  constructor(clock: Clock, perSource: PerSource, exempt: (address: string) => boolean, limited?: Tally) {
    this.#clock = clock;
    this.#perSource = perSource;
    this.#exempt = exempt;
    this.#limited = limited;
  }

  /** From the next message on; what a source has left stays, up to the new burst. */
  exchange(perSource: PerSource): void {
    this.#perSource = perSource;
  }

  /** Sources remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  admit(address: string, isResponse: boolean): Admission {
    if (this.#exempt(address)) return 'pass';
    const admission = this.#bucket(address).take(this.#perSource, isResponse, this.#clock.now());
    if (admission !== 'pass') this.#limited?.add(admission);
    return admission;
  }

  /** What a message cost beyond its token. */
  charge(address: string, cost: number): void {
    if (!this.#exempt(address)) this.#bucket(address).charge(cost, this.#perSource.burst);
  }

  #bucket(address: string): Bucket {
    const network = sourceNetwork(address);
    let bucket = this.#buckets.get(network);
    if (bucket === undefined) {
      bucket = new Bucket(this.#perSource.burst, this.#clock.now());
      this.#buckets.set(network, bucket);
    }
    return bucket;
  }
}

/** True for bytes that begin as a response does (RFC 3261 7.2); all else is counted as a request. */
export function looksLikeResponse(bytes: Buffer): boolean {
  return bytes[0] === 0x53 && bytes[1] === 0x49 && bytes[2] === 0x50 && bytes[3] === 0x2f; // SIP/
}
