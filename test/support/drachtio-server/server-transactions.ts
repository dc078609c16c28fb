import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../../src/model/clock.ts';
import type { AppHeaders } from './app-headers.ts';
import { knownMethods } from './methods.ts';
import type { Path, SipSockets } from './sip-sockets.ts';
import { all, first, methodOf, type SipText, tagOf, writeSip } from './sip-text.ts';

/** CLIENT_TIMEOUT of pending-request-controller.cpp: then an unanswered request is forgotten, and answered no more. */
const unanswered = 64_000;
/** Timer J. */
const answered = 32_000;

/** What came, with the true source in its Via, and as text as a client sees it. */
export interface Received {
  readonly message: SipText;
  readonly text: string;
  /** Bytes on the wire. */
  readonly bytes: number;
  readonly path: Path;
}

/** One request of the network: sofia's nta_incoming, or drachtio's PendingRequest before it. */
export class Incoming {
  readonly received: Received;
  readonly method: string;
  readonly key: string;
  /** Ours, where the request has none. */
  tag = randomBytes(6).toString('hex');
  /** '': not answered yet. */
  wire = '';
  /** Sofia knows of it: from the first answer on, in a dialog from the beginning. */
  known = false;
  readonly #sockets: SipSockets;

  constructor(received: Received, key: string, sockets: SipSockets) {
    this.received = received;
    this.method = methodOf(received.message);
    this.key = key;
    this.#sockets = sockets;
  }

  /** Its connection is closed: there is no way back. */
  get lost(): boolean {
    return this.received.path.connection?.closed === true;
  }

  respond(startLine: string, headers: AppHeaders, extra: readonly string[], body: string): string {
    const { message } = this.received;
    const status = Number(startLine.split(' ')[1]);
    const to = headers.get('To') ?? first(message, 'to');
    const lines = all(message, 'via').map((via) => `Via: ${via}`);
    if (status > 100 && status < 300) {
      for (const route of all(message, 'record-route')) lines.push(`Record-Route: ${route}`);
    }
    lines.push(`From: ${headers.get('From') ?? first(message, 'from')}`);
    lines.push(status === 100 || tagOf(to) !== undefined ? `To: ${to}` : `To: ${to};tag=${this.tag}`);
    for (const name of ['Call-ID', 'CSeq']) {
      lines.push(`${name}: ${headers.get(name) ?? first(message, name.toLowerCase())}`);
    }
    lines.push(...headers.linesBut('From', 'To', 'Call-ID', 'CSeq'), ...extra);
    const wire = writeSip(startLine, lines, body);
    this.known = true;
    if (status >= 200) this.wire = wire;
    this.send(wire);
    return wire;
  }

  send(wire = this.wire): void {
    const { path } = this.received;
    if (path.connection !== null) path.connection.send(wire);
    else this.#sockets.sendUdp(path, wire, () => undefined);
  }
}

/** Requests of the network that were served, so that a repetition is not served again. */
export class ServerTransactions {
  readonly #clock: Clock;
  readonly #sockets: SipSockets;
  readonly #byKey = new Map<string, { readonly incoming: Incoming; readonly timer: Timer }>();

  constructor(clock: Clock, sockets: SipSockets) {
    this.#clock = clock;
    this.#sockets = sockets;
  }

  /** null: a repetition, or an ACK; what was answered is answered again. */
  open(received: Received): Incoming | null {
    const method = methodOf(received.message);
    const key = keyOf(received.message, method);
    const known = this.#byKey.get(key)?.incoming;
    if (known !== undefined && known.wire !== '') known.send();
    if (known !== undefined || method === 'ACK') return null;
    return new Incoming(received, key, this.#sockets);
  }

  /** What a CANCEL is for; undefined: nothing that sofia knows of. */
  cancelled({ message }: Received): Incoming | undefined {
    for (const method of knownMethods) {
      const incoming = this.#byKey.get(keyOf(message, method))?.incoming;
      if (method !== 'CANCEL' && incoming?.known === true) return incoming;
    }
    return undefined;
  }

  /** From now on repetitions of it are known. `onForgotten`: after so long without an answer. */
  keep(incoming: Incoming, onForgotten: () => void): void {
    this.#set(incoming, unanswered, onForgotten);
  }

  /** It has its final answer. */
  answered(incoming: Incoming): void {
    this.#set(incoming, answered, () => undefined);
  }

  clear(): void {
    for (const { timer } of this.#byKey.values()) timer.cancel();
    this.#byKey.clear();
  }

  #set(incoming: Incoming, ms: number, onForgotten: () => void): void {
    const { key } = incoming;
    this.#byKey.get(key)?.timer.cancel();
    const timer = this.#clock.after(ms, () => {
      this.#byKey.delete(key);
      onForgotten();
    });
    this.#byKey.set(key, { incoming, timer });
  }
}

/** `incoming_find` of sofia: the request of that method with the same Call-ID, CSeq number, From tag and topmost Via. */
function keyOf(message: SipText, method: string): string {
  const [, sentBy = '', branch = ''] =
    /^\S+\s+([^;]*)(?:.*?;\s*branch\s*=\s*([^;,\s]+))?/i.exec(first(message, 'via')) ?? [];
  const number = first(message, 'cseq').split(' ', 1)[0];
  const cookie = branch.toLowerCase().startsWith('z9hg4bk');
  const old = cookie ? [] : [message.startLine.split(' ')[1], tagOf(first(message, 'to'))];
  const parts = [first(message, 'call-id'), number, tagOf(first(message, 'from')), sentBy, branch, ...old, method];
  return parts.join('|');
}
