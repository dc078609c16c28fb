import { type Aor, domainOf, userOf } from '../model/aor.ts';

/** RFC 3261 25.1: what may stand in a user part as it is. */
const plain = /^[\w.!~*'()&=+$,;?/-]*$/;

/** An address of record as SIP URI; everything but unreserved and user-unreserved characters is escaped. */
export function accountUri(aor: Aor): string {
  const user = userOf(aor);
  return `sip:${plain.test(user) ? user : escaped(user)}@${domainOf(aor)}`;
}

function escaped(user: string): string {
  const carried = user.replace(/[\p{Cc}\p{Cs}]/gu, ''); // lone surrogates have no UTF-8
  return encodeURIComponent(carried).replace(/%(?:26|3D|2B|24|2C|3B|3F|2F)/g, decodeURIComponent);
}
