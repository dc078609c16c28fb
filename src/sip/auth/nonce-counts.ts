import { ownCopy } from './own-copy.ts';

interface Counted {
  highest: number;
  /** Bit n: `highest - n` has been used. */
  used: number;
}

/** Forgotten as a whole: no order to keep, and no hole in a map for each that goes. */
interface Generation {
  readonly counted: Map<string, Counted>;
  /** The latest time of issue of all its nonces. */
  latest: number;
}

/** Counts behind the highest that may still come: phones send several SUBSCRIBEs at once, and UDP swaps them. */
const windowBits = 32;

/**
 * The nonce counts seen for each (nonce, user): each is taken once (RFC 7616 3.4). Any growth is accepted (phones start at
 * 3, or skip), and of the 32 counts below the highest those that have not been used. Only verified requests may be
 * counted, else a stranger could lock a phone out.
 */
export class NonceCounts {
  #young: Generation = emptyGeneration();
  #old: Generation = emptyGeneration();
  readonly #limit: number;
  /** Nonces issued until then, and without a count, may have had one. */
  #forgottenUntil: number;

  /**
   * `bornAt`: counts of nonces issued before are not known; milliseconds. `limit`: pairs remembered; the half that was
   * not used for longest is forgotten first.
   */
  constructor(bornAt: number, limit = 50_000) {
    this.#forgottenUntil = bornAt - 1;
    this.#limit = limit;
  }

  /**
   * `new`: not used so far, and remembered as used. `used`: a replay. `forgotten`: nobody can tell. `issuedAt`: of the
   * nonce; milliseconds. `guarded`: something else stops a replay; what is forgotten then counts as new.
   */
  take(nonce: string, user: string, count: number, issuedAt: number, guarded: boolean): 'new' | 'used' | 'forgotten' {
    const key = `${nonce} ${user}`;
    const counted = this.#young.counted.get(key) ?? this.#old.counted.get(key);
    if (counted === undefined && issuedAt <= this.#forgottenUntil && !guarded) return 'forgotten';
    if (counted !== undefined && !mark(counted, count)) return 'used';
    this.#keep(key, counted ?? { highest: count, used: 1 }, issuedAt);
    return 'new';
  }

  get size(): number {
    return this.#young.counted.size + this.#old.counted.size;
  }

  #keep(key: string, counted: Counted, issuedAt: number): void {
    const young = this.#young;
    if (young.counted.has(key)) return;
    young.counted.set(ownCopy(key), counted); // a key of cuts would keep its whole message in memory: 60 kB each (measured)
    young.latest = Math.max(young.latest, issuedAt);
    this.#old.counted.delete(key);
    if (young.counted.size < this.#limit / 2) return;
    this.#forgottenUntil = Math.max(this.#forgottenUntil, this.#old.counted.size > 0 ? this.#old.latest : 0);
    this.#old = young;
    this.#young = emptyGeneration();
  }
}

function emptyGeneration(): Generation {
  return { counted: new Map(), latest: 0 };
}

/** False where the count has been used, or is too far below the highest to tell. */
function mark(counted: Counted, count: number): boolean {
  const ahead = count - counted.highest;
  if (ahead > 0) {
    counted.used = ahead >= windowBits ? 1 : ((counted.used << ahead) | 1) >>> 0;
    counted.highest = count;
    return true;
  }
  const bit = -ahead < windowBits ? (1 << -ahead) >>> 0 : 0;
  if (bit === 0 || (counted.used & bit) !== 0) return false;
  counted.used = (counted.used | bit) >>> 0;
  return true;
}
