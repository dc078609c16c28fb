import type { SipAnswer } from '../engine.ts';
import type { Realm } from './realm.ts';

type Header = readonly [name: string, value: string];

/** No phone writes so short a SUBSCRIBE that a challenge would be half as large again; who forges senders does. */
const tooShort: SipAnswer = { status: 400, reason: 'Too Short' };

/** 401, never 407 (RFC 6665 4.2.1.3): the same for everybody. `stale`: the nonce was, and not the password. */
export function challengeAnswer(realm: Realm, nonce: string, md5Only: boolean, stale: boolean): SipAnswer {
  const start = `${realm.challenge}${nonce}", algorithm=`;
  const end = stale ? ', qop="auth", stale=true' : ', qop="auth"';
  const md5: Header = ['WWW-Authenticate', `${start}MD5${end}`];
  const smaller: SipAnswer = { status: 401, headers: [md5], smaller: tooShort };
  if (md5Only) return smaller;
  // RFC 8760 2.3: the strongest first; a phone takes the first that it knows.
  const sha256: Header = ['WWW-Authenticate', `${start}SHA-256${end}`];
  return { status: 401, headers: [sha256, md5], smaller };
}
