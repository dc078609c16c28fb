import {
  type Endpoint,
  type Flow,
  isStream,
  type ServerTransaction,
  type SipAnswer,
  type SipRequest,
} from '../engine.ts';
import { splitList } from '../message/name-addr.ts';
import type { ParsedRequest } from '../message/parse.ts';
import { Fifo } from './fifo.ts';
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
  /** Bytes of kept answers and of their keys: both repeat what strangers wrote. */
  keptBytes: 96 * 1024 * 1024,
  /** Unanswered ones, waiting to be served or being served; beyond, 503 with Retry-After. About 6 kB each. */
  pending: 20_000,
  /** Bytes of the unanswered ones: 20,000 of the largest would be 1.3 GB. */
  pendingBytes: 64 * 1024 * 1024,
} as const;

export type Limits = Readonly<Record<keyof typeof serverLimits, number>>;

const cookie = 'z9hG4bK';

/**
 * RFC 3261 17.2.3: branch, sent-by and method; without the magic cookie the older rule. The source is added: two sources
 * never share a transaction, so that none can fetch or spoil the answer of another. `join` and not `+`: it makes a flat
 * string, where `+` makes a tree of slices that would keep the whole datagram in memory for Timer J (measured: 0.9 kB kept instead of 1.5).
 */
export function serverKey(message: ParsedRequest, source: Endpoint, method: string): string {
  const { via, headers } = message;
  const { address, port } = source;
  if (via.branch?.startsWith(cookie) === true && via.branch.length > cookie.length) {
    return [via.branch, via.host, via.port ?? 5060, address, port, method].join('|');
  }
  const { uri, cseq, fromTag, toTag } = message;
  const callId = headers.first('Call-ID');
  return ['2543', address, port, method, uri, callId, cseq, fromTag, toTag, headers.first('Via')].join('|');
}

/**
 * RFC 3261 8.2.2.2: what the copies of one request have in common when a proxy forked it, the phone's own Via among it;
 * null where it cannot be one: within a dialog, and straight from a phone. Phones that use the numbers of before a reboot
 * again, or repeat from another port of their NAT, must not be refused.
 */
export function mergeKey({ toTag, fromTag, cseq, method, headers }: ParsedRequest): string | null {
  const lines = headers.lines('Via');
  const [first = ''] = lines;
  if (toTag !== null || (lines.length === 1 && !first.includes(','))) return null;
  const hops = lines.flatMap((line) => splitList(line) ?? [line]);
  return hops.length > 1 ? [headers.first('Call-ID'), fromTag, cseq, method, hops.at(-1)].join('|') : null;
}

/** What a transaction needs from the engine. */
export interface ServerHost {
  readonly wheel: TimerWheel;
  /** The answer to a request of `bytes` bytes, as bytes; never throws. */
  write(message: ParsedRequest, flow: Flow, answer: SipAnswer, bytes: number): string;
  send(flow: Flow, wire: string): void;
  onUnanswered(message: ParsedRequest, flow: Flow): void;
}

/** The part that is kept for Timer J: two keys and the bytes of the answer, not the request. */
class ServerTx extends Waiting {
  readonly key: string;
  /** Of the request. */
  readonly bytes: number;
  /** By which a merged copy is known; null: it cannot be merged. */
  mergeKey: string | null;
  readonly #store: ServerTransactions;
  readonly #flow: Flow;
  #message: ParsedRequest | null;
  #wire = '';
  #state: ServerState = 'trying';

  constructor(key: string, mergeKey: string | null, bytes: number, opened: Opened, store: ServerTransactions) {
    super();
    this.key = key;
    this.mergeKey = mergeKey;
    this.bytes = bytes;
    this.#message = opened.message;
    this.#flow = opened.flow;
    this.#store = store;
  }

  get completed(): boolean {
    return this.#state === 'completed';
  }

  /** Of the answer and of the key, which without a branch holds the Request-URI and more. */
  get keptBytes(): number {
    return this.#wire.length + this.key.length;
  }

  input(input: ServerInput, answer?: SipAnswer): void {
    const { state, act } = serverTable[this.#state][input];
    const before = this.#state;
    this.#state = state;
    const message = this.#message;
    if (act === 'resend') this.#store.host.send(this.#flow, this.#wire);
    else if (act === 'send' && answer !== undefined && message !== null) {
      this.#wire = this.#store.host.write(message, this.#flow, answer, this.bytes);
      this.#message = null;
      this.#store.host.send(this.#flow, this.#wire);
      this.#store.answered(this, answer.status, isStream(this.#flow.transport));
    } else if (act === 'unanswered' && message !== null) this.#store.host.onUnanswered(message, this.#flow);
    if (state === 'terminated' && before !== state) this.#store.forget(this, before === 'trying');
  }

  /** It ends without an answer, and without a word: its client has given up. */
  drop(): void {
    if (this.#state === 'trying') this.#store.forget(this, true);
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

interface Keys {
  readonly key: string;
  readonly merge: string | null;
}

interface Opened {
  readonly message: ParsedRequest;
  readonly flow: Flow;
}

/** What the handler holds; it may live longer than the transaction. */
export class HandedTransaction implements ServerTransaction {
  readonly request: SipRequest;
  readonly #tx: ServerTx;

  constructor(request: SipRequest, tx: ServerTx) {
    this.request = request;
    this.#tx = tx;
  }

  respond(answer: SipAnswer): void {
    this.#tx.input('answer', answer);
  }

  drop(): void {
    this.#tx.drop();
  }
}

/** All server transactions. */
export class ServerTransactions {
  readonly host: ServerHost;
  readonly #limits: Limits;
  readonly #byKey = new Map<string, ServerTx>();
  /** Those a merged copy could come for: waiting for their answer, or answered with 2xx. */
  readonly #byMergeKey = new Map<string, ServerTx>();
  /** In the order of their answers, which is also that of their Timers J; those that have ended may still stand here. */
  readonly #answered = new Fifo<ServerTx>();
  #pending = 0;
  #pendingBytes = 0;
  #keptBytes = 0;

  constructor(host: ServerHost, limits: Limits = serverLimits) {
    this.host = host;
    this.#limits = limits;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Unanswered. */
  get pending(): number {
    return this.#pending;
  }

  /** True: too many wait for their answers. */
  get full(): boolean {
    return this.#pending >= this.#limits.pending || this.#pendingBytes >= this.#limits.pendingBytes;
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

  /** A copy of this request came another way, and is served or was granted (RFC 3261 8.2.2.2). */
  isMerged(mergeKey: string): boolean {
    return this.#byMergeKey.has(mergeKey);
  }

  /** `merge`: its `mergeKey`. */
  open(keys: Keys, bytes: number, message: ParsedRequest, request: SipRequest): HandedTransaction {
    const { key, merge } = keys;
    const own = merge !== null && !this.#byMergeKey.has(merge) ? merge : null;
    const tx = new ServerTx(key, own, bytes, { message, flow: request.flow }, this);
    this.#byKey.set(key, tx);
    if (own !== null) this.#byMergeKey.set(own, tx);
    this.#pending++;
    this.#pendingBytes += bytes;
    this.host.wheel.set(tx, 64 * t1);
    if (this.#byKey.size > this.#limits.kept) this.#forgetOldest();
    return new HandedTransaction(request, tx);
  }

  answered(tx: ServerTx, status: number, reliable: boolean): void {
    this.#settled(tx);
    this.#keptBytes += tx.keptBytes;
    // A refusal has done nothing that a second copy could do again.
    // COMPAT(old phones): after a challenge they repeat with the same CSeq, against RFC 3261 22.2
    if (status >= 300) this.#forgetMerge(tx);
    if (reliable)
      this.forget(tx, false); // 17.2.2: Timer J is 0 on streams
    else {
      this.host.wheel.set(tx, timerJ);
      this.#answered.push(tx);
    }
    while (this.#keptBytes > this.#limits.keptBytes && this.#forgetOldest());
  }

  forget(tx: ServerTx, unanswered: boolean): void {
    if (unanswered) this.#settled(tx);
    else this.#keptBytes -= tx.keptBytes;
    tx.empty();
    this.host.wheel.cancel(tx);
    this.#byKey.delete(tx.key);
    this.#forgetMerge(tx);
    while (this.#answered.first?.completed === false) this.#answered.shift();
  }

  /** Answers that still come are discarded. */
  clear(): void {
    for (const tx of this.#byKey.values()) tx.empty();
    this.#byKey.clear();
    this.#answered.clear();
    this.#byMergeKey.clear();
    this.#pending = 0;
    this.#pendingBytes = 0;
    this.#keptBytes = 0;
  }

  /** It waits for its answer no longer. */
  #settled(tx: ServerTx): void {
    this.#pending--;
    this.#pendingBytes -= tx.bytes;
  }

  #forgetMerge(tx: ServerTx): void {
    if (tx.mergeKey === null) return;
    this.#byMergeKey.delete(tx.mergeKey);
    tx.mergeKey = null;
  }

  /** False: none has been answered. */
  #forgetOldest(): boolean {
    const oldest = this.#answered.first;
    if (oldest !== undefined) this.forget(oldest, false);
    return oldest !== undefined;
  }
}
