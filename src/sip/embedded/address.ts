import { isIPv6 } from 'node:net';

/** The eight groups of an IPv6 address as numbers; null where it is none. A zone is left out. */
function groupsOf(address: string): readonly number[] | null {
  const zone = address.indexOf('%');
  const bare = zone < 0 ? address : address.slice(0, zone);
  if (!isIPv6(bare)) return null;
  const [head = '', tail] = bare.split('::');
  const left = groups(head);
  if (tail === undefined) return left;
  const right = groups(tail);
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/** Of one side of `::`; an embedded IPv4 address is two groups. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** True where both name the same host: names by letters, IPv6 addresses by value (RFC 5118 4.5, RFC 5954 4.2). */
export function sameHost(one: string, other: string): boolean {
  if (one === other) return true;
  if (!one.includes(':') || !other.includes(':')) return one.toLowerCase() === other.toLowerCase();
  const groups = groupsOf(one);
  const others = groupsOf(other);
  return groups !== null && others !== null && groups.every((group, at) => group === others[at]);
}

/** Who counts as one source: an IPv4 address, or the /64 that one IPv6 host can choose its addresses from. */
export function sourceNetwork(address: string): string {
  if (!address.includes(':')) return address;
  const groups = groupsOf(address);
  return groups === null
    ? address
    : groups
        .slice(0, 4)
        .map((group) => group.toString(16))
        .join(':');
}
