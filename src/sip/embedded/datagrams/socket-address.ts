/** `struct sockaddr_in` (Linux): family in the order of the processor, port and address in that of the network. */
const afInet = 2;
const zero = 0x30;
const dot = 0x2e;

/** False: that is no IPv4 address, as it is written in a flow; what stands there is then of no use. */
export function writeSocketAddress(into: Buffer, at: number, address: string, port: number): boolean {
  let octets = 0;
  let value = 0;
  let digits = 0;
  for (let index = 0; index <= address.length; index++) {
    const code = index === address.length ? dot : address.charCodeAt(index);
    if (code === dot) {
      if (digits === 0 || value > 255 || octets === 4) return false;
      into[at + 4 + octets++] = value;
      value = 0;
      digits = 0;
    } else {
      if (code < zero || code > zero + 9 || ++digits > 3) return false;
      value = value * 10 + code - zero;
    }
  }
  into[at] = afInet;
  into[at + 1] = 0;
  into[at + 2] = port >> 8;
  into[at + 3] = port & 0xff;
  return octets === 4;
}

export function portAt(from: Buffer, at: number): number {
  return ((from[at + 2] ?? 0) << 8) | (from[at + 3] ?? 0);
}

const places = 4096;

/**
 * The texts of IPv4 addresses, those seen last kept. A text that was there before has its hash already when it is looked up
 * in a Map, and a phone's flows share one. A place for each, found by the address: whoever forges many makes us write them
 * anew, and no more.
 */
export class AddressTexts {
  readonly #numbers = new Uint32Array(places);
  readonly #texts = Array.from({ length: places }, () => '0.0.0.0');

  at(from: Buffer, at: number): string {
    const a = from[at + 4] ?? 0;
    const b = from[at + 5] ?? 0;
    const c = from[at + 6] ?? 0;
    const d = from[at + 7] ?? 0;
    const number = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    const place = Math.imul(number, 0x9e3779b1) >>> 20; // its upper 12 bits
    if (this.#numbers[place] !== number) {
      this.#numbers[place] = number;
      this.#texts[place] = `${a}.${b}.${c}.${d}`;
    }
    return this.#texts[place] ?? '';
  }
}
