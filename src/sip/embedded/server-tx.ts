import { type Flow, isStream, type Relay, type SipAnswer } from '../engine.ts';
import type { ParsedRequest } from '../message/parse.ts';
import { type ServerInput, type ServerState, type ServerTable, serverTables } from './server-tables.ts';
import type { ServerTransactions } from './server-transactions.ts';
import { type TimerWheel, Waiting } from './timer-wheel.ts';
import { t1, t2, timerH, timerI, timerJ, timerL } from './timers.ts';

/** What a transaction needs from the engine. */
export interface ServerHost {
  readonly wheel: TimerWheel;
  /** The answer to a request of `bytes` bytes, as bytes; never throws. */
  write(message: ParsedRequest, flow: Flow, answer: SipAnswer, bytes: number): string;
  send(flow: Flow, wire: string): void;
  onUnanswered(message: ParsedRequest, flow: Flow): void;
  /** Sends the request on and brings its responses back into `tx`; absent: the engine is no proxy. */
  forward?(tx: ServerTx, message: ParsedRequest, flow: Flow, relay: Relay): void;
}

/** What a CANCEL reaches where the request was sent on. */
export interface Cancellable {
  /** `by`: the CANCEL that came. */
  cancel(by: ParsedRequest): void;
}

/** The part that is kept for Timer J: two keys and the bytes of the answer, not the request. */
export class ServerTx extends Waiting {
  readonly key: string;
  /** Of the request. */
  readonly bytes: number;
  /** By which a merged copy is known; null: it cannot be merged. */
  mergeKey: string | null;
  readonly #store: ServerTransactions;
  readonly #flow: Flow;
  #message: ParsedRequest | null;
  #wire = '';
  #table: ServerTable = serverTables.plain;
  #state: ServerState = 'trying';
  /** Set once the request was sent on: what brings its answers. */
  #sentOn: Cancellable | null = null;
  #cancelled = false;
  /** Timer G at its last turn, and what is left of Timer H; ms. Only while the refusal of a call waits for its ACK. */
  #timerG = 0;
  #untilH = 0;

  constructor(key: string, mergeKey: string | null, bytes: number, opened: Opened, store: ServerTransactions) {
    super();
    this.key = key;
    this.mergeKey = mergeKey;
    this.bytes = bytes;
    this.#message = opened.message;
    this.#flow = opened.flow;
    this.#store = store;
  }

  /** It has its final answer. */
  get answered(): boolean {
    return this.#state !== 'trying' && this.#state !== 'proceeding' && this.#state !== 'terminated';
  }

  /** The tag in To of the answer that is kept; null: there is none. */
  get toTag(): string | null {
    return /\r\nTo:[^\r]*;tag=([^;\s]+)/i.exec(this.#wire)?.[1] ?? null;
  }

  /** Of the answer and of the key, which without a branch holds the Request-URI and more. */
  get keptBytes(): number {
    return this.#wire.length + this.key.length;
  }

  /** An answer made here; nothing where there is one already, or where the request was sent on. */
  respond(answer: SipAnswer): void {
    if (this.#sentOn === null) this.#input(answer.status < 300 ? 'success' : 'failure', answer);
  }

  /** Sends the request on. Its timers are then those of the other side. */
  forward(relay: Relay): void {
    const message = this.#message;
    const { host } = this.#store;
    if (message === null || this.#state !== 'trying' || this.#sentOn !== null) return;
    const isCall = message.method === 'INVITE';
    if (isCall && this.#cancelled) {
      this.respond({ status: 487 });
      return;
    }
    if (isCall) this.#table = serverTables.invite;
    host.wheel.cancel(this);
    this.#sentOn = nobody; // until it is known; a second call is ignored
    host.forward?.(this, message, this.#flow, relay);
  }

  /** RFC 3261 9.2: what was sent on is cancelled there; what still waits to be is not sent any more. */
  cancel(by: ParsedRequest): void {
    this.#cancelled = true;
    this.#sentOn?.cancel(by);
  }

  /** Who is to hear of a CANCEL. */
  isSentOn(by: Cancellable): void {
    this.#sentOn = by;
  }

  /** What came back, or is said for who did not answer. `wire`: the whole response. */
  bring(status: number, wire: string | SipAnswer): void {
    this.#input(status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure', wire);
  }

  retransmitted(): void {
    this.#input('retransmission');
  }

  /** RFC 3261 17.2.1: the ACK of a refusal. False: it is that of a 2xx, which belongs to nobody here. */
  acknowledged(): boolean {
    if (this.#state === 'accepted') return false;
    const isOver = this.#table === serverTables.plain && isStream(this.#flow.transport);
    this.#input(isOver ? 'timer' : 'ack');
    return true;
  }

  /** It ends without an answer, and without a word: its client has given up. */
  drop(): void {
    if (this.#state === 'trying' || this.#state === 'proceeding') this.#store.forget(this, true);
  }

  /** What a wheel or a handler may still hold of it is small. */
  empty(): void {
    this.#state = 'terminated';
    this.#message = null;
    this.#wire = '';
    this.#sentOn = null;
  }

  override onDue(): void {
    // Timer G repeats what Timer H ends
    if (this.#untilH > 0) this.#untilH -= this.#timerG;
    this.#input(this.#untilH <= 0 ? 'timer' : 'timerG');
  }

  #input(input: ServerInput, answer?: SipAnswer | string): void {
    const before = this.#state;
    const { state, act } = this.#table[before][input];
    const { host } = this.#store;
    this.#state = state;
    if (act === 'resend') host.send(this.#flow, this.#wire);
    else if (act === 'repeat') {
      host.send(this.#flow, this.#wire);
      this.#waitForAck(Math.min(2 * this.#timerG, t2));
    } else if (act === 'send' && answer !== undefined) this.#send(answer, before, input === 'success');
    else if (act === 'confirmed') this.#confirmed();
    else if (act === 'unanswered' && this.#message !== null) host.onUnanswered(this.#message, this.#flow);
    if (state === 'terminated' && before !== state) {
      this.#store.forget(this, before === 'trying' || before === 'proceeding');
    }
  }

  #send(answer: SipAnswer | string, before: ServerState, granted: boolean): void {
    const { host } = this.#store;
    const message = this.#message;
    if (typeof answer !== 'string' && message === null) return;
    const wire =
      typeof answer === 'string' ? answer : host.write(message as ParsedRequest, this.#flow, answer, this.bytes);
    host.send(this.#flow, wire);
    if (before === 'accepted') return; // a further 2xx of a forked call changes nothing in the books
    this.#wire = wire;
    if (!this.answered) return;
    const isCall = message?.method === 'INVITE';
    this.#message = null;
    if (this.#sentOn !== null) this.#sentOn = nobody; // it holds the request
    this.#store.answered(this, granted, this.#keeping(before, isCall));
  }

  /** How long the answer is kept, ms; 0: not at all. */
  #keeping(before: ServerState, isCall: boolean): number {
    const reliable = isStream(this.#flow.transport);
    if (this.#table === serverTables.plain) {
      // a proxy would take the ACK that follows for that of a 2xx, and send it on
      if (isCall && this.#store.host.forward !== undefined) return timerH;
      return reliable ? 0 : timerJ; // 17.2.2: Timer J is 0 on streams
    }
    if (this.#state === 'accepted') return timerL;
    this.#untilH = timerH;
    // 17.2.1: no repetition on streams. Who has heard nothing before repeats his INVITE (Timer A) and is answered again; to
    // him Timer G would only send a refusal eleven times to whoever the INVITE claims to come from.
    this.#timerG = reliable || before === 'trying' ? timerH : t1;
    return this.#timerG;
  }

  #waitForAck(ms: number): void {
    this.#timerG = Math.min(ms, this.#untilH);
    this.#store.host.wheel.set(this, this.#timerG);
  }

  #confirmed(): void {
    this.#untilH = 0;
    if (isStream(this.#flow.transport)) this.#input('timer');
    else this.#store.host.wheel.set(this, timerI);
  }
}

const nobody: Cancellable = { cancel: () => undefined };

export interface Opened {
  readonly message: ParsedRequest;
  readonly flow: Flow;
}
