import { isIPv6 } from 'node:net';
import { digitBit, endOf, hostBit, lowerCase, paramBit, userBit } from './char-classes.ts';
import { noParams, Params, type ReadParams } from './params.ts';
import { toText } from './wire-text.ts';

export interface SipUri {
  /** Lower case. Only `sip` and `sips` are taken apart; for others the rest is null or empty. */
  readonly scheme: string;
  /** Percent-unescaped once, as text; null where absent. Case-sensitive. A password is left out. */
  readonly user: string | null;
  readonly rawUser: string | null;
  /** Lower case, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | null;
  /** Names lower case, values as received. */
  readonly params: ReadParams;
  /** What stands behind `?`; null where absent. */
  readonly headers: string | null;
}

const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]*):/;
const passwordPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*$/;
const bracketPattern = /^\[([0-9A-Fa-f:.]+)\]$/;
const paramValuePattern = /^(?:[A-Za-z0-9\-_.!~*'()[\]/:&+$="@#]|%[0-9A-Fa-f]{2})*$/;
const headersPattern = /^[\x21\x23-\x3b\x3d\x3f-\x7e]*$/;
const visible = /^[\x21-\x7e]+$/;
const escapePattern = /^%[0-9A-Fa-f]{2}$/;
const [dot, dash, colon, bracket] = [0x2e, 0x2d, 0x3a, 0x5b];

/** Characters of `bit` and escapes, at least one. */
function isMadeOf(text: string, bit: number, from: number, end: number): boolean {
  if (from >= end) return false;
  for (let at = from; ; at += 3) {
    at = endOf(text, bit, at, end);
    if (at === end) return true;
    if (at + 3 > end || !escapePattern.test(text.slice(at, at + 3))) return false;
  }
}

/** The user part unescaped once, or null: it hides a control character (`%0d%0a`, `%00`). */
function unescaped(raw: string): string | null {
  if (!raw.includes('%')) return raw;
  if (/%(?:[01][0-9a-f]|7f)/i.test(raw)) return null;
  return toText(raw.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
}

/** A host of a URI or a Via with its port. */
export interface HostPort {
  /** Lower case, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | null;
}

/**
 * The host and port that stand from `from` to `end`; null where there are none. IPv6 must stand in brackets (RFC 5118
 * 4.1).
 */
export function parseHostPort(text: string, from = 0, end = text.length): HostPort | null {
  const first = text.charCodeAt(from);
  const isV6 = first === bracket;
  const hostEnd = isV6 ? text.indexOf(']', from) + 1 : endOf(text, hostBit, from, end);
  if (hostEnd <= from || hostEnd > end) return null;
  let port: number | null = null;
  if (hostEnd < end) {
    port = text.charCodeAt(hostEnd) === colon ? readPort(text, hostEnd + 1, end) : null;
    if (port === null) return null;
  }
  if (!isV6) {
    if (first === dot || first === dash || text.charCodeAt(hostEnd - 1) === dash) return null;
    return { host: lowerCase(text.slice(from, hostEnd)), port };
  }
  const v6 = bracketPattern.exec(text.slice(from, hostEnd))?.[1];
  if (v6 === undefined) return null;
  const address = v6.replace(/:::(?=\d+\.)/, '::'); // RFC 5118 4.10: `:::` before an embedded IPv4 address
  return isIPv6(address) ? { host: address.toLowerCase(), port } : null;
}

/** 1 to 65535, in at most five digits. */
function readPort(text: string, from: number, end: number): number | null {
  if (end - from < 1 || end - from > 5 || endOf(text, digitBit, from, end) !== end) return null;
  const port = Number(text.slice(from, end));
  return port === 0 || port > 65535 ? null : port;
}

function parseUriParams(text: string): ReadParams | null {
  const params = new Params();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    const name = lowerCase(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? null : part.slice(equals + 1);
    if (!isMadeOf(name, paramBit, 0, name.length)) return null; // RFC 4475 3.1.2.1: `;;`
    if (value !== null && !paramValuePattern.test(value)) return null;
    if (!params.add(name, value)) return null;
  }
  return params;
}

/** Takes a URI apart (RFC 3261 19.1); null: not well formed, an escaped control character, or not plain ASCII. */
export function parseUri(text: string): SipUri | null {
  const scheme = schemeOf(text);
  if (scheme === null) return null;
  if (scheme !== 'sip' && scheme !== 'sips') {
    if (!visible.test(text)) return null;
    return { scheme, user: null, rawUser: null, host: '', port: null, params: noParams, headers: null };
  }
  const start = scheme.length + 1;
  const at = text.indexOf('@', start); // the user may hold `;` `?` `/`: everything up to the @ is its own
  let rawUser: string | null = null;
  let user: string | null = null;
  if (at >= 0) {
    const password = text.indexOf(':', start);
    const userEnd = password >= 0 && password < at ? password : at;
    if (userEnd < at && !passwordPattern.test(text.slice(userEnd + 1, at))) return null;
    if (!isMadeOf(text, userBit, start, userEnd)) return null;
    rawUser = text.slice(start, userEnd);
    user = unescaped(rawUser);
    if (user === null) return null;
  }
  let end = text.length;
  let headers: string | null = null;
  const question = text.indexOf('?', at + 1);
  if (question >= 0) {
    headers = text.slice(question + 1);
    if (!headersPattern.test(headers)) return null;
    end = question;
  }
  const hostStart = at < 0 ? start : at + 1;
  const semicolon = text.indexOf(';', hostStart);
  const hasParams = semicolon >= 0 && semicolon < end;
  const hostPort = parseHostPort(text, hostStart, hasParams ? semicolon : end);
  const params = hasParams ? parseUriParams(text.slice(semicolon + 1, end)) : noParams;
  if (hostPort === null || params === null) return null;
  return { scheme, user, rawUser, host: hostPort.host, port: hostPort.port, params, headers };
}

function schemeOf(text: string): string | null {
  if (text.startsWith('sip:')) return 'sip';
  const scheme = schemePattern.exec(text)?.[1];
  return scheme === undefined ? null : scheme.toLowerCase();
}

const methodParam = /;method(?:=[^;?]*)?(?=[;?]|$)/gi;

/** RFC 3261 19.1.1, table 1: `method` is the one parameter that neither a Request-URI nor a remote target may have. */
export function withoutMethod(uriText: string): string {
  const params = uriText.indexOf(';', uriText.indexOf('@') + 1); // one before the @ belongs to the user
  if (params < 0) return uriText;
  methodParam.lastIndex = params;
  return methodParam.test(uriText)
    ? uriText.slice(0, params) + uriText.slice(params).replace(methodParam, '')
    : uriText;
}

/** The URI without `?headers` (RFC 3261 19.1.5: a remote target must not smuggle a Route). */
export function withoutHeaders(uriText: string): string {
  const at = uriText.indexOf('@'); // a `?` before it belongs to the user
  const question = uriText.indexOf('?', at + 1);
  return question < 0 ? uriText : uriText.slice(0, question);
}
