import { type Aor, aorOf } from '../../model/aor.ts';
import type { SipRequest } from '../engine.ts';
import { splitLines } from '../headers.ts';
import { canonicalName } from '../message/header-names.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import { parseUri } from '../message/uri.ts';
import { trimmed } from '../message/wire-text.ts';
import type { Places } from '../places.ts';
import { ownCopy } from './own-copy.ts';
import { TrustedNetworks } from './trusted-networks.ts';

export interface IdentityOptions {
  /** In any letter case. */
  readonly header: string;
  /** Whose word it is, in CIDR notation; the header of anybody else is not looked at. */
  readonly from: readonly string[];
  /** Without the header: `refuse`, or as if there were no such setting. */
  readonly missing: 'refuse' | 'auth';
}

/** Who a proxy says it is, or why that is no name. */
export type Asserted =
  | { readonly kind: 'user'; readonly who: Aor; readonly domain: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unusable'; readonly why: string };

type OurPlaces = Pick<Places, 'domain' | 'domainFor' | 'several'>;

/** RFC 3325 9.1; a tel URI of RFC 3966 is one of ours by its context alone. */
const localNumber = /^tel:([0-9a-f*#().-]+)((?:;[^;]*)*)$/i;
const context = /;phone-context=([a-z0-9.-]+)(?:;|$)/i;
/** What no SIP header says by itself, so that two readers could read two things. */
const bareName = /^[^\s<>",;:@/?]{1,128}(?:@[A-Za-z0-9.[\]:-]{1,255})?$/;

/** Reads the user a trusted proxy names: P-Asserted-Identity (RFC 3325), or a header of the admin's choice. */
export class AssertedIdentity {
  /** Canonical. */
  readonly header: string;
  readonly missing: IdentityOptions['missing'];
  readonly #networks: TrustedNetworks;
  readonly #places: OurPlaces;
  readonly #bareNames: boolean;

  /** Throws a Fault `config-invalid` where an entry of `from` is no network. */
  constructor({ header, from, missing }: IdentityOptions, places: OurPlaces) {
    this.header = canonicalName(header);
    this.missing = missing;
    this.#networks = new TrustedNetworks(from, 'sip.identity.from');
    this.#places = places;
    this.#bareNames = /^X-/.test(this.header) || (/^P-/.test(this.header) && this.header !== 'P-Asserted-Identity');
  }

  /** Whether the header of this address is believed. */
  covers(address: string): boolean {
    return this.#networks.has(address);
  }

  /**
   * All values must mean one and the same user of ours: a proxy that adds its value to the one a phone wrote, instead of
   * taking that out, is not followed. Numbers that are not of our domains stand beside the user (RFC 3325 9.1) and say
   * nothing here.
   */
  read(request: Pick<SipRequest, 'headers'>): Asserted {
    const lines = request.headers(this.header);
    if (lines.length === 0) return { kind: 'missing' };
    const values = splitLines(lines) ?? [];
    if (values.length === 0) return unusable('is malformed');
    let found: Claim | null = null;
    for (const value of values) {
      const claim = this.#claimOf(value);
      if (claim === undefined) return unusable('is malformed');
      if (claim === null) continue;
      if (found !== null && found.name !== claim.name) return unusable('names more than one user');
      found = claim;
    }
    if (found === null || found.domain === null) return unusable('names no user of our domains');
    return { kind: 'user', who: ownCopy(found.name) as Aor, domain: found.domain };
  }

  /** null: it says nothing; undefined: not well formed. */
  #claimOf(value: string): Claim | null | undefined {
    const text = trimmed(value);
    if (this.#bareNames && bareName.test(text)) return this.#bare(text);
    const named = parseNameAddr(text);
    if (named === null) return undefined;
    if (/^sips?:/i.test(named.uri)) return this.#sip(named.uri);
    return this.#tel(named.uri);
  }

  #sip(text: string): Claim | undefined {
    const uri = parseUri(text);
    if (uri === null) return undefined;
    const domain = uri.user ? this.#places.domainFor(uri.host) : null;
    return { name: aorOf(uri.user ?? '', domain ?? uri.host), domain };
  }

  /** `1001` or `1001@example.com`. Whose 1001 is meant nothing else may say: From is the phone's. */
  #bare(text: string): Claim | undefined {
    if (text.includes('@')) return this.#sip(`sip:${text}`);
    return this.#places.several
      ? { name: aorOf(text, ''), domain: null }
      : this.#sip(`sip:${text}@${this.#places.domain}`);
  }

  /** RFC 3966 5.1.5: a number within a domain. One of the whole world, or of elsewhere, says nothing of ours. */
  #tel(text: string): Claim | null {
    const [, number = '', params = ''] = localNumber.exec(text) ?? [];
    const host = context.exec(params)?.[1];
    const domain = host === undefined ? null : this.#places.domainFor(host);
    return domain === null ? null : { name: aorOf(number.replaceAll(/[().-]/g, ''), domain), domain };
  }
}

interface Claim {
  readonly name: Aor;
  /** null: none of ours. */
  readonly domain: string | null;
}

function unusable(why: string): Asserted {
  return { kind: 'unusable', why };
}
