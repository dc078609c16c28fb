import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import type { Clock, Timer } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Follower } from './followers.ts';
import { type HepSender, hepPacket } from './hep.ts';
import type { Passed } from './passed.ts';

export interface HomerOptions extends HepSender {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The address of a host name; rejects where there is none. Default: as the system finds names, /etc/hosts too. */
  readonly resolve?: (host: string) => Promise<string>;
}

/** Packets that the system has not taken yet; beyond, they are lost. About 500 kB. */
const mostWaiting = 500;
/** A name is looked up again after so long, as the collector may have moved; ms. */
const knownMs = 60_000;
/** The same where there was no answer. */
const unknownMs = 10_000;
/** Losses are told so often at most; ms. */
const quietMs = 60_000;

/** Sends every message to a HEP3 collector (Homer), masked, by UDP. Never waits for it: what it cannot send is counted. */
export class Homer implements Follower {
  readonly #options: HomerOptions;
  #address: string | null = null;
  #socket: Socket | null = null;
  #timer: Timer | null = null;
  #waiting = 0;
  #stopped = false;
  /** Since the last word about it. */
  #lost = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** The name is known to be unknown. */
  #complained = false;

  constructor(options: HomerOptions) {
    this.#options = options;
  }

  /** Looks the host up; messages that come before are lost. */
  start(): void {
    void this.#find();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#socket?.close();
    this.#socket = null;
  }

  take(passed: Passed): void {
    const address = this.#address;
    const socket = this.#socket;
    if (address === null || socket === null || this.#waiting >= mostWaiting) {
      this.#lose(1, address === null ? 'its address is not known' : 'the network does not take them');
      return;
    }
    const { at, direction } = passed.recorded;
    const payload = Buffer.from(passed.wire, 'latin1');
    const packet = hepPacket({ at, direction, path: passed.path, callId: passed.head.callId, payload }, this.#options);
    this.#waiting += 1;
    socket.send(packet, this.#options.port, address, (error) => {
      this.#waiting -= 1;
      if (error) this.#lose(1, error.message);
    });
  }

  missed(count: number): void {
    this.#lose(count, 'too many messages a second');
  }

  async #find(): Promise<void> {
    const { host, port, clock, logger, resolve = systemLookup } = this.#options;
    let wait = knownMs;
    try {
      const address = isIP(host) === 0 ? await resolve(host) : host;
      if (this.#stopped) return;
      if (address !== this.#address) {
        this.#open(address);
        logger.info({ to: host, address, port }, 'SIP messages are sent to a HEP collector');
      }
      this.#complained = false;
    } catch (error) {
      // what was known may still be right
      wait = unknownMs;
      if (!this.#complained) logger.warn({ to: host, reason: String(error) }, 'the HEP collector has no address');
      this.#complained = true;
    }
    if (!this.#stopped && isIP(host) === 0) this.#timer = clock.after(wait, () => void this.#find());
  }

  #open(address: string): void {
    this.#socket?.close();
    this.#waiting = 0;
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    socket.on('error', (error) => this.#lose(0, error.message));
    socket.unref();
    this.#socket = socket;
    this.#address = address;
  }

  #lose(count: number, reason: string): void {
    const { clock, logger, host } = this.#options;
    this.#lost += count;
    const now = clock.now();
    if (this.#stopped || (now - this.#toldAt < quietMs && now >= this.#toldAt)) return;
    this.#toldAt = now;
    logger.warn({ to: host, lost: this.#lost, reason }, 'messages did not go to the HEP collector');
    this.#lost = 0;
  }
}

async function systemLookup(host: string): Promise<string> {
  return (await lookup(host)).address;
}
