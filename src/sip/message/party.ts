import { parseNameAddr } from './name-addr.ts';
import { parseUri, type SipUri } from './uri.ts';

/** Who a From or To names. */
export interface Party {
  /** null: no URI that can be taken apart. */
  readonly uri: SipUri | null;
  /** null: none. */
  readonly tag: string | null;
}

/** A From or To value; null: not well formed, a SIP URI that is none, or a tag without a value. */
export function readParty(value: string): Party | null {
  const named = parseNameAddr(value);
  if (named === null) return null;
  const uri = parseUri(named.uri);
  if (uri === null && isSip(named.uri)) return null;
  const tag = named.params.get('tag');
  if (tag === undefined) return { uri, tag: null };
  return tag ? { uri, tag } : null;
}

function isSip(uri: string): boolean {
  return uri.startsWith('sip:') || /^sips?:/i.test(uri);
}
