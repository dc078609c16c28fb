import { isIP, isIPv6 } from 'node:net';

/** RFC 2782. */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Host name; the empty string is the root: the service is decidedly not there. */
  readonly target: string;
}

/** RFC 3403 4.1. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  readonly replacement: string;
}

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * A host or service name in lower case and without the final dot; null: none that may be asked for. What looks like an
 * address in some notation (`127.1`, `10.0.0.1`) is no name: its last label would be a number (RFC 1123 2.1).
 */
export function dnsName(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  const last = labels.at(-1) ?? '';
  if (name.length > 253 || /^(?:\d+|0x[0-9a-f]*)$/.test(last)) return null;
  return labels.every((one) => label.test(one)) ? name : null;
}

/** An address in the form all comparisons use: no zone, no brackets, an IPv4 address never in its IPv6 form. */
export function plainAddress(text: string): string {
  const bare = text.replace(/%.*$/, '').toLowerCase();
  return isIPv6(bare) ? mappedV4(bare) : bare;
}

/** Whether SIP can be sent there at all: one host, not "this network", not multicast, broadcast or unspecified. */
export function isHostAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) {
    const first = Number(address.split('.')[0]);
    return first > 0 && first < 224;
  }
  return family === 6 && !/^ff/.test(address) && !/^[0:]*$/.test(address) && !/^fe[89ab]/.test(address);
}

/** `::ffff:192.0.2.1` and `::ffff:c000:201` are 192.0.2.1. */
function mappedV4(address: string): string {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (match === null) return canonical;
  const [high, low] = [Number.parseInt(match[1] ?? '', 16), Number.parseInt(match[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
