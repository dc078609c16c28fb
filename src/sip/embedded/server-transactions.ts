import type { Relay, ServerTransaction, SipAnswer, SipRequest } from '../engine.ts';
import type { ParsedRequest } from '../message/parse.ts';
import { Fifo } from './fifo.ts';
import { type ServerHost, ServerTx } from './server-tx.ts';
import { t1 } from './timers.ts';

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

interface Keys {
  readonly key: string;
  readonly merge: string | null;
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
    this.#tx.respond(answer);
  }

  drop(): void {
    this.#tx.drop();
  }
}

/** The same, of an engine that is a proxy. */
class ForwardableTransaction extends HandedTransaction {
  readonly forward: (relay: Relay) => void;

  constructor(request: SipRequest, tx: ServerTx) {
    super(request, tx);
    this.forward = (relay) => tx.forward(relay);
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
    if (known !== undefined && bytes >= known.bytes) known.retransmitted();
    return known !== undefined;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  find(key: string): ServerTx | undefined {
    return this.#byKey.get(key);
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
    return this.host.forward === undefined
      ? new HandedTransaction(request, tx)
      : new ForwardableTransaction(request, tx);
  }

  /** `keepMs`: how long the answer may be asked for again. */
  answered(tx: ServerTx, granted: boolean, keepMs: number): void {
    this.#settled(tx);
    this.#keptBytes += tx.keptBytes;
    // A refusal has done nothing that a second copy could do again.
    // COMPAT(old phones): after a challenge they repeat with the same CSeq, against RFC 3261 22.2
    if (!granted) this.#forgetMerge(tx);
    if (keepMs === 0) this.forget(tx, false);
    else {
      this.host.wheel.set(tx, keepMs);
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
    while (this.#answered.first?.answered === false) this.#answered.shift();
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
