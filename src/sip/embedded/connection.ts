import type { Clock, Timer } from '../../model/clock.ts';
import type { Endpoint, Flow, Transport } from '../engine.ts';
import type { Frame } from './framing.ts';
import { looksLikeResponse } from './source-limits.ts';
import type { StreamLimits } from './stream-limits.ts';

/** What the engine wants to hear from its connections. */
export interface ConnectionEvents {
  onFrame(frame: Frame, connection: Connection): void;
  onClosed(connection: Connection): void;
  /** Too many connections, a failed handshake, a message that never ends, a peer that does not read. */
  onMisuse(remote: Endpoint, transport: Transport, what: string, detail?: string): void;
}

/** How one connection moves its bytes: as a stream, or in WebSocket frames. */
export interface Carrier {
  /** True: each frame is one message (RFC 7118 5); a bad one does not hide the next. */
  readonly framed: boolean;
  /** Bytes written that the network has not taken yet. */
  readonly waiting: number;
  /** `wire`: one character a byte. */
  write(wire: string): void;
  /** Sends what is waiting, then closes. */
  end(): void;
  destroy(): void;
}

/** What every connection is given. */
export interface ConnectionTools {
  readonly clock: Clock;
  readonly limits: StreamLimits;
  readonly events: ConnectionEvents;
}

/** Phones send a keep-alive or two a minute. */
const mostNoises = 100;
const noiseMs = 10_000;

/** One connection, accepted or dialled, whatever carries it: its time limits, its order, its end. */
export class Connection {
  readonly flow: Flow;
  readonly #carrier: Carrier;
  readonly #tools: ConnectionTools;
  #timer: Timer | null = null;
  #deadline: number;
  #armedFor = Number.POSITIVE_INFINITY;
  #heard: boolean;
  #midMessage = false;
  #gotMessage = false;
  /** Requests that have come and have no final answer; more where some of them get none. */
  #owed = 0;
  #heardAll = false;
  #finishing = false;
  #noiseSince = Number.NEGATIVE_INFINITY;
  #noises = 0;
  #closed = false;

  /** `dialled`: by us, so its peer need not speak first. */
  constructor(flow: Flow, carrier: Carrier, dialled: boolean, tools: ConnectionTools) {
    this.flow = flow;
    this.#carrier = carrier;
    this.#tools = tools;
    this.#heard = dialled;
    const { clock, limits } = tools;
    this.#deadline = clock.now() + (dialled ? limits.idleMs : limits.firstMessageMs);
    this.#watch();
  }

  /** False: it is gone, or its peer has said his last word. */
  get open(): boolean {
    return !this.#closed && !this.#heardAll;
  }

  /** False: what its peer says is not heard any more. */
  get hears(): boolean {
    return !this.#closed && !this.#finishing;
  }

  /** False where the connection is gone or its peer has stopped reading. */
  send(wire: string): boolean {
    if (this.#closed || this.#finishing) return false;
    this.#carrier.write(wire);
    if (this.#owed > 0 && isFinalAnswer(wire)) this.#owed -= 1;
    return this.checkReader();
  }

  /** Closes on a peer that lets too much wait; false where it is closed. */
  checkReader(): boolean {
    if (this.#closed) return false;
    if (this.#carrier.waiting <= this.#tools.limits.unread) return true;
    this.#misuse('peer does not read');
    this.close();
    return false;
  }

  /** The carrier has a whole frame. */
  receive(frame: Frame): void {
    if (!this.hears) return;
    if (frame.kind === 'ping') {
      if (this.noise()) this.send('\r\n'); // RFC 5626 4.4.1
      return;
    }
    this.#gotMessage = true;
    if (!looksLikeResponse(frame.bytes)) this.#owed += 1;
    this.#tools.events.onFrame(frame, this);
  }

  /**
   * A keep-alive, or a message that was dropped unread: cheap to send, not free to hear, and counted nowhere else. False:
   * there have been too many, and the connection is closed.
   */
  noise(): boolean {
    if (this.#closed) return false;
    const now = this.#tools.clock.now();
    if (now - this.#noiseSince >= noiseMs || now < this.#noiseSince) {
      this.#noiseSince = now;
      this.#noises = 0;
    }
    if (++this.#noises <= mostNoises) return true;
    this.#misuse('too many keep-alives or dropped messages');
    this.close();
    return false;
  }

  /** The carrier has handed over all frames of what it read; `midMessage`: and the beginning of another. */
  settle(midMessage: boolean): void {
    if (this.#closed || this.#finishing) return;
    const { clock, limits } = this.#tools;
    if (this.#gotMessage) this.#heard = true;
    const now = clock.now();
    if (midMessage) {
      if (this.#gotMessage || !this.#midMessage) this.#deadline = Math.min(now + limits.messageMs, this.#firstLimit());
    } else if (this.#heard) this.#deadline = now + limits.idleMs;
    this.#midMessage = midMessage;
    this.#gotMessage = false;
    if (this.#deadline < this.#armedFor) this.#watch();
  }

  /**
   * The peer sends no more. It may still read: what it waits for goes out while there is time (RFC 3261 18.2.2), with the first
   * NOTIFY behind it; then it is finished. Where nothing is owed it is gone at once: no answer to a NOTIFY could come by it.
   */
  heardAll(): void {
    if (this.#closed || this.#finishing || this.#heardAll) return; // a finished one goes when its last bytes have left
    this.#heardAll = true;
    this.#midMessage = false;
    if (this.#owed > 0) this.#farewell();
    else if (this.#carrier.waiting > 0) this.finish();
    else this.close();
  }

  /** The last message could not be understood: on a byte stream nobody knows where the next begins. */
  lostStep(): void {
    if (!this.#carrier.framed) this.finish();
  }

  /** Sends what is waiting, then closes. */
  finish(): void {
    if (this.#closed || this.#finishing) return;
    this.#finishing = true;
    this.#carrier.end();
    this.#farewell();
  }

  /** At once; again: nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#carrier.destroy();
    this.#tools.events.onClosed(this);
  }

  /** Says what the peer did, and closes. */
  refuse(what: string, detail?: string): void {
    if (this.#closed) return;
    this.#misuse(what, detail);
    this.finish();
  }

  #farewell(): void {
    this.#deadline = this.#tools.clock.now() + this.#tools.limits.farewellMs;
    this.#watch();
  }

  #misuse(what: string, detail?: string): void {
    const { remote, transport } = this.flow;
    this.#tools.events.onMisuse(remote, transport, what, detail);
  }

  /** Until the first message is complete its own limit stays in force. */
  #firstLimit(): number {
    return this.#heard ? Number.POSITIVE_INFINITY : this.#deadline;
  }

  /** One clock timer a connection; later deadlines are only looked at when it fires. */
  #watch(): void {
    const { clock } = this.#tools;
    this.#timer?.cancel();
    this.#armedFor = this.#deadline;
    this.#timer = clock.after(Math.max(this.#deadline - clock.now(), 1), () => {
      if (clock.now() < this.#deadline) return this.#watch();
      if (this.#heardAll && !this.#finishing) return this.finish();
      if (this.#midMessage && !this.#finishing) this.#misuse('message not completed in time');
      this.close();
    });
  }
}

/** RFC 3261 7.2: of the statuses only 1xx is not the last. */
function isFinalAnswer(wire: string): boolean {
  return wire.startsWith('SIP/2.0 ') && wire.charAt(8) !== '1';
}
