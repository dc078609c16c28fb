import {
  type AddressedRequest,
  type Awaited,
  type Endpoint,
  type FinalResponse,
  type Flow,
  isStream,
} from '../engine.ts';
import type { ParsedResponse } from '../message/parse.ts';
import { reasonPhrase } from '../message/reasons.ts';
import { sameHost } from './address.ts';
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

/** Our rule: requests under way at once; beyond, a local 503. The notifier stays far below. */
const clientLimit = 100_000;

/** Sends bytes by a flow. False: the flow is gone; `onError`: the kernel refused them, said later. */
export type Transmit = (flow: Flow, wire: string, onError: (error: Error) => void) => boolean;

/** What tells a request and its answers from all others (RFC 3261 17.1.3, 18.1.2). */
export interface ClientIdentity {
  readonly branch: string;
  readonly method: string;
  /** As in our Via: a response must bring it back. */
  readonly sentBy: Endpoint;
}

/** How long a request is repeated. */
export type Repeats = Pick<AddressedRequest, 'awaited' | 'unproven'>;

const usually: Repeats = {};

/** A request under way, as the store of all of them sees it. */
export interface ClientBranch {
  readonly identity: ClientIdentity;
  readonly flow: Flow;
  /** A response of this branch and method. */
  onResponse(response: ParsedResponse): void;
  /** What it went by is gone. */
  onBroken(): void;
  /** Its peer is held to be away, though nothing is broken. Absent: it goes on waiting. */
  onAway?(): void;
}

/** One request of our own under way on one path. */
export class ClientTx extends Waiting implements ClientBranch {
  readonly identity: ClientIdentity;
  readonly flow: Flow;
  #wire: string;
  readonly #store: ClientTransactions;
  #done: ((response: FinalResponse) => void) | null;
  readonly #awaited: Awaited | undefined;
  readonly #unproven: boolean;
  readonly #broken = (): void => this.input('broken');
  #state: ClientState = 'trying';
  #timerE: number;
  #untilF = timerF;
  #waiting = 0;

  constructor(
    identity: ClientIdentity,
    flow: Flow,
    wire: string,
    store: ClientTransactions,
    done: (response: FinalResponse) => void,
    { awaited, unproven = false }: Repeats,
  ) {
    super();
    this.identity = identity;
    this.flow = flow;
    this.#wire = wire;
    this.#store = store;
    this.#done = done;
    this.#awaited = awaited;
    this.#unproven = unproven;
    this.#timerE = isStream(flow.transport) ? timerF : t1; // 17.1.2.2: no retransmission on streams
  }

  /** Sets the timers and sends for the first time. */
  begin(): void {
    this.#wait();
    this.#send();
  }

  input(input: ClientInput, response?: ParsedResponse): void {
    const { state, act } = clientTable[this.#state][input];
    this.#state = state;
    if (act === 'resend') {
      this.#timerE = this.#unproven ? timerF : nextTimerE(state, this.#timerE);
      this.#wait();
      this.#send();
    } else if (act !== 'none') {
      const done = this.#done;
      this.#store.forget(this);
      this.#empty();
      done?.(act === 'timeout' ? localResponse(408) : final(response));
    }
  }

  onResponse(response: ParsedResponse): void {
    const { headers } = response;
    // RFC 3261 8.1.3.3: with a Via below ours it has lost its way
    if (headers.indexOf('Via', headers.indexOf('Via') + 1) >= 0) return;
    this.input(response.status < 200 ? 'provisional' : 'final', response);
  }

  onBroken(): void {
    this.input('broken');
  }

  override onDue(): void {
    this.#untilF -= this.#waiting;
    // where nobody waits any more its time is over, too
    this.input(this.#untilF <= 0 || this.#awaited?.over === true ? 'timerF' : 'timerE');
  }

  /** A table that Map has outgrown keeps its entries until the next full collection: let them be small. */
  #empty(): void {
    this.#wire = '';
    this.#done = null;
  }

  #send(): void {
    if (!this.#store.transmit(this.flow, this.#wire, this.#broken)) this.input('broken'); // 17.1.4
  }

  #wait(): void {
    this.#waiting = Math.min(this.#timerE, this.#untilF);
    this.#store.wheel.set(this, this.#waiting);
  }
}

function final(response: ParsedResponse | undefined): FinalResponse {
  if (response === undefined) return localResponse(503);
  return new Received(response);
}

/** One object, and no function of its own: there is one for each NOTIFY. */
class Received implements FinalResponse {
  readonly status: number;
  readonly reason: string;
  readonly local = false;
  readonly #headers: ParsedResponse['headers'];

  constructor({ status, reason, headers }: ParsedResponse) {
    this.status = status;
    this.reason = reason;
    this.#headers = headers;
  }

  header(name: string): string | undefined {
    return this.#headers.get(name);
  }

  headers(name: string): readonly string[] {
    return this.#headers.all(name);
  }
}

/** All client transactions. */
export class ClientTransactions {
  readonly wheel: TimerWheel;
  readonly transmit: Transmit;
  readonly #limit: number;
  readonly #byBranch = new Map<string, ClientBranch>();
  readonly #byConnection = new Map<string, Set<ClientBranch>>();

  constructor(wheel: TimerWheel, transmit: Transmit, limit = clientLimit) {
    this.wheel = wheel;
    this.transmit = transmit;
    this.#limit = limit;
  }

  get size(): number {
    return this.#byBranch.size;
  }

  /** Sends, and calls `done` once: with the final response, or a local 408 or 503. */
  send(
    identity: ClientIdentity,
    flow: Flow,
    wire: string,
    done: (response: FinalResponse) => void,
    repeats: Repeats = usually,
  ): void {
    const tx = new ClientTx(identity, flow, wire, this, done, repeats);
    if (this.add(tx)) tx.begin();
    else done(localResponse(503, 'Too Many Requests Under Way'));
  }

  /** From now on it hears of its responses, until it is forgotten. False: there are too many. */
  add(tx: ClientBranch): boolean {
    if (this.#byBranch.size >= this.#limit) return false;
    const { connection } = tx.flow;
    this.#byBranch.set(keyOf(tx.identity), tx);
    if (connection === '') return true;
    const others = this.#byConnection.get(connection);
    if (others === undefined) this.#byConnection.set(connection, new Set([tx]));
    else others.add(tx);
    return true;
  }

  /**
   * RFC 3261 17.1.3: branch and CSeq method, and 18.1.2: our own sent-by; false: it matches nothing and is dropped. Hosts
   * are compared by value: a peer may write an IPv6 address of ours another way than we did.
   */
  receive(response: ParsedResponse): boolean {
    const { via, method } = response;
    const tx = via.branch === null ? undefined : this.#byBranch.get(keyOf({ branch: via.branch, method }));
    if (tx === undefined || tx.identity.method !== method) return false;
    const { address, port } = tx.identity.sentBy;
    if ((via.port ?? 5060) !== port || !sameHost(via.host, address)) return false;
    tx.onResponse(response);
    return true;
  }

  /** A connection is gone: what went by it cannot be answered any more. */
  breakConnection(connection: string): void {
    for (const tx of [...(this.#byConnection.get(connection) ?? [])]) tx.onBroken();
  }

  /** The far end of this path is held to be away. */
  away({ transport, remote }: Flow): void {
    for (const tx of [...this.#byBranch.values()]) {
      const { flow } = tx;
      const isThere = flow.remote.address === remote.address && flow.remote.port === remote.port;
      if (isThere && flow.transport === transport) tx.onAway?.();
    }
  }

  breakAll(): void {
    for (const tx of [...this.#byBranch.values()]) tx.onBroken();
  }

  forget(tx: ClientBranch & Waiting): void {
    const { connection } = tx.flow;
    this.wheel.cancel(tx);
    this.#byBranch.delete(keyOf(tx.identity));
    if (connection === '') return;
    const others = this.#byConnection.get(connection);
    others?.delete(tx);
    if (others?.size === 0) this.#byConnection.delete(connection);
  }
}

/** RFC 3261 9.1: a CANCEL has the branch of what it cancels. */
function keyOf({ branch, method }: Pick<ClientIdentity, 'branch' | 'method'>): string {
  return method === 'CANCEL' ? `${branch}|CANCEL` : branch;
}
