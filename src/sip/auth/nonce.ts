import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import type { Random } from '../../model/random.ts';

const timeBytes = 6;
const chanceBytes = 4;
const placeBytes = 4;
const macBytes = 10;
const placeAt = timeBytes + chanceBytes;
const bodyBytes = placeAt + placeBytes;

/** A clock that was set back a little must not make every nonce look forged. */
const toleratedFutureMs = 60_000;
/** Addresses whose place is remembered: phones come again and again. */
const maxPlaces = 4096;

/**
 * `fresh`: good. `elsewhere`: sent to another address, and good only where something else, the tags of a dialog, stops a
 * stranger. `stale`: too old. `foreign`: not made here, for another domain, with another secret, or too old and sent to
 * another address.
 */
type NonceState = 'fresh' | 'elsewhere' | 'stale' | 'foreign';

export interface NonceVerdict {
  readonly state: NonceState;
  /** It was sent to the address that shows it, within its lifetime: an address may have another owner by now. */
  readonly atHome: boolean;
  /** Milliseconds since the epoch; 0 for `foreign`. */
  readonly issuedAt: number;
}

const foreign: NonceVerdict = { state: 'foreign', atHome: false, issuedAt: 0 };

/**
 * Nonces without storage: time, chance, the place they were sent to, and an HMAC over all three. They outlive a restart,
 * because their secret does. The place is the address without the port: CGNAT changes ports from one request to the next,
 * and the address alone tells that whoever shows the nonce has received it there.
 * Each domain has its own key: what was answered to the challenge of one is worth nothing in another, where a namesake may
 * have the same password.
 * `lifetimeMs` is longer than any subscription: a phone refreshes with the nonce it has, and COMPAT(Linphone): drops
 * the dialog when that refresh is answered 401, even with stale=true.
 */
export class Nonces {
  readonly #key: Buffer;
  readonly #keys = new Map<string, Buffer>();
  readonly #placeKey: Buffer;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lifetimeMs: number;
  readonly #places = new Map<string, Buffer>();

  constructor(options: { secret: Buffer; clock: Clock; random: Random; lifetimeMs?: number }) {
    this.#key = createHmac('sha256', options.secret).update('digest nonce').digest();
    this.#placeKey = createHmac('sha256', options.secret).update('digest nonce place').digest();
    this.#clock = options.clock;
    this.#random = options.random;
    this.#lifetimeMs = options.lifetimeMs ?? 2 * 3600_000;
  }

  /** For a challenge that goes to this address. `domain`: one of ours, of which there are few. */
  issue(address: string, domain: string): string {
    const bytes = Buffer.alloc(bodyBytes + macBytes);
    bytes.writeUIntBE(this.#clock.now(), 0, timeBytes);
    this.#random.bytes(chanceBytes).copy(bytes, timeBytes);
    this.#placeOf(address).copy(bytes, placeAt);
    this.#mac(bytes, domain).copy(bytes, bodyBytes, 0, macBytes);
    return bytes.toString('base64url');
  }

  judge(nonce: string, address: string, domain: string): NonceVerdict {
    const bytes = Buffer.from(nonce, 'base64url');
    // The decoder skips what it does not know: only the one spelling that was issued counts.
    if (bytes.length !== bodyBytes + macBytes || bytes.toString('base64url') !== nonce) return foreign;
    if (!timingSafeEqual(bytes.subarray(bodyBytes), this.#mac(bytes, domain).subarray(0, macBytes))) return foreign;
    const issuedAt = bytes.readUIntBE(0, timeBytes);
    const state = this.#state(issuedAt, timingSafeEqual(bytes.subarray(placeAt, bodyBytes), this.#placeOf(address)));
    return { state, atHome: state === 'fresh', issuedAt };
  }

  #state(issuedAt: number, atHome: boolean): NonceState {
    const age = this.#clock.now() - issuedAt;
    if (age < -toleratedFutureMs || age >= this.#lifetimeMs) return atHome ? 'stale' : 'foreign';
    return atHome ? 'fresh' : 'elsewhere';
  }

  #mac(bytes: Buffer, domain: string): Buffer {
    let key = this.#keys.get(domain);
    if (key === undefined) {
      key = createHmac('sha256', this.#key).update(domain).digest();
      this.#keys.set(domain, key);
    }
    return createHmac('sha256', key).update(bytes.subarray(0, bodyBytes)).digest();
  }

  #placeOf(address: string): Buffer {
    const known = this.#places.get(address);
    if (known !== undefined) return known;
    const place = createHmac('sha256', this.#placeKey).update(address).digest().subarray(0, placeBytes);
    if (this.#places.size >= maxPlaces) this.#places.clear();
    this.#places.set(address, place);
    return place;
  }
}
