import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import type { Random } from '../../model/random.ts';
import { KeyedHash } from './keyed-hash.ts';

const timeBytes = 6;
const chanceBytes = 4;
const placeBytes = 4;
const macBytes = 10;
const placeAt = timeBytes + chanceBytes;
const bodyBytes = placeAt + placeBytes;
/** 24 bytes: 32 signs without a bit to spare, so each has one spelling. */
const issued = /^[A-Za-z0-9_-]{32}$/;

/** A clock that was set back a little must not make every nonce look forged. */
const toleratedFutureMs = 60_000;
/** Bytes of an IPv6 address with its zone, and to spare. */
const longestAddress = 128;

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
 * Nonces without storage: time, chance, the place they were sent to, and a keyed hash over all three. They outlive a restart,
 * because their secret does. The place is the address without the port: CGNAT changes ports from one request to the next,
 * and the address alone tells that whoever shows the nonce has received it there.
 * Each domain has its own key: what was answered to the challenge of one is worth nothing in another, where a namesake may
 * have the same password.
 * `lifetimeMs` is longer than any subscription: a phone refreshes with the nonce it has, and COMPAT(Linphone): drops
 * the dialog when that refresh is answered 401, even with stale=true.
 */
export class Nonces {
  readonly #key: Buffer;
  readonly #macs = new Map<string, KeyedHash>();
  readonly #places: KeyedHash;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lifetimeMs: number;
  /** The nonce that is being made, or the one that would be right. */
  readonly #bytes = Buffer.alloc(bodyBytes + macBytes);

  constructor(options: { secret: Buffer; clock: Clock; random: Random; lifetimeMs?: number }) {
    this.#key = createHmac('sha256', options.secret).update('digest nonce').digest();
    const placeKey = createHmac('sha256', options.secret).update('digest nonce place').digest();
    this.#places = new KeyedHash(placeKey, placeBytes, longestAddress);
    this.#clock = options.clock;
    this.#random = options.random;
    this.#lifetimeMs = options.lifetimeMs ?? 2 * 3600_000;
  }

  /** For a challenge that goes to this address. `domain`: one of ours, of which there are few. */
  issue(address: string, domain: string): string {
    const bytes = this.#bytes;
    bytes.writeUIntBE(this.#clock.now(), 0, timeBytes);
    this.#random.bytes(chanceBytes).copy(bytes, timeBytes);
    this.#setPlace(address);
    this.#setMac(domain);
    return bytes.toString('base64url');
  }

  judge(nonce: string, address: string, domain: string): NonceVerdict {
    // The decoder skips what it does not know, and takes plain Base64: only the one spelling that was issued counts.
    if (!issued.test(nonce)) return foreign;
    const given = Buffer.from(nonce, 'base64url');
    given.copy(this.#bytes);
    this.#setMac(domain);
    if (!timingSafeEqual(given, this.#bytes)) return foreign;
    this.#setPlace(address);
    const issuedAt = given.readUIntBE(0, timeBytes);
    const state = this.#state(issuedAt, timingSafeEqual(given, this.#bytes));
    return { state, atHome: state === 'fresh', issuedAt };
  }

  #state(issuedAt: number, atHome: boolean): NonceState {
    const age = this.#clock.now() - issuedAt;
    if (age < -toleratedFutureMs || age >= this.#lifetimeMs) return atHome ? 'stale' : 'foreign';
    return atHome ? 'fresh' : 'elsewhere';
  }

  #setPlace(address: string): void {
    this.#bytes.write(this.#places.of(address), placeAt, 'latin1');
  }

  /** That of all before it. */
  #setMac(domain: string): void {
    let macs = this.#macs.get(domain);
    if (macs === undefined) {
      macs = new KeyedHash(createHmac('sha256', this.#key).update(domain).digest(), macBytes, bodyBytes);
      this.#macs.set(domain, macs);
    }
    this.#bytes.write(macs.of(this.#bytes.toString('latin1', 0, bodyBytes)), bodyBytes, 'latin1');
  }
}
