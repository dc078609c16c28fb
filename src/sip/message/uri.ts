import { isIPv6 } from 'node:net';
import type { Params } from './name-addr.ts';
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
  readonly params: Params;
  /** What stands behind `?`; null where absent. */
  readonly headers: string | null;
}

const none: Params = new Map();
const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]*):/;
// `#` must be escaped by the RFC; phones send it raw in feature codes. COMPAT(several)
const userPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|%[0-9A-Fa-f]{2})+$/;
const passwordPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*$/;
const hostPattern = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?))(?::(\d{1,5}))?$/;
const paramPattern =
  /^((?:[A-Za-z0-9\-_.!~*'()[\]/:&+$]|%[0-9A-Fa-f]{2})+)(?:=((?:[A-Za-z0-9\-_.!~*'()[\]/:&+$="@#]|%[0-9A-Fa-f]{2})*))?$/;
const headersPattern = /^[\x21\x23-\x3b\x3d\x3f-\x7e]*$/;
const visible = /^[\x21-\x7e]+$/;

/** The user part unescaped once, or null: it hides a control character (`%0d%0a`, `%00`). */
function unescaped(raw: string): string | null {
  if (!raw.includes('%')) return raw;
  if (/%(?:[01][0-9a-f]|7f)/i.test(raw)) return null;
  return toText(raw.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
}

/** A host of a URI or a Via with its port; null where it is none. IPv6 must stand in brackets (RFC 5118 4.1). */
export function parseHostPort(text: string): { readonly host: string; readonly port: number | null } | null {
  const match = hostPattern.exec(text);
  if (match === null) return null;
  const port = match[3] === undefined ? null : Number(match[3]);
  if (port !== null && (port === 0 || port > 65535)) return null;
  const v6 = match[1];
  if (v6 === undefined) return { host: (match[2] ?? '').toLowerCase(), port };
  const address = v6.replace(/:::(?=\d+\.)/, '::'); // RFC 5118 4.10: `:::` before an embedded IPv4 address
  return isIPv6(address) ? { host: address.toLowerCase(), port } : null;
}

function parseUriParams(text: string): Params | null {
  const params = new Map<string, string | null>();
  for (const part of text.split(';')) {
    const match = paramPattern.exec(part);
    if (match === null) return null; // RFC 4475 3.1.2.1: `;;`
    const name = (match[1] ?? '').toLowerCase();
    const value = match[2] ?? null;
    const before = params.get(name);
    if (before !== undefined && before !== value) return null;
    params.set(name, value);
  }
  return params;
}

/** Takes a URI apart (RFC 3261 19.1); null: not well formed, an escaped control character, or not plain ASCII. */
export function parseUri(text: string): SipUri | null {
  const match = schemePattern.exec(text);
  if (match === null || !visible.test(text)) return null;
  const scheme = (match[1] ?? '').toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') {
    return { scheme, user: null, rawUser: null, host: '', port: null, params: none, headers: null };
  }
  const start = scheme.length + 1;
  const at = text.indexOf('@', start); // the user may hold `;` `?` `/`: everything up to the @ is its own
  let rawUser: string | null = null;
  let user: string | null = null;
  if (at >= 0) {
    const userinfo = text.slice(start, at);
    const colon = userinfo.indexOf(':');
    rawUser = colon < 0 ? userinfo : userinfo.slice(0, colon);
    if (colon >= 0 && !passwordPattern.test(userinfo.slice(colon + 1))) return null;
    if (!userPattern.test(rawUser)) return null;
    user = unescaped(rawUser);
    if (user === null) return null;
  }
  let rest = at < 0 ? text.slice(start) : text.slice(at + 1);
  let headers: string | null = null;
  const question = rest.indexOf('?');
  if (question >= 0) {
    headers = rest.slice(question + 1);
    if (!headersPattern.test(headers)) return null;
    rest = rest.slice(0, question);
  }
  const semicolon = rest.indexOf(';');
  const hostPort = parseHostPort(semicolon < 0 ? rest : rest.slice(0, semicolon));
  const params = semicolon < 0 ? none : parseUriParams(rest.slice(semicolon + 1));
  if (hostPort === null || params === null) return null;
  return { scheme, user, rawUser, host: hostPort.host, port: hostPort.port, params, headers };
}

/** The URI without `?headers` (RFC 3261 19.1.5: a remote target must not smuggle a Route). */
export function withoutHeaders(uriText: string): string {
  const at = uriText.indexOf('@'); // a `?` before it belongs to the user
  const question = uriText.indexOf('?', at + 1);
  return question < 0 ? uriText : uriText.slice(0, question);
}
