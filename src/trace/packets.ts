import { isIPv4, isIPv6 } from 'node:net';
import type { TracedEnd } from '../model/trace.ts';

/** IP packets as they were or, of what was encrypted or framed, as they could have been. */

const udpProtocol = 17;
const tcpProtocol = 6;
const hops = 64;
/** RFC 9293 3.1: PSH and ACK. */
const pushAck = 0x18;
const window = 65_535;

/** The most that one packet takes of a payload, with the headers of either IP version; bytes. */
export const largestUdpPayload = 65_507;
export const largestTcpPayload = 65_000;

/** Four or sixteen bytes; a zone of an IPv6 address is left out, and what is no address is 0.0.0.0. */
export function addressBytes(address: string): Buffer {
  const [plain = ''] = address.split('%');
  if (isIPv4(plain)) return Buffer.from(plain.split('.').map(Number));
  if (!isIPv6(plain)) return Buffer.alloc(4);
  // RFC 4291 2.2: the last four bytes may be written as those of IPv4
  const [, head = plain, dotted] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain) ?? [];
  const tail =
    dotted === undefined
      ? ''
      : addressBytes(dotted)
          .toString('hex')
          .replace(/^(.{4})/, '$1:');
  const [left = '', right] = `${head}${tail}`.split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const [before, after] = [words(left), words(right ?? '')];
  const all = [...before, ...new Array<number>(Math.max(8 - before.length - after.length, 0)).fill(0), ...after];
  const bytes = Buffer.alloc(16);
  for (const [index, word] of all.slice(0, 8).entries()) bytes.writeUInt16BE(word, 2 * index);
  return bytes;
}

/** Both ends in one family: where they differ, which no path of ours does, both are 0.0.0.0. */
export function ends(from: TracedEnd, to: TracedEnd): { readonly from: Buffer; readonly to: Buffer } {
  const [source, target] = [addressBytes(from.address), addressBytes(to.address)];
  return source.length === target.length
    ? { from: source, to: target }
    : { from: Buffer.alloc(4), to: Buffer.alloc(4) };
}

/** `payload`: at most `largestUdpPayload`. `id`: tells packets apart (RFC 791 3.1). */
export function udpPacket(from: TracedEnd, to: TracedEnd, payload: Buffer, id: number): Buffer {
  const datagram = Buffer.alloc(8 + payload.length);
  datagram.writeUInt16BE(from.port & 0xffff, 0);
  datagram.writeUInt16BE(to.port & 0xffff, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  payload.copy(datagram, 8);
  // RFC 768: a sum of 0 is sent as its complement, 0 means that there is none
  return ipPacket(from, to, udpProtocol, datagram, 6, id, (sum) => (sum === 0 ? 0xffff : sum));
}

/** `payload`: at most `largestTcpPayload`. */
export function tcpPacket(
  from: TracedEnd,
  to: TracedEnd,
  payload: Buffer,
  id: number,
  { sequence, acknowledged }: { readonly sequence: number; readonly acknowledged: number },
): Buffer {
  const segment = Buffer.alloc(20 + payload.length);
  segment.writeUInt16BE(from.port & 0xffff, 0);
  segment.writeUInt16BE(to.port & 0xffff, 2);
  segment.writeUInt32BE(sequence >>> 0, 4);
  segment.writeUInt32BE(acknowledged >>> 0, 8);
  segment.writeUInt8(5 << 4, 12); // five words of header
  segment.writeUInt8(pushAck, 13);
  segment.writeUInt16BE(window, 14);
  payload.copy(segment, 20);
  return ipPacket(from, to, tcpProtocol, segment, 16, id, (sum) => sum);
}

function ipPacket(
  from: TracedEnd,
  to: TracedEnd,
  protocol: number,
  inner: Buffer,
  checksumAt: number,
  id: number,
  finished: (sum: number) => number,
): Buffer {
  const between = ends(from, to);
  const { from: source, to: target } = between;
  // RFC 768, RFC 9293 3.1, RFC 8200 8.1: over a pseudo header, too
  const pseudo = Buffer.alloc(8);
  pseudo.writeUInt32BE(inner.length, 0);
  pseudo.writeUInt8(protocol, 7);
  inner.writeUInt16BE(finished(checksum([source, target, pseudo, inner])), checksumAt);
  const header = source.length === 4 ? v4Header(protocol, inner.length, id) : v6Header(protocol, inner.length);
  source.copy(header, header.length - 2 * source.length);
  target.copy(header, header.length - source.length);
  if (source.length === 4) header.writeUInt16BE(checksum([header]), 10);
  return Buffer.concat([header, inner]);
}

/** RFC 791 3.1. */
function v4Header(protocol: number, length: number, id: number): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(header.length + length, 2);
  header.writeUInt16BE(id & 0xffff, 4);
  header.writeUInt8(hops, 8);
  header.writeUInt8(protocol, 9);
  return header;
}

/** RFC 8200 3. */
function v6Header(protocol: number, length: number): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(length, 4);
  header.writeUInt8(protocol, 6);
  header.writeUInt8(hops, 7);
  return header;
}

/** RFC 1071. All parts but the last have an even length. */
export function checksum(parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    const even = part.length & ~1;
    for (let at = 0; at < even; at += 2) sum += part.readUInt16BE(at);
    if (even < part.length) sum += (part[even] ?? 0) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
