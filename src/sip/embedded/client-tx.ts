import type { FinalResponse } from '../engine.ts';
import type { ParsedResponse } from '../message/parse.ts';
import { reasonPhrase } from '../message/reasons.ts';
import { type TimerWheel, Waiting } from './timer-wheel.ts';
import { t1, t2, timerF } from './timers.ts';

/**
 * RFC 3261 17.1.2. Completed and its Timer K are left out: they only absorb repeated answers, and an answer that
 * matches nothing is dropped here anyway.
 */
export type ClientState = 'trying' | 'proceeding' | 'terminated';
export type ClientInput = 'timerE' | 'timerF' | 'provisional' | 'final' | 'broken';
export type ClientAct = 'none' | 'resend' | 'deliver' | 'timeout' | 'unsent';

interface ClientStep {
  readonly state: ClientState;
  readonly act: ClientAct;
}

const over: ClientStep = { state: 'terminated', act: 'none' };

export const clientTable: Readonly<Record<ClientState, Readonly<Record<ClientInput, ClientStep>>>> = {
  trying: {
    timerE: { state: 'trying', act: 'resend' },
    timerF: { state: 'terminated', act: 'timeout' },
    provisional: { state: 'proceeding', act: 'none' },
    final: { state: 'terminated', act: 'deliver' },
    broken: { state: 'terminated', act: 'unsent' }, // 17.1.4
  },
  proceeding: {
    timerE: { state: 'proceeding', act: 'resend' },
    timerF: { state: 'terminated', act: 'timeout' },
    provisional: { state: 'proceeding', act: 'none' },
    final: { state: 'terminated', act: 'deliver' },
    broken: { state: 'terminated', act: 'unsent' },
  },
  terminated: { timerE: over, timerF: over, provisional: over, final: over, broken: over },
};

/** 17.1.2.2: T1, then doubled up to T2; always T2 once a provisional answer came. */
export function nextTimerE(state: ClientState, last: number): number {
  return state === 'proceeding' ? t2 : Math.min(2 * last, t2);
}

/** A final answer that was made here. */
export function localResponse(status: number, reason = reasonPhrase(status)): FinalResponse {
  return { status, reason, header: () => undefined, local: true };
}

/** One request under way on one path. */
export class ClientTx extends Waiting {
  readonly branch: string;
  readonly method: string;
  /** As in our Via: a response must bring it back (RFC 3261 18.1.2). */
  readonly sentBy: string;
  /** The connection it went by; empty: UDP. */
  readonly connection: string;
  readonly #store: ClientTransactions;
  readonly #resend: () => void;
  readonly #done: (response: FinalResponse) => void;
  #state: ClientState = 'trying';
  #timerE: number;
  #untilF = timerF;
  #waiting = 0;

  constructor(
    identity: Pick<ClientTx, 'branch' | 'method' | 'sentBy' | 'connection'>,
    store: ClientTransactions,
    resend: () => void,
    done: (response: FinalResponse) => void,
  ) {
    super();
    this.branch = identity.branch;
    this.method = identity.method;
    this.sentBy = identity.sentBy;
    this.connection = identity.connection;
    this.#store = store;
    this.#resend = resend;
    this.#done = done;
    this.#timerE = this.connection === '' ? t1 : timerF; // 17.1.2.2: no retransmission on streams
  }

  /** Sets the timers; the first sending is the caller's. */
  begin(): void {
    this.#wait();
  }

  input(input: ClientInput, response?: ParsedResponse): void {
    const { state, act } = clientTable[this.#state][input];
    this.#state = state;
    if (act === 'resend') {
      this.#timerE = nextTimerE(state, this.#timerE);
      this.#wait();
      this.#resend();
    } else if (act !== 'none') {
      this.#store.forget(this);
      this.#done(act === 'timeout' ? localResponse(408) : final(response));
    }
  }

  override onDue(): void {
    this.#untilF -= this.#waiting;
    this.input(this.#untilF <= 0 ? 'timerF' : 'timerE');
  }

  #wait(): void {
    this.#waiting = Math.min(this.#timerE, this.#untilF);
    this.#store.wheel.set(this, this.#waiting);
  }
}

function final(response: ParsedResponse | undefined): FinalResponse {
  if (response === undefined) return localResponse(503);
  const { status, reason, headers } = response;
  return { status, reason, header: (name) => headers.get(name), local: false };
}

/** All client transactions. */
export class ClientTransactions {
  readonly wheel: TimerWheel;
  readonly #byBranch = new Map<string, ClientTx>();
  readonly #byConnection = new Map<string, Set<ClientTx>>();

  constructor(wheel: TimerWheel) {
    this.wheel = wheel;
  }

  get size(): number {
    return this.#byBranch.size;
  }

  add(tx: ClientTx): void {
    this.#byBranch.set(tx.branch, tx);
    if (tx.connection !== '') {
      const others = this.#byConnection.get(tx.connection);
      if (others === undefined) this.#byConnection.set(tx.connection, new Set([tx]));
      else others.add(tx);
    }
    tx.begin();
  }

  /** RFC 3261 17.1.3: branch and CSeq method; false: it matches nothing and is dropped. */
  receive(response: ParsedResponse, sentByOf: (response: ParsedResponse) => string): boolean {
    const tx = response.via.branch === null ? undefined : this.#byBranch.get(response.via.branch);
    if (tx === undefined || tx.method !== response.method || tx.sentBy !== sentByOf(response)) return false;
    tx.input(response.status < 200 ? 'provisional' : 'final', response);
    return true;
  }

  /** A connection is gone: what went by it cannot be answered any more. */
  breakConnection(connection: string): void {
    for (const tx of [...(this.#byConnection.get(connection) ?? [])]) tx.input('broken');
  }

  breakAll(): void {
    for (const tx of [...this.#byBranch.values()]) tx.input('broken');
  }

  forget(tx: ClientTx): void {
    this.wheel.cancel(tx);
    this.#byBranch.delete(tx.branch);
    const others = this.#byConnection.get(tx.connection);
    others?.delete(tx);
    if (others?.size === 0) this.#byConnection.delete(tx.connection);
  }
}
