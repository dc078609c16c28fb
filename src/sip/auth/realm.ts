import { createHmac } from 'node:crypto';
import { fromText } from '../message/wire-text.ts';
import type { DigestFacts } from './authenticator.ts';

/** A realm as it is written. */
export interface Realm {
  readonly text: string;
  readonly wire: string;
  /** A challenge as far as its nonce. */
  readonly challenge: string;
}

/** `text`: as people write it. */
export function realmOf(text: string): Realm {
  const wire = fromText(text);
  return { text, wire, challenge: `Digest realm="${wire.replaceAll(/["\\]/g, '\\$&')}", nonce="` };
}

/**
 * What a challenge to `user` says where several PBXs have users in his domain: `own`, the facts of the PBX that has the extension. A name
 * that nobody has gets those of any PBX, the same each time and spread evenly: a realm tells no stranger who exists.
 * `all`: for his domain, of every PBX that has been reached. null: none has.
 */
export function factsFor(
  user: string | null,
  own: DigestFacts | null,
  all: readonly DigestFacts[],
  secret: Buffer,
): DigestFacts | null {
  if (own !== null || all.length < 2) return own ?? all[0] ?? null;
  const chance = createHmac('sha256', secret)
    .update('digest realm ')
    .update(user ?? '')
    .digest();
  return all[chance.readUInt32BE() % all.length] ?? null;
}
