import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import type { Random } from '../../model/random.ts';

const timeBytes = 6;
const chanceBytes = 6;
const macBytes = 12;
const bodyBytes = timeBytes + chanceBytes;

/** A clock that was set back a little must not make every nonce look forged. */
const toleratedFutureMs = 60_000;

/**
 * Nonces without storage: time, chance and an HMAC over both. They outlive a restart, because their secret does.
 * `lifetimeMs` is longer than any subscription: a phone refreshes with the nonce it has, and COMPAT(Linphone): drops
 * the dialog when that refresh is answered 401, even with stale=true.
 */
export class Nonces {
  readonly #key: Buffer;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lifetimeMs: number;
  readonly #bornAt: number;

  constructor(options: { secret: Buffer; clock: Clock; random: Random; lifetimeMs?: number }) {
    this.#bornAt = options.clock.now();
    this.#key = createHmac('sha256', options.secret).update('digest nonce').digest();
    this.#clock = options.clock;
    this.#random = options.random;
    this.#lifetimeMs = options.lifetimeMs ?? 2 * 3600_000;
  }

  issue(): string {
    const body = Buffer.alloc(bodyBytes);
    body.writeUIntBE(this.#clock.now(), 0, timeBytes);
    this.#random.bytes(chanceBytes).copy(body, timeBytes);
    return Buffer.concat([body, this.#mac(body)]).toString('base64url');
  }

  /**
   * `foreign`: not made here, or with another secret. `inherited`: made before this process, whose counts are gone: good
   * only where something else, a dialog's CSeq, stops a replay.
   */
  judge(nonce: string): 'fresh' | 'inherited' | 'stale' | 'foreign' {
    const bytes = Buffer.from(nonce, 'base64url');
    // The decoder skips what it does not know: only the one spelling that was issued counts.
    if (bytes.length !== bodyBytes + macBytes || bytes.toString('base64url') !== nonce) return 'foreign';
    const body = bytes.subarray(0, bodyBytes);
    if (!timingSafeEqual(bytes.subarray(bodyBytes), this.#mac(body))) return 'foreign';
    const issuedAt = body.readUIntBE(0, timeBytes);
    const age = this.#clock.now() - issuedAt;
    if (age < -toleratedFutureMs || age >= this.#lifetimeMs) return 'stale';
    return issuedAt < this.#bornAt ? 'inherited' : 'fresh';
  }

  #mac(body: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(body).digest().subarray(0, macBytes);
  }
}

/**
 * The highest nonce-count seen for each (nonce, user). Any growth is accepted (phones start at 3, or skip); the same
 * or a lower one is a replay. Only verified requests may be counted, else a stranger could lock a phone out.
 */
export class NonceCounts {
  readonly #highest = new Map<string, number>();
  readonly #limit: number;

  /** `limit`: pairs remembered; the least recently used is forgotten first. */
  constructor(limit = 50_000) {
    this.#limit = limit;
  }

  /** True, and remembered, where `count` is higher than any before. */
  grows(nonce: string, user: string, count: number): boolean {
    const key = `${nonce} ${user}`;
    const before = this.#highest.get(key);
    if (before !== undefined && count <= before) return false;
    this.#highest.delete(key);
    this.#highest.set(key, count);
    if (this.#highest.size > this.#limit) {
      for (const oldest of this.#highest.keys()) {
        this.#highest.delete(oldest);
        break;
      }
    }
    return true;
  }

  get size(): number {
    return this.#highest.size;
  }
}
