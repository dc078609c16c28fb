import { isIPv6 } from 'node:net';
import type { Endpoint } from '../engine.ts';

/** RFC 8489 5 */
const magicCookie = 0x2112a442;
const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const bindingError = 0x0111;
const headBytes = 20;
/** USERNAME, MESSAGE-INTEGRITY, REALM, NONCE, MESSAGE-INTEGRITY-SHA256: of the base protocol; a server without accounts passes over them. */
const known: ReadonlySet<number> = new Set([0x0006, 0x0008, 0x0014, 0x0015, 0x001c]);
/** Of the attributes not understood only so many are named, so that no answer is much larger than its request. */
const maxNamed = 4;

/** The longest answer there is; bytes. */
export const longestStunAnswer = 44;

export interface StunRequest {
  /** 12 bytes. */
  readonly transaction: Buffer;
  /** Attributes that a server has to understand and this one does not (RFC 8489 6.3.1). */
  readonly unknown: readonly number[];
}

/**
 * A Binding request (RFC 8489), such as a phone sends to keep its NAT open (RFC 5626 4.4.2); null for anything else. The
 * magic cookie is demanded. FINGERPRINT, like every optional attribute, may be there and is not looked at.
 */
export function readStunRequest(bytes: Buffer): StunRequest | null {
  if (bytes.length < headBytes || bytes.readUInt16BE(0) !== bindingRequest) return null;
  const length = bytes.readUInt16BE(2);
  if (length % 4 !== 0 || bytes.length !== headBytes + length || bytes.readUInt32BE(4) !== magicCookie) return null;
  const unknown: number[] = [];
  for (let at = headBytes; at < bytes.length; ) {
    const type = bytes.readUInt16BE(at);
    const next = at + 4 + padded(bytes.readUInt16BE(at + 2));
    if (next > bytes.length) return null;
    if (type < 0x8000 && !known.has(type) && unknown.length < maxNamed) unknown.push(type);
    at = next;
  }
  return { transaction: bytes.subarray(8, headBytes), unknown };
}

/** XOR-MAPPED-ADDRESS of where it came from, or 420 where it holds attributes that we do not understand. */
export function writeStunAnswer({ transaction, unknown }: StunRequest, source: Endpoint): Buffer {
  if (unknown.length > 0) {
    const named = attribute(0x000a, Buffer.from(unknown.flatMap((type) => [type >> 8, type & 0xff])));
    return message(bindingError, transaction, [attribute(0x0009, Buffer.from([0, 0, 4, 20])), named]);
  }
  const v6 = isIPv6(source.address);
  const address = v6 ? v6Bytes(source.address) : Buffer.from(source.address.split('.').map(Number));
  // RFC 8489 14.2: the port with the first half of the cookie, the address with cookie and transaction
  const mask = Buffer.concat([cookieBytes, transaction]);
  const value = Buffer.alloc(4 + address.length);
  value[1] = v6 ? 2 : 1;
  value.writeUInt16BE(source.port ^ (magicCookie >>> 16), 2);
  for (const [index, byte] of address.entries()) value[4 + index] = byte ^ (mask[index] ?? 0);
  return message(bindingSuccess, transaction, [attribute(0x0020, value)]);
}

const cookieBytes = Buffer.alloc(4);
cookieBytes.writeUInt32BE(magicCookie);

function message(type: number, transaction: Buffer, attributes: readonly Buffer[]): Buffer {
  const body = Buffer.concat(attributes);
  const head = Buffer.alloc(8);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(body.length, 2);
  head.writeUInt32BE(magicCookie, 4);
  return Buffer.concat([head, transaction, body]);
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + padded(value.length));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** The 16 bytes of an IPv6 address, its zone left out. */
function v6Bytes(text: string): Buffer {
  const address = text.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...quad: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = quad.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [left = '', right] = address.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const before = words(left);
  const after = words(right ?? '');
  const all = [...before, ...new Array<number>(Math.max(8 - before.length - after.length, 0)).fill(0), ...after];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}
