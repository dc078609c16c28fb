import { type Aor, domainOf } from '../model/aor.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';

/** What normalisation must know of the place. */
export interface Place {
  /** Host names that are the AOR's own domain under another name; lower case. */
  readonly aliases: readonly string[];
  /** True where the text, as it stands, is a known extension of the AOR's domain or a voicemail code: names need no digits. */
  readonly isName: (text: string) => boolean;
  /** Accept any SIP user name, not digits only. */
  readonly alnum: boolean;
}

const digits = /^\+?[0-9*#]+$/;
const names = /^[A-Za-z0-9+*#._-]+$/;
const maxChars = 32;
// The value ends up in dial strings, AMI and ESL lines, and XML: none of these may come out of here, whatever comes in.
const poison = /[\p{Cc}${}&@/,|;"'<>\\`\u2028\u2029]/u;
// What follows the address may hold `&`, `;` and `@`, as URI headers do; it is thrown away, but not if it smells.
const poisonInTail = /[\p{Cc} ${}|"'<>\\`]/u;
/** Longer input cannot become 32 characters; nothing below looks at it. */
const maxInput = 512;

/**
 * Brings a forward target into the one form it is compared, judged, dialled and shown in. What comes out is looked at after
 * all decoding: `%0a` is the line break it becomes. `text` has its XML entities decoded already. Refusals:
 * `bad-characters`, `bad-number`, `too-long`, `foreign-host`.
 */
export function normaliseTarget(text: string, aor: Aor, place: Place): Outcome<string> {
  if (text.length > maxInput) return refused('too-long', `a target has at most ${maxChars} characters`);
  const address = splitAddress(text.trim());
  if (poisonInTail.test(address.tail) || poisonInTail.test(address.host ?? '')) return badCharacters;
  if (address.host !== null && !isOurs(address.host, aor, place.aliases)) {
    return refused('foreign-host', 'the target is an address of another host');
  }
  const decoded = percentDecode(address.user);
  if (decoded === null) return refused('bad-number', 'the target holds a broken % escape');
  if (poison.test(decoded)) return badCharacters;
  if (names.test(decoded) && decoded.length <= maxChars && place.isName(decoded)) return granted(decoded);
  const number = decoded.replace(/[-.() ]/g, '');
  if (number.length > maxChars) return refused('too-long', `a target has at most ${maxChars} characters`);
  if (digits.test(number) || (place.alnum && names.test(decoded))) {
    return granted(digits.test(number) ? number : decoded);
  }
  return refused('bad-number', 'a target is digits, * and #, with + in front or not');
}

const badCharacters = refused('bad-characters', 'the target holds characters that no number has');

interface Address {
  readonly user: string;
  /** With its port; null where the text names none. */
  readonly host: string | null;
  /** Parameters and headers. */
  readonly tail: string;
}

/** `tel:`, `sip:` or nothing, in angle brackets or not: into user, host and what is thrown away. */
function splitAddress(text: string): Address {
  const bare = text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1).trim() : text;
  const rest = bare.replace(/^(?:tel|sips?):/i, '');
  // A user part cannot hold a raw @ (RFC 3261 25.1), so the first one ends it, and a host behind parameters is seen too.
  const at = rest.indexOf('@');
  const left = at < 0 ? rest : rest.slice(0, at);
  const right = at < 0 ? '' : rest.slice(at + 1);
  const userEnd = endOf(left);
  const hostEnd = endOf(right);
  return {
    user: left.slice(0, userEnd).trim(),
    host: at < 0 ? null : right.slice(0, hostEnd),
    tail: left.slice(userEnd) + right.slice(hostEnd),
  };
}

/** Where `;params` or `?headers` begin. */
function endOf(text: string): number {
  const found = text.search(/[;?]/);
  return found < 0 ? text.length : found;
}

function isOurs(hostPort: string, aor: Aor, aliases: readonly string[]): boolean {
  const host = hostPort.replace(/:\d{1,5}$/, '').toLowerCase();
  return host === domainOf(aor) || aliases.includes(host);
}

/** Once, never twice: `%2524` stays a text with a percent sign, and that is no number. */
function percentDecode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
