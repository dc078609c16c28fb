import type { Flow, HeaderList, Relay as Plan, RelayedResponse, RelayWay, SipAnswer } from '../../engine.ts';
import type { ParsedRequest, ParsedResponse } from '../../message/parse.ts';
import { sourceNetwork } from '../address.ts';
import { relayedInProportion } from '../proportion.ts';
import type { Cancellable, ServerTx } from '../server-tx.ts';
import { Waiting } from '../timer-wheel.ts';
import { timerC } from '../timers.ts';
import type { Branch } from './branch.ts';
import type { RelayHost } from './relays.ts';
import { ackOf, cancelOf, least, type Outgoing, relayedRequest, relayedResponse, stampedVias } from './rewrite.ts';

/** Nobody could be reached: every request that follows would end the same (RFC 3261 16.7 step 6 allows 503 then). */
const unreachable: SipAnswer = { status: 503, reason: 'PBX Not Reachable' };

/**
 * Bytes of a datagram. COMPAT(pjsip): on a stream, too: one that is larger than its buffer makes it lose its place, and the
 * connection with all that is under way on it.
 */
const largest = 65_507;
/** RFC 3261 17.2.1: an INVITE that is not answered by then is confirmed; ms. */
const confirmMs = 200;

/** One request on its way through us: the response context of RFC 3261 16.7, with one branch at a time. */
export class Relay extends Waiting implements Cancellable {
  /** Whose share it takes. */
  readonly source: string;
  readonly bytes: number;
  readonly #host: RelayHost;
  readonly #server: ServerTx;
  readonly #message: ParsedRequest;
  readonly #plan: Plan;
  readonly #vias: readonly string[];
  readonly #isCall: boolean;
  /** A provisional answer has gone back: the INVITE is not repeated any more. */
  #confirmed = false;
  #next = 0;
  #branch: Branch | null = null;
  #out: Outgoing | null = null;
  /** How the last way ended that brought no answer. */
  #failure: SipAnswer | null;
  #cancelled = false;
  /** The CANCEL that came; null: none has. */
  #cancelledBy: ParsedRequest | null = null;
  #cancelSent = false;
  /** A final response has gone back. */
  #done = false;

  constructor(host: RelayHost, server: ServerTx, message: ParsedRequest, source: Flow, plan: Plan) {
    super();
    this.#host = host;
    this.#server = server;
    this.#message = message;
    this.#plan = plan;
    this.#failure = plan.unreachable ?? unreachable;
    this.source = sourceNetwork(source.remote.address);
    this.bytes = server.bytes;
    this.#vias = stampedVias(message, source.remote);
    this.#isCall = message.method === 'INVITE';
  }

  begin(): void {
    // 17.2.1: what may take longer than 200 ms is confirmed, so that the INVITE is not repeated
    if (this.#isCall && this.#plan.stranger !== true) this.#confirm();
    else if (this.#isCall) this.#host.wheel.set(this, confirmMs);
    this.#tryNext();
  }

  #confirm(): void {
    this.#confirmed = true;
    this.#server.bring(100, { status: 100, headers: timestampOf(this.#message) });
  }

  /** RFC 3261 16.10: the CANCEL itself is answered by the engine. `by`: null: it is our own idea. */
  cancel(by: ParsedRequest | null): void {
    if (!this.#isCall || this.#done || this.#cancelled) return; // RFC 4320: to cancel anything else has no effect
    this.#cancelled = true;
    this.#cancelledBy = by;
    if (this.#branch === null) this.#finish({ status: 487 });
    else this.#sendCancel();
  }

  /** Timer C (16.8), or the 200 ms before it. */
  override onDue(): void {
    if (this.#done) return;
    if (!this.#confirmed) {
      this.#confirm();
      this.#host.wheel.set(this, timerC);
      return;
    }
    if (this.#branch?.state === 'proceeding') this.cancel(null);
    else this.#finish({ status: 408 });
  }

  /** The engine ends: a phone would ring on, and what it answers would come to nobody. */
  abandon(): void {
    if (this.#done) return;
    if (this.#isCall) this.#sendCancel();
    this.#finish({ status: this.#cancelled ? 487 : 503 });
  }

  #tryNext(): void {
    const way = this.#plan.ways[this.#next++];
    this.#branch = null;
    if (way === undefined || this.#cancelled) {
      this.#finish(this.#cancelled ? { status: 487 } : this.#failure);
      return;
    }
    if (this.#next > 1) this.#host.onFailOver();
    const path = way.path();
    if (!(path instanceof Promise)) {
      this.#go(way, path);
      return;
    }
    path.then(
      (flow) => this.#go(way, flow),
      (error: unknown) => {
        this.#host.onFault(this.#message, error);
        this.#go(way, null);
      },
    );
  }

  #go(way: RelayWay, flow: Flow | null): void {
    if (this.#done) return; // cancelled while a connection was sought
    const sent = flow === null ? null : this.#send(way, flow);
    if (sent === true) return;
    this.#failure = this.#plan.unreachable ?? unreachable;
    this.#tryNext();
  }

  /** null: the path is gone. */
  #send(way: RelayWay, flow: Flow): true | null {
    const via = this.#host.viaFor(this.#message, flow);
    if (via === null) return null;
    let wire: string;
    try {
      this.#out = { ...way.edit(flow), via: via.line };
      wire = relayedRequest(this.#message, this.#vias, this.#out);
    } catch (error) {
      this.#host.onFault(this.#message, error);
      this.#finish({ status: 500 });
      return true;
    }
    if (wire.length > largest) {
      this.#finish({ status: 513 });
      return true;
    }
    const out = this.#out;
    const branch = this.#host.branch({
      identity: { branch: via.branch, method: this.#message.method, sentBy: via.sentBy },
      flow,
      wire,
      ack: (response) => ackOf(this.#message, out, response.headers.first('To') ?? ''),
      events: {
        onResponse: (response) => this.#onResponse(branch, response),
        onFailed: (how) => this.#onFailed(branch, how),
        onAway: () => this.#onAway(branch),
      },
    });
    this.#branch = branch;
    if (this.#confirmed) this.#host.wheel.set(this, timerC);
    if (!branch.begin()) this.#finish({ status: 503 });
    return true;
  }

  #onResponse(branch: Branch, response: ParsedResponse): void {
    const { status } = response;
    const current = branch === this.#branch;
    if (status < 200) {
      if (!current || this.#done) return;
      if (status > 100) {
        this.#confirmed = this.#isCall;
        this.#bring(branch, response);
        if (this.#isCall) this.#host.wheel.set(this, timerC); // 16.7 step 2
      }
      if (this.#cancelled) this.#sendCancel(); // 9.1: not before a provisional answer has come
      return;
    }
    // 16.7 step 5: every 2xx of an INVITE goes back, those of other branches, forks and repetitions too
    const isLate = this.#done || !current;
    if (isLate && !(this.#isCall && status < 300)) return;
    if (status === 503 && this.#next < this.#plan.ways.length && !this.#cancelled) this.#tryNext();
    else {
      this.#end();
      this.#bring(branch, response);
    }
  }

  #onFailed(branch: Branch, how: 'timeout' | 'unsent'): void {
    if (branch !== this.#branch || this.#done) return;
    // RFC 4320 4.2: after Timer F nobody waits for the answer to anything but an INVITE
    const silence = this.#isCall ? { status: 408 } : null;
    this.#failure = how === 'unsent' ? (this.#plan.unreachable ?? unreachable) : silence;
    this.#tryNext();
  }

  /** Another is asked, where there is one: after 32 s most phones have given up. */
  #onAway(branch: Branch): void {
    if (branch !== this.#branch || this.#done || this.#cancelled || this.#next >= this.#plan.ways.length) return;
    branch.forget();
    this.#tryNext();
  }

  #bring(branch: Branch, response: ParsedResponse): void {
    const { onResponse } = this.#plan;
    try {
      const edits = onResponse?.(relayed(response, branch.flow)) ?? null;
      const write = (spare: boolean) => relayedResponse(spare ? response : least(response), this.#vias, edits);
      const answer =
        this.#plan.stranger === true
          ? relayedInProportion(response, this.bytes, write)
          : relayedResponse(response, this.#vias, edits);
      if (response.status >= 200) this.#host.onAnswer(this.#message, response.status);
      this.#server.bring(response.status, answer);
    } catch (error) {
      this.#host.onFault(this.#message, error);
      this.#server.bring(500, { status: 500 });
    }
  }

  #sendCancel(): void {
    const branch = this.#branch;
    const out = this.#out;
    if (branch === null || out === null || this.#cancelSent || branch.state !== 'proceeding') return;
    this.#cancelSent = true;
    this.#host.sendCancel(branch, cancelOf(this.#message, out, this.#cancelledBy));
    branch.expectEnd();
  }

  /** An answer of ours; null: none at all. */
  #finish(answer: SipAnswer | null): void {
    if (this.#done) return;
    this.#end();
    if (answer === null) this.#server.drop();
    else this.#server.bring(answer.status, answer);
  }

  #end(): void {
    if (this.#done) return; // a 2xx that is repeated
    this.#done = true;
    this.#host.wheel.cancel(this);
    this.#host.onEnd(this);
  }
}

/** RFC 3261 8.2.6.1: a 100 brings it back. */
function timestampOf({ headers }: ParsedRequest): HeaderList {
  const value = headers.first('Timestamp');
  return value === undefined ? [] : [['Timestamp', value]];
}

function relayed({ status, headers }: ParsedResponse, flow: Flow): RelayedResponse {
  return { status, flow, header: (name) => headers.get(name), headers: (name) => headers.all(name) };
}
