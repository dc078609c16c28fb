import { parseUri, type SipUri } from '../message/uri.ts';

/** The name of a registration that a Contact of ours carries; null: it is none. */
export function tokenOf(contact: string): string | null {
  // most have none, and none is taken apart for nothing
  return contact.includes('lamp=') ? (parseUri(contact)?.params.get('lamp') ?? null) : null;
}

/** RFC 3261 19.1.4, as far as contacts need it: what one has and the other has not does not matter, but for the transport. */
export function isSameUri(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [parseUri(one), parseUri(other)];
  if (a === null || b === null || a.scheme !== b.scheme) return false;
  if (a.user !== b.user || a.host !== b.host || a.port !== b.port) return false;
  if (transportOf(a) !== transportOf(b)) return false;
  return [...a.params].every(([name, value]) => !b.params.has(name) || b.params.get(name) === value);
}

function transportOf({ params }: SipUri): string | null {
  return params.get('transport')?.toLowerCase() ?? null;
}
