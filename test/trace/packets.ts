import assert from 'node:assert/strict';

/** One packet of a capture file, taken apart as the formats' texts say, not as our writer does. */
export interface Packet {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly protocol: 'udp' | 'tcp';
  readonly sequence: number;
  readonly acknowledged: number;
  readonly payload: Buffer;
}

/** Reads a whole file, and holds every length and checksum in it against what is there. */
export function readPcap(file: Buffer): readonly Packet[] {
  assert.equal(file.readUInt32LE(0), 0xa1b2c3d4);
  assert.deepEqual([file.readUInt16LE(4), file.readUInt16LE(6)], [2, 4]);
  assert.equal(file.readUInt32LE(20), 101, 'LINKTYPE_RAW');
  const snapshot = file.readUInt32LE(16);
  const packets: Packet[] = [];
  let at = 24;
  while (at < file.length) {
    const length = file.readUInt32LE(at + 8);
    assert.equal(file.readUInt32LE(at + 12), length);
    assert.ok(length <= snapshot);
    const micros = file.readUInt32LE(at + 4);
    assert.ok(micros < 1_000_000);
    packets.push(readPacket(file.subarray(at + 16, at + 16 + length), file.readUInt32LE(at) * 1000 + micros / 1000));
    at += 16 + length;
  }
  assert.equal(at, file.length);
  return packets;
}

function readPacket(ip: Buffer, at: number): Packet {
  const isV4 = ip.readUInt8(0) >> 4 === 4;
  const header = isV4 ? (ip.readUInt8(0) & 15) * 4 : 40;
  assert.equal(isV4 ? ip.readUInt16BE(2) : ip.readUInt16BE(4) + 40, ip.length, 'length of the IP packet');
  if (isV4) assert.equal(sum(ip.subarray(0, header)), 0xffff, 'checksum of the IP header');
  const [source, target] = isV4
    ? [ip.subarray(12, 16), ip.subarray(16, 20)]
    : [ip.subarray(8, 24), ip.subarray(24, 40)];
  const kind = ip.readUInt8(isV4 ? 9 : 6);
  const inner = ip.subarray(header);
  const pseudo = Buffer.alloc(4);
  pseudo.writeUInt16BE(inner.length, 0);
  pseudo.writeUInt16BE(kind, 2);
  assert.equal(sum(Buffer.concat([source, target, pseudo, inner])), 0xffff, 'checksum of the payload');
  const isUdp = kind === 17;
  assert.ok(isUdp || kind === 6);
  if (isUdp) assert.equal(inner.readUInt16BE(4), inner.length, 'length of the datagram');
  const place = (address: Buffer, port: number) => `${isV4 ? address.join('.') : address.toString('hex')}:${port}`;
  return {
    at,
    from: place(source, inner.readUInt16BE(0)),
    to: place(target, inner.readUInt16BE(2)),
    protocol: isUdp ? 'udp' : 'tcp',
    sequence: isUdp ? 0 : inner.readUInt32BE(4),
    acknowledged: isUdp ? 0 : inner.readUInt32BE(8),
    payload: inner.subarray(isUdp ? 8 : (inner.readUInt8(12) >> 4) * 4),
  };
}

/** RFC 1071: 0xffff where the checksum in it is right. */
function sum(bytes: Buffer): number {
  let total = 0n;
  for (let at = 0; at < bytes.length; at += 2) total += BigInt(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  while (total > 0xffffn) total = (total & 0xffffn) + (total >> 16n);
  return Number(total);
}
