import { createHash, timingSafeEqual } from 'node:crypto';
import type { Role } from './roles.ts';

/** Who asks, and what he may. */
export interface Holder {
  readonly name: string;
  readonly role: Role;
}

/** A token as it is configured: its SHA-256 alone is kept. */
export interface AccessToken extends Holder {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** Everybody who gets here, where no token is configured: only loopback listeners may do without. */
const local: Holder = { name: 'local', role: 'admin' };

interface Kept {
  readonly holder: Holder;
  readonly digest: Buffer;
}

/** The tokens that are good at this moment. */
export class Tokens {
  #kept: readonly Kept[] = [];

  constructor(tokens: readonly AccessToken[]) {
    this.set(tokens);
  }

  /** Nobody is asked for one. */
  get none(): boolean {
    return this.#kept.length === 0;
  }

  /** From now on these. */
  set(tokens: readonly AccessToken[]): void {
    this.#kept = tokens.map(({ name, role, sha256: hex }) => ({
      holder: { name, role },
      digest: Buffer.from(hex, 'hex'),
    }));
  }

  /** Whose token `Authorization` bears; null: nobody's. Takes the same time whatever differs, and where. */
  holderOf(authorization: string | undefined): Holder | null {
    if (this.none) return local;
    const [, given] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    const digest = sha256(given ?? '');
    let found: Holder | null = null;
    // Digests are compared, which have one length, and all of them.
    for (const one of this.#kept) if (timingSafeEqual(one.digest, digest)) found = one.holder;
    return given === undefined ? null : found;
  }
}

/** As configured in clear text: the token of `name`. */
export function tokenOf(name: string, role: Role, text: string): AccessToken {
  return { name, role, sha256: sha256(text).toString('hex') };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
