import type { Meters } from '../../../model/meters.ts';
import type { Endpoint, Flow, Relay as Plan } from '../../engine.ts';
import type { ParsedRequest } from '../../message/parse.ts';
import type { ClientTransactions } from '../client-tx.ts';
import type { Limits } from '../server-transactions.ts';
import type { ServerTx } from '../server-tx.ts';
import type { TimerWheel } from '../timer-wheel.ts';
import type { Tokens } from '../tokens.ts';
import { Branch, type BranchOptions } from './branch.ts';
import { isLooped, loopMark, markedBranch } from './loop.ts';
import { Relay } from './relay.ts';
import { hopsLeft, ourVia, relayedRequest, stampedVias } from './rewrite.ts';

/** Our Via on one path. */
export interface OwnVia {
  readonly line: string;
  readonly branch: string;
  readonly sentBy: Endpoint;
}

/** What one request on its way through needs from the engine. */
export interface RelayHost {
  readonly wheel: TimerWheel;
  /** null: the path is gone. */
  viaFor(message: ParsedRequest, flow: Flow): OwnVia | null;
  branch(options: BranchOptions): Branch;
  /** RFC 3261 9.1: a transaction of its own, whose answer tells nothing. */
  sendCancel(branch: Branch, wire: string): void;
  onFault(message: ParsedRequest, error: unknown): void;
  /** It has its final answer, or will never have one. Once. */
  onEnd(relay: Relay): void;
  /** A final response of the far end went back. */
  onAnswer(message: ParsedRequest, status: number): void;
  /** A way brought no answer, and the next one is tried. */
  onFailOver(): void;
}

export interface RelaysOptions {
  readonly wheel: TimerWheel;
  readonly client: ClientTransactions;
  readonly tokens: Tokens;
  /** Makes loop marks that nobody else can make. */
  readonly secret: string;
  /** Where the far end of a path reaches us; null: the path is gone. */
  readonly reachableAt: (flow: Flow) => Endpoint | null;
  readonly onFault: (message: ParsedRequest, error: unknown) => void;
  /** What may be under way in all: of that one source has an eighth. */
  readonly limits: Pick<Limits, 'pending' | 'pendingBytes'>;
  /** Hears each time where one source had too much under way. */
  readonly onCrowd: (source: Flow) => void;
  /** Sources that have no share, but all. */
  readonly exempt: (address: string) => boolean;
  /** Where it counts; absent: it does not. */
  readonly meters?: Pick<Meters, 'relayed' | 'relayAnswers' | 'failovers'> | undefined;
}

/** A PBX leaves many a request without an answer: nobody alone may let them wait until there is no room for the others. */
const share = 1 / 8;
/** Seconds. */
const retryAfter = '10';

/** The proxy of the engine: requests that are sent on (RFC 3261 16). */
export class Relays implements RelayHost {
  readonly wheel: TimerWheel;
  readonly #options: RelaysOptions;
  /** Under way, by source. */
  readonly #underWay = new Map<string, { count: number; bytes: number }>();
  readonly #open = new Set<Relay>();

  constructor(options: RelaysOptions) {
    this.wheel = options.wheel;
    this.#options = options;
  }

  /** A request with a transaction of its own; not an ACK. */
  forward(server: ServerTx, message: ParsedRequest, source: Flow, plan: Plan): void {
    const refusal = this.#refusal(message);
    if (refusal !== null) {
      server.bring(refusal, { status: refusal });
      return;
    }
    const relay = new Relay(this, server, message, source, plan);
    if (!this.#takes(relay, source.remote.address)) {
      this.#options.onCrowd(source);
      server.bring(503, { status: 503, headers: [['Retry-After', retryAfter]] });
      return;
    }
    server.isSentOn(relay);
    this.#open.add(relay);
    this.#options.meters?.relayed.add(message.method);
    relay.begin();
  }

  /** Requests under way. */
  get size(): number {
    return this.#open.size;
  }

  /** What waits for its answer is refused, and calls in the making are ended at their far end, too. */
  stop(): void {
    for (const relay of [...this.#open]) relay.abandon();
  }

  onEnd(relay: Relay): void {
    const { source, bytes } = relay;
    this.#open.delete(relay);
    const held = this.#underWay.get(source);
    if (held === undefined) return;
    held.count -= 1;
    held.bytes -= bytes;
    if (held.count <= 0) this.#underWay.delete(source);
  }

  onAnswer({ method }: ParsedRequest, status: number): void {
    this.#options.meters?.relayAnswers.add(method, status);
  }

  onFailOver(): void {
    this.#options.meters?.failovers.add('failover');
  }

  /** False: its source has too much under way. */
  #takes({ source, bytes }: Relay, address: string): boolean {
    const { limits, exempt } = this.#options;
    const held = this.#underWay.get(source) ?? { count: 0, bytes: 0 };
    const isTooMuch = held.count >= limits.pending * share || held.bytes + bytes > limits.pendingBytes * share;
    if (isTooMuch && !exempt(address)) return false;
    held.count += 1;
    held.bytes += bytes;
    this.#underWay.set(source, held);
    return true;
  }

  /** The ACK of a 2xx belongs to no transaction (RFC 3261 16.11): it goes by the first way there is, and is never answered. */
  async passAck(message: ParsedRequest, source: Flow, { ways }: Plan): Promise<void> {
    if (this.#refusal(message) !== null) return;
    this.#options.meters?.relayed.add('ACK');
    const vias = stampedVias(message, source.remote);
    for (const way of ways) {
      const flow = await way.path();
      const via = flow === null ? null : this.viaFor(message, flow);
      if (flow === null || via === null) continue;
      const wire = relayedRequest(message, vias, { ...way.edit(flow), via: via.line });
      if (this.#options.client.transmit(flow, wire, () => undefined)) return;
    }
  }

  viaFor(message: ParsedRequest, flow: Flow): OwnVia | null {
    const { tokens, secret, reachableAt } = this.#options;
    const sentBy = reachableAt(flow);
    if (sentBy === null) return null;
    const branch = markedBranch(tokens.next(12), loopMark(message, secret));
    return { line: ourVia(flow.transport, sentBy, branch), branch, sentBy };
  }

  branch(options: BranchOptions): Branch {
    return new Branch(options, this.#options.client);
  }

  sendCancel({ identity, flow }: Branch, wire: string): void {
    this.#options.client.send({ ...identity, method: 'CANCEL' }, flow, wire, () => undefined);
  }

  onFault(message: ParsedRequest, error: unknown): void {
    this.#options.onFault(message, error);
  }

  /** RFC 3261 16.3 steps 3 and 4; null: it may go on. */
  #refusal(message: ParsedRequest): 482 | 483 | null {
    if (hopsLeft(message) < 0) return 483;
    return isLooped(message, loopMark(message, this.#options.secret)) ? 482 : null;
  }
}
