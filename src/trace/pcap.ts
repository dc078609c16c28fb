import type { TraceDirection, TracedPath } from '../model/trace.ts';
import { largestTcpPayload, largestUdpPayload, tcpPacket, udpPacket } from './packets.ts';

/** What a capture shows of one message. */
export interface Captured {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly direction: TraceDirection;
  readonly path: TracedPath;
  readonly payload: Buffer;
}

/** The classic format of libpcap, times in microseconds (draft-ietf-opsawg-pcap 4). */
const magic = 0xa1b2c3d4;
/** Packets begin with their IP header: LINKTYPE_RAW. */
const linkTypeRaw = 101;
const longestPacket = 262_144;

/** How far both directions of a connection are, bytes. */
interface Stream {
  in: number;
  out: number;
}

/**
 * Makes a capture file of messages. UDP is as it was. TCP is without handshakes and acknowledgements, each message in
 * segments of its own, numbered as if nothing else had been sent; what came by TLS or WebSocket is shown the same way, as
 * the clear text that it was inside.
 */
export class Capture {
  readonly #streams = new Map<string, Stream>();
  #id = 0;

  /** The beginning of the file. */
  begin(): Buffer {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(magic, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(longestPacket, 16);
    header.writeUInt32LE(linkTypeRaw, 20);
    return header;
  }

  /** What one message adds to it; several packets where one cannot hold it. */
  write({ at, direction, path, payload }: Captured): Buffer {
    const { local, remote, transport, connection } = path;
    const [from, to] = direction === 'in' ? [remote, local] : [local, remote];
    if (transport === 'udp') {
      return record(at, udpPacket(from, to, payload.subarray(0, largestUdpPayload), ++this.#id));
    }
    const name = `${connection} ${transport} ${remote.address} ${remote.port} ${local.port}`;
    const stream = this.#streams.get(name) ?? { in: 1, out: 1 };
    this.#streams.set(name, stream);
    const records: Buffer[] = [];
    for (let start = 0; start < payload.length; start += largestTcpPayload) {
      const piece = payload.subarray(start, start + largestTcpPayload);
      const way = { sequence: stream[direction], acknowledged: stream[direction === 'in' ? 'out' : 'in'] };
      records.push(record(at, tcpPacket(from, to, piece, ++this.#id, way)));
      stream[direction] += piece.length;
    }
    return Buffer.concat(records);
  }
}

function record(at: number, packet: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(Math.floor(at / 1000) >>> 0, 0);
  header.writeUInt32LE(Math.floor((at % 1000) * 1000), 4);
  header.writeUInt32LE(packet.length, 8);
  header.writeUInt32LE(packet.length, 12);
  return Buffer.concat([header, packet]);
}
