import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';

/** What a HEP3 packet says, read by the protocol's text (rev. 12, "HEP3 Protocol specification", 4). */
export interface HepPacket {
  readonly family: number;
  readonly protocol: number;
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
  readonly micros: number;
  readonly type: number;
  readonly captureId: number;
  readonly authKey: string | null;
  readonly correlationId: string | null;
  readonly payload: Buffer;
}

export function readHep(packet: Buffer): HepPacket {
  assert.equal(packet.toString('latin1', 0, 4), 'HEP3');
  assert.equal(packet.readUInt16BE(4), packet.length, 'total length');
  const chunks = new Map<number, Buffer>();
  for (let at = 6; at < packet.length; ) {
    assert.equal(packet.readUInt16BE(at), 0, 'a generic chunk');
    const length = packet.readUInt16BE(at + 4);
    assert.ok(length >= 6 && at + length <= packet.length);
    const type = packet.readUInt16BE(at + 2);
    assert.ok(!chunks.has(type), `chunk ${type} twice`);
    chunks.set(type, packet.subarray(at + 6, at + length));
    at += length;
  }
  const get = (type: number, length?: number): Buffer => {
    const chunk = chunks.get(type);
    assert.ok(chunk !== undefined, `chunk ${type} is missing`);
    if (length !== undefined) assert.equal(chunk.length, length, `chunk ${type}`);
    return chunk;
  };
  const family = get(1, 1).readUInt8();
  assert.ok(family === 2 || family === 10);
  const v4 = family === 2;
  const place = (type: number, port: number): string => {
    const bytes = get(v4 ? type : type + 2, v4 ? 4 : 16);
    const address = v4 ? bytes.join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
    assert.ok(v4 ? isIPv4(address) : isIPv6(address));
    return `${address} ${get(port, 2).readUInt16BE()}`;
  };
  return {
    family,
    protocol: get(2, 1).readUInt8(),
    from: place(3, 7),
    to: place(4, 8),
    seconds: get(9, 4).readUInt32BE(),
    micros: get(10, 4).readUInt32BE(),
    type: get(11, 1).readUInt8(),
    captureId: get(12, 4).readUInt32BE(),
    authKey: chunks.get(14)?.toString() ?? null,
    correlationId: chunks.get(17)?.toString('latin1') ?? null,
    payload: get(15),
  };
}
