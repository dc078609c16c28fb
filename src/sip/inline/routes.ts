import { parseNameAddr, splitList } from '../message/name-addr.ts';
import { parseUri, type SipUri, withoutHeaders } from '../message/uri.ts';

/** One value of Route or Record-Route. */
export interface RouteValue {
  /** As it came. */
  readonly text: string;
  /** Without brackets, as it came. */
  readonly uriText: string;
  readonly uri: SipUri;
}

/** All values, top to bottom; null: one is no SIP URI in angle brackets or stands in two readings. */
export function readRoutes(lines: readonly string[]): readonly RouteValue[] | null {
  if (lines.length === 0) return none;
  const routes: RouteValue[] = [];
  for (const line of lines) {
    const values = splitList(line);
    if (values === null) return null;
    for (const text of values) {
      const named = parseNameAddr(text);
      const uri = named === null ? null : parseUri(named.uri);
      // RFC 3261 20.34: a name-addr, always in brackets
      if (named === null || uri === null || uri.host === '' || uri.headers !== null || !text.includes('<')) return null;
      routes.push({ text, uriText: named.uri, uri });
    }
  }
  return routes;
}

const none: readonly RouteValue[] = [];

/**
 * Our Record-Route values, top first, for a request that comes by one side and leaves by the other. Two where the sides
 * differ in transport or listener (RFC 5658 3.4), so that each side reaches us where it can.
 *
 * @param leaving our place (`placeText`) as the side knows it that the request goes to; `coming`: that it came from
 */
export function recordRoutes(token: string, leaving: string, coming: string): readonly string[] {
  const out = recordRoute(token, leaving);
  return leaving === coming ? [out] : [out, recordRoute(token, coming)];
}

function recordRoute(token: string, place: string): string {
  return `<sip:${token}@${place};lr>`;
}

/** RFC 3261 16.6 step 6: a next hop without `lr` wants itself as Request-URI, and the target as the last Route. */
export function forStrictRouter(
  uri: string,
  routes: readonly string[],
): { readonly uri: string; readonly routes: readonly string[] } {
  const [first] = readRoutes(routes.slice(0, 1)) ?? none;
  if (first === undefined || first.uri.params.has('lr')) return { uri, routes };
  return { uri: withoutHeaders(first.uriText), routes: [...routes.slice(1), `<${uri}>`] };
}

/** True: the response still ends with the Record-Route values its request left with, in order (RFC 3261 12.1.1). */
export function keepsRoutes(response: readonly string[], sent: readonly string[]): boolean {
  const got = flat(response);
  const expected = flat(sent);
  const tail = got?.slice(got.length - (expected?.length ?? 0));
  return got !== null && expected !== null && got.length >= expected.length && isEqual(tail ?? [], expected);
}

function flat(lines: readonly string[]): readonly string[] | null {
  const all: string[] = [];
  for (const line of lines) {
    const values = splitList(line);
    if (values === null) return null;
    all.push(...values);
  }
  return all;
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}
