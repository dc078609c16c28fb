import { AddressTexts, portAt, writeSocketAddress } from './socket-address.ts';

/** `struct mmsghdr` of a 64-bit Linux (recvmmsg(2), socket.h): 56 bytes of `struct msghdr`, and the length that was read. */
const headerBytes = 64;
const atNameLength = 8;
const atVector = 16;
const atVectorLength = 24;
const atLength = 56;
/** `struct iovec`: where, how long. */
const pieceBytes = 16;
const atPieceLength = 8;

/**
 * Slots further apart than they are long by nine lines of the cache: with a power of two all datagrams of a batch would fight
 * for the same places in it.
 */
const spread = 9 * 64;

/** Memory for some datagrams with their far ends, as recvmmsg(2) and sendmmsg(2) read and fill it; made once, used for ever. */
export class MessageVector {
  /** `struct sockaddr_in`. */
  static readonly nameBytes = 16;
  readonly entries: number;
  /** Longest datagram; bytes. */
  readonly slotBytes: number;
  /** What the calls are given. */
  readonly headers: Buffer;
  readonly #data: Buffer;
  readonly #names: Buffer;
  readonly #pieces: Buffer;
  readonly #texts = new AddressTexts();

  constructor(entries: number, slotBytes: number, addressOf: (memory: Buffer) => bigint) {
    this.entries = entries;
    this.slotBytes = slotBytes;
    const stride = slotBytes + spread;
    // each longer than what V8 would move about with its heap (64 bytes)
    this.headers = Buffer.alloc(Math.max(entries * headerBytes, 256));
    this.#data = Buffer.alloc(entries * stride);
    this.#names = Buffer.alloc(Math.max(entries * MessageVector.nameBytes, 256));
    this.#pieces = Buffer.alloc(Math.max(entries * pieceBytes, 256));
    const [data, names, pieces] = [this.#data, this.#names, this.#pieces].map(addressOf);
    if (data === undefined || names === undefined || pieces === undefined) return;
    for (let index = 0; index < entries; index++) {
      const header = index * headerBytes;
      this.headers.writeBigUInt64LE(names + BigInt(index * MessageVector.nameBytes), header);
      this.headers.writeUInt32LE(MessageVector.nameBytes, header + atNameLength);
      this.headers.writeBigUInt64LE(pieces + BigInt(index * pieceBytes), header + atVector);
      this.headers.writeBigUInt64LE(1n, header + atVectorLength);
      this.#pieces.writeBigUInt64LE(data + BigInt(index * stride), index * pieceBytes);
      this.#pieces.writeBigUInt64LE(BigInt(slotBytes), index * pieceBytes + atPieceLength);
    }
  }

  /** False: the address is none of IPv4, or it is longer than a slot. */
  put(index: number, wire: string, address: string, port: number): boolean {
    if (wire.length > this.slotBytes) return false;
    if (!writeSocketAddress(this.#names, index * MessageVector.nameBytes, address, port)) return false;
    this.#data.write(wire, index * (this.slotBytes + spread), 'latin1');
    const at = index * pieceBytes + atPieceLength;
    this.#pieces[at] = wire.length & 0xff;
    this.#pieces[at + 1] = (wire.length >> 8) & 0xff;
    this.#pieces[at + 2] = wire.length >> 16;
    return true;
  }

  /** What was received; the memory is used again by the next batch. */
  bytes(index: number): Buffer {
    const start = index * (this.slotBytes + spread);
    return this.#data.subarray(start, start + this.headers.readUInt32LE(index * headerBytes + atLength));
  }

  address(index: number): string {
    return this.#texts.at(this.#names, index * MessageVector.nameBytes);
  }

  port(index: number): number {
    return portAt(this.#names, index * MessageVector.nameBytes);
  }
}
