import type { Head } from './head.ts';

/** What a Digest tells without helping to guess the password; everything else of it is a secret (RFC 7616 3.4, 3.5). */
const harmless: ReadonlySet<string> = new Set([
  'username',
  'realm',
  'nonce',
  'uri',
  'algorithm',
  'qop',
  'nc',
  'cnonce',
  'opaque',
  'stale',
  'userhash',
  'nextnonce',
]);

const credentials = /^((?:Proxy-)?Authorization|(?:Proxy-)?Authentication-Info)([ \t]*:)((?:[^\r\n]|\r?\n[ \t])*)/gim;
/** Looks behind so that a long word is tried once, and not from each of its letters on. */
const parameter = /(?<![\w-])([\w-]+)(\s*=\s*)("(?:[^"\\]|\\[\s\S])*"?|[^,\s]*)/g;

/**
 * Secrets that can be seen by where they stand: what comes before, the secret, what follows. Strangers write what these
 * run over: each is bounded, or anchored at what cannot repeat.
 */
const places: readonly RegExp[] = [
  // RFC 3261 19.1.1: the password of a URI
  /(\bsips?:[^\s@:<>"]{1,200}:)([^\s@<>"]{1,200})(@)/gi,
  // RFC 6750 2.1, wherever it stands
  /(\bBearer[ \t]+)([\w.~+/=-]{8,})()/gi,
  // RFC 4568 9.1, RFC 4566 5.12, RFC 8839 5.4, RFC 4567 3: keys of media
  /^(a=crypto:\S*[ \t]+\S+[ \t]+)([^\r\n]+)()/gim,
  /^(k=)([^\r\n]+)()/gim,
  /^(a=ice-pwd:)([^\r\n]+)()/gim,
  /^(a=key-mgmt:)([^\r\n]+)()/gim,
  // the signature in our own Record-Route (src/sip/inline/tokens.ts): who has all of it can send into the dialog
  /(<sips?:[\w-]{16,241})([\w-]{14})(@[^<>\s]{0,200};lr\b)/gi,
];

/** Bodies that are secrets as a whole or nearly so: a phone's configuration, keys that are dialled (a PIN). */
const dialled = /^application\/dtmf/i;

/**
 * The message without what could be used against anybody, as long as before, so that Content-Length and the lengths of
 * packets stay true: stars stand for the secrets.
 */
export function masked(wire: string, head: Head): string {
  let text = wire;
  // Most messages have none of it; each look costs less than a replacement.
  if (/auth/i.test(text))
    text = text.replace(
      credentials,
      (_, name: string, colon: string, value: string) => `${name}${colon}${maskedCredentials(value)}`,
    );
  for (const place of places) {
    text = text.replace(
      place,
      (_, before: string, secret: string, after: string) => `${before}${stars(secret)}${after}`,
    );
  }
  return isSecretBody(head) ? text.slice(0, head.bodyAt) + stars(text.slice(head.bodyAt)) : text;
}

function isSecretBody({ headers, bodyAt }: Head): boolean {
  if (bodyAt === 0) return false;
  return /^ua-profile\b/i.test(headers.get('event') ?? '') || dialled.test(headers.get('content-type') ?? '');
}

function maskedCredentials(value: string): string {
  const [whole = '', scheme = ''] = /^\s*(\S*)/.exec(value) ?? [];
  // Authentication-Info has no scheme
  const rest = value.slice(whole.length);
  const isDigest = scheme.toLowerCase() === 'digest';
  if (!isDigest && !/=/.test(scheme)) return whole + stars(rest);
  const [kept, open] = isDigest ? [whole, rest] : ['', value];
  const known = open.replace(parameter, (all: string, name: string, between: string, secret: string) =>
    harmless.has(name.toLowerCase()) ? all : `${name}${between}${stars(secret)}`,
  );
  return kept + known;
}

/** Line ends stay: they are no secret, and headers and bodies are found by them. */
function stars(secret: string): string {
  return secret.replace(/[^\r\n \t"]/g, '*');
}
