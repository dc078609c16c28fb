import { type Flow, isStream } from '../../engine.ts';
import type { ParsedResponse } from '../../message/parse.ts';
import type { ClientBranch, ClientIdentity, ClientTransactions } from '../client-tx.ts';
import { Waiting } from '../timer-wheel.ts';
import { t1, t2, timerB, timerD, timerF, timerM } from '../timers.ts';
import { type BranchInput, type BranchState, type BranchTable, branchTables } from './branch-tables.ts';

/** What a branch tells whoever sent it. */
export interface BranchEvents {
  onResponse(response: ParsedResponse): void;
  /** 17.1.4: nobody answered, or it could not be sent. Once, and never after a final response. */
  onFailed(how: 'timeout' | 'unsent'): void;
  /** Whom it was sent to is held to be away, and has not said a word. */
  onAway(): void;
}

export interface BranchOptions {
  readonly identity: ClientIdentity;
  readonly flow: Flow;
  /** The request. */
  readonly wire: string;
  /** The ACK of this refusal, hop by hop; only asked of an INVITE. */
  readonly ack: (response: ParsedResponse) => string;
  readonly events: BranchEvents;
}

/** One request sent on, on one path (RFC 3261 17.1, RFC 6026 7.2). */
export class Branch extends Waiting implements ClientBranch {
  readonly identity: ClientIdentity;
  readonly flow: Flow;
  /** null: it was refused, and all that is left to do is to acknowledge that again. */
  #told: Pick<BranchOptions, 'ack' | 'events'> | null;
  /** Of the request; empty: it is not sent any more. */
  #wire: string;
  /** Of the refusal; empty: none has come. */
  #ack = '';
  readonly #store: ClientTransactions;
  readonly #table: BranchTable;
  readonly #broken = (): void => this.#input('broken');
  #state: BranchState = 'calling';
  #repeatMs: number;
  #waiting = 0;
  /** Until Timer B or F; ms. */
  #left = 0;

  constructor(options: BranchOptions, store: ClientTransactions) {
    super();
    const { identity, flow } = options;
    this.identity = identity;
    this.flow = flow;
    this.#told = { ack: options.ack, events: options.events };
    this.#wire = options.wire;
    this.#store = store;
    this.#table = identity.method === 'INVITE' ? branchTables.invite : branchTables.plain;
    this.#left = identity.method === 'INVITE' ? timerB : timerF;
    this.#repeatMs = isStream(flow.transport) ? this.#left : t1; // 17.1.1.2, 17.1.2.2: no repetition on streams
  }

  get state(): BranchState {
    return this.#state;
  }

  /** Sends for the first time. False: too many requests are under way. */
  begin(): boolean {
    if (!this.#store.add(this)) return false;
    this.#wait();
    this.#send(this.#wire);
    return true;
  }

  onResponse(response: ParsedResponse): void {
    const { status } = response;
    this.#input(status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure', response);
  }

  onBroken(): void {
    this.#input('broken');
  }

  onAway(): void {
    if (this.#state === 'calling') this.#told?.events.onAway();
  }

  /** RFC 3261 9.1: it was cancelled; without a final response in 64*T1 there will be none. */
  expectEnd(): void {
    if (this.#state !== 'proceeding') return;
    this.#left = timerB;
    this.#repeatMs = timerB;
    this.#wait();
  }

  /** Whatever comes for it is nobody's any more. */
  forget(): void {
    this.#state = 'terminated';
    this.#store.forget(this);
  }

  override onDue(): void {
    this.#left -= this.#waiting;
    this.#input(this.#left <= 0 ? 'giveUp' : 'repeat');
  }

  #input(input: BranchInput, response?: ParsedResponse): void {
    const before = this.#state;
    const { state, act } = this.#table[before][input];
    this.#state = state;
    const told = this.#told;
    if (act === 'send') this.#again();
    if (act === 'refuse' && response !== undefined) this.#ack = told?.ack(response) ?? '';
    if (state !== before) this.#entered(state);
    if (act === 'refuse' || act === 'ack') this.#send(this.#ack);
    if ((act === 'refuse' || act === 'pass') && response !== undefined) told?.events.onResponse(response);
    else if (act === 'timeout' || act === 'unsent') told?.events.onFailed(act);
  }

  #again(): void {
    const isCall = this.#table === branchTables.invite;
    // 17.1.1.2: Timer A only doubles; 17.1.2.2: Timer E up to T2, and T2 once a provisional answer came
    this.#repeatMs = isCall ? 2 * this.#repeatMs : this.#state === 'proceeding' ? t2 : Math.min(2 * this.#repeatMs, t2);
    this.#wait();
    this.#send(this.#wire);
  }

  /** The timers of the new state. */
  #entered(state: BranchState): void {
    const { wheel } = this.#store;
    const isCall = this.#table === branchTables.invite;
    // for 32 s and longer only what is still needed is kept: strangers write large requests
    if (isCall) this.#wire = '';
    if (state === 'completed') this.#told = null;
    if (state === 'terminated') this.#store.forget(this);
    else if (state === 'proceeding' && isCall)
      wheel.cancel(this); // Timer C is the sender's business
    else if (state === 'completed') this.#last(isStream(this.flow.transport) ? 0 : timerD);
    else if (state === 'accepted') this.#last(timerM);
  }

  #last(ms: number): void {
    this.#left = ms;
    this.#repeatMs = ms;
    if (ms === 0) this.forget();
    else this.#wait();
  }

  #send(wire: string): void {
    if (!this.#store.transmit(this.flow, wire, this.#broken)) this.#input('broken'); // 17.1.4
  }

  #wait(): void {
    this.#waiting = Math.min(this.#repeatMs, this.#left);
    this.#store.wheel.set(this, this.#waiting);
  }
}
