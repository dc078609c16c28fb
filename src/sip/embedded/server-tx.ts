import type { Flow, ServerTransaction, SipAnswer, SipRequest } from '../engine.ts';
import type { ParsedRequest } from '../message/parse.ts';
import { type TimerWheel, Waiting } from './timer-wheel.ts';
import { t1, timerJ } from './timers.ts';

/** RFC 3261 17.2.2 without Proceeding: this engine sends no provisional answers. */
export type ServerState = 'trying' | 'completed' | 'terminated';
export type ServerInput = 'retransmission' | 'answer' | 'timer';
/** `resend`: the same bytes again; `send`: the answer, for the first time; `unanswered`: the handler never answered. */
export type ServerAct = 'none' | 'send' | 'resend' | 'unanswered';

interface ServerStep {
  readonly state: ServerState;
  readonly act: ServerAct;
}

/** An INVITE takes the same way: its final answer is repeated when the INVITE is, its ACK ends here unseen. */
export const serverTable: Readonly<Record<ServerState, Readonly<Record<ServerInput, ServerStep>>>> = {
  trying: {
    retransmission: { state: 'trying', act: 'none' }, // 17.2.2: discarded in Trying
    answer: { state: 'completed', act: 'send' },
    timer: { state: 'terminated', act: 'unanswered' }, // the client's Timer F is over: nobody waits any more
  },
  completed: {
    retransmission: { state: 'completed', act: 'resend' },
    answer: { state: 'completed', act: 'none' }, // any further response is discarded
    timer: { state: 'terminated', act: 'none' }, // Timer J
  },
  terminated: {
    retransmission: { state: 'terminated', act: 'none' },
    answer: { state: 'terminated', act: 'none' },
    timer: { state: 'terminated', act: 'none' },
  },
};

/** Our rules: memory stays bounded whoever sends. */
export const serverLimits = {
  /** Answered ones kept for Timer J; the oldest are forgotten first, their retransmissions would be new requests. */
  kept: 200_000,
  /** Bytes of kept answers: they echo what strangers wrote. */
  keptBytes: 96 * 1024 * 1024,
  /** Unanswered ones; beyond, 503 with Retry-After. */
  pending: 50_000,
} as const;

const cookie = 'z9hG4bK';

/**
 * RFC 3261 17.2.3: branch, sent-by and method; without the magic cookie the older rule. The source, `address:port`, is
 * added: two sources never share a transaction, so that none can fetch or spoil the answer of another.
 */
export function serverKey(message: ParsedRequest, source: string, method: string): string {
  const { via, headers } = message;
  if (via.branch?.startsWith(cookie) === true && via.branch.length > cookie.length) {
    return `${via.branch}|${via.host}:${via.port ?? 5060}|${source}|${method}`;
  }
  const parts = [source, method, message.uri, headers.get('Call-ID'), message.cseq, message.fromTag, message.toTag];
  return `2543|${parts.join('|')}|${headers.get('Via')}`;
}

/** What a transaction needs from the engine. */
export interface ServerHost {
  readonly wheel: TimerWheel;
  /** The answer as bytes; never throws. */
  write(message: ParsedRequest, flow: Flow, answer: SipAnswer): string;
  send(flow: Flow, wire: string): void;
  onUnanswered(message: ParsedRequest, flow: Flow): void;
}

/** The part that is kept for Timer J: a key and the bytes of the answer, not the request. */
class ServerTx extends Waiting {
  readonly key: string;
  /** Of the request. */
  readonly bytes: number;
  readonly #store: ServerTransactions;
  readonly #flow: Flow;
  #message: ParsedRequest | null;
  #wire = '';
  #state: ServerState = 'trying';

  constructor(key: string, bytes: number, message: ParsedRequest, flow: Flow, store: ServerTransactions) {
    super();
    this.key = key;
    this.bytes = bytes;
    this.#message = message;
    this.#flow = flow;
    this.#store = store;
  }

  get completed(): boolean {
    return this.#state === 'completed';
  }

  /** Of the answer; 0 before it. */
  get answerBytes(): number {
    return this.#wire.length;
  }

  input(input: ServerInput, answer?: SipAnswer): void {
    const { state, act } = serverTable[this.#state][input];
    const before = this.#state;
    this.#state = state;
    const message = this.#message;
    if (act === 'resend') this.#store.host.send(this.#flow, this.#wire);
    else if (act === 'send' && answer !== undefined && message !== null) {
      this.#wire = this.#store.host.write(message, this.#flow, answer);
      this.#message = null;
      this.#store.host.send(this.#flow, this.#wire);
      this.#store.answered(this, this.#flow.transport === 'udp');
    } else if (act === 'unanswered' && message !== null) this.#store.host.onUnanswered(message, this.#flow);
    if (state === 'terminated' && before !== state) this.#store.forget(this, before === 'trying');
  }

  /** What a wheel or a handler may still hold of it is small. */
  empty(): void {
    this.#state = 'terminated';
    this.#message = null;
    this.#wire = '';
  }

  override onDue(): void {
    this.input('timer');
  }
}

/** What the handler holds; it may live longer than the transaction. */
class HandedTransaction implements ServerTransaction {
  readonly request: SipRequest;
  readonly #tx: ServerTx;

  constructor(request: SipRequest, tx: ServerTx) {
    this.request = request;
    this.#tx = tx;
  }

  respond(answer: SipAnswer): void {
    this.#tx.input('answer', answer);
  }
}

/** All server transactions. */
export class ServerTransactions {
  readonly host: ServerHost;
  readonly #byKey = new Map<string, ServerTx>();
  #pending = 0;
  #keptBytes = 0;

  constructor(host: ServerHost) {
    this.host = host;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** True: too many wait for their answers. */
  get overloaded(): boolean {
    return this.#pending >= serverLimits.pending;
  }

  /**
   * True: the key is known; a retransmission of `bytes` bytes has been dealt with. A shorter one is none: it is somebody
   * who fetches a large answer again and again with a small message, for a source he forged.
   */
  absorb(key: string, bytes: number): boolean {
    const known = this.#byKey.get(key);
    if (known !== undefined && bytes >= known.bytes) known.input('retransmission');
    return known !== undefined;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  open(key: string, bytes: number, message: ParsedRequest, request: SipRequest): ServerTransaction {
    const tx = new ServerTx(key, bytes, message, request.flow, this);
    this.#byKey.set(key, tx);
    this.#pending++;
    this.host.wheel.set(tx, 64 * t1);
    if (this.#byKey.size > serverLimits.kept) this.#forgetOldest();
    return new HandedTransaction(request, tx);
  }

  answered(tx: ServerTx, unreliable: boolean): void {
    this.#pending--;
    this.#keptBytes += tx.answerBytes;
    if (unreliable) this.host.wheel.set(tx, timerJ);
    else this.forget(tx, false); // 17.2.2: Timer J is 0 on streams
    while (this.#keptBytes > serverLimits.keptBytes && this.#forgetOldest());
  }

  forget(tx: ServerTx, unanswered: boolean): void {
    if (unanswered) this.#pending--;
    else this.#keptBytes -= tx.answerBytes;
    tx.empty();
    this.host.wheel.cancel(tx);
    this.#byKey.delete(tx.key);
  }

  clear(): void {
    this.#byKey.clear();
    this.#pending = 0;
    this.#keptBytes = 0;
  }

  /** False: none has been answered. */
  #forgetOldest(): boolean {
    for (const tx of this.#byKey.values()) {
      if (!tx.completed) continue;
      this.forget(tx, false);
      return true;
    }
    return false;
  }
}
