import type { TraceDirection, TracedPath } from '../model/trace.ts';
import { ends } from './packets.ts';

/** What a HEP packet says of one message. */
export interface HepMessage {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly direction: TraceDirection;
  readonly path: TracedPath;
  /** null: it says none. */
  readonly callId: string | null;
  readonly payload: Buffer;
}

/** Who sends it. */
export interface HepSender {
  /** Chunk 12: which capture agent this is. */
  readonly captureId: number;
  /** Chunk 14; null: the collector asks for none. */
  readonly password: string | null;
}

/** Chunk types of the generic vendor 0 (HEP3 rev. 12, 4.1). */
const hepChunk = {
  ipFamily: 1,
  ipProtocol: 2,
  v4Source: 3,
  v4Destination: 4,
  v6Source: 5,
  v6Destination: 6,
  sourcePort: 7,
  destinationPort: 8,
  seconds: 9,
  microseconds: 10,
  protocolType: 11,
  captureId: 12,
  authKey: 14,
  payload: 15,
  correlationId: 17,
} as const;

/** AF_INET and AF_INET6 as HEP has them, whatever the system's are. */
const families = { 4: 2, 16: 10 } as const;
const protocols = { udp: 17, tcp: 6 } as const;
const protocolSip = 1;
const chunkHead = 6;
/** A packet has to fit into a datagram; bytes. */
const largest = 65_507;
/** Nobody's Call-ID is that long but an attacker's; bytes. */
const longestCallId = 1_024;

/** One packet. A message that does not fit is cut. */
export function hepPacket(
  { at, direction, path, callId, payload }: HepMessage,
  { captureId, password }: HepSender,
): Buffer {
  const { local, remote, transport } = path;
  const [from, to] = direction === 'in' ? [remote, local] : [local, remote];
  const { from: source, to: target } = ends(from, to);
  const isV4 = source.length === 4;
  const chunks = [
    number8(hepChunk.ipFamily, isV4 ? families[4] : families[16]),
    number8(hepChunk.ipProtocol, transport === 'udp' ? protocols.udp : protocols.tcp),
    chunk(isV4 ? hepChunk.v4Source : hepChunk.v6Source, source),
    chunk(isV4 ? hepChunk.v4Destination : hepChunk.v6Destination, target),
    number16(hepChunk.sourcePort, from.port),
    number16(hepChunk.destinationPort, to.port),
    number32(hepChunk.seconds, Math.floor(at / 1000)),
    number32(hepChunk.microseconds, Math.floor((at % 1000) * 1000)),
    number8(hepChunk.protocolType, protocolSip),
    number32(hepChunk.captureId, captureId),
    ...(password === null ? [] : [chunk(hepChunk.authKey, Buffer.from(password, 'utf8'))]),
    ...(callId === null ? [] : [chunk(hepChunk.correlationId, Buffer.from(callId.slice(0, longestCallId), 'latin1'))]),
  ];
  const used = chunks.reduce((sum, { length }) => sum + length, 6 + chunkHead);
  const all = Buffer.concat([...chunks, chunk(hepChunk.payload, payload.subarray(0, largest - used))]);
  const head = Buffer.from('HEP3\0\0', 'latin1');
  head.writeUInt16BE(head.length + all.length, 4);
  return Buffer.concat([head, all]);
}

function chunk(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(chunkHead); // vendor 0
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(chunkHead + data.length, 4);
  return Buffer.concat([head, data]);
}

function number8(type: number, value: number): Buffer {
  return chunk(type, Buffer.from([value]));
}

function number16(type: number, value: number): Buffer {
  const data = Buffer.alloc(2);
  data.writeUInt16BE(value & 0xffff); // what an engine was told of a path may be no port at all
  return chunk(type, data);
}

function number32(type: number, value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(value >>> 0);
  return chunk(type, data);
}
