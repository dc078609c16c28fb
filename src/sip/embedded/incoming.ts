import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import type { Meters } from '../../model/meters.ts';
import type { Random } from '../../model/random.ts';
import type { Flow, Relay, ServerTransaction, SipAnswer } from '../engine.ts';
import { type ParsedRequest, parseMessage, type RefusedMessage, refuse } from '../message/parse.ts';
import { type Answers, sourceName } from './answers.ts';
import type { ClientTransactions } from './client-tx.ts';
import type { Complaints } from './complaints.ts';
import type { Connection } from './connection.ts';
import type { Frame } from './framing.ts';
import { Overload } from './overload.ts';
import { ReceivedRequest } from './received-request.ts';
import type { Relays } from './relay/relays.ts';
import { mergeKey, serverKey } from './server-keys.ts';
import type { HandedTransaction, ServerTransactions } from './server-transactions.ts';
import { looksLikeResponse, malformedCost, type PerSource, SourceLimits, strayCost } from './source-limits.ts';
import { StaleInput } from './stale-input.ts';
import type { TimerWheel } from './timer-wheel.ts';
import { WorkQueue } from './work-queue.ts';

export interface IncomingOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly complaints: Complaints;
  readonly wheel: TimerWheel;
  readonly server: ServerTransactions;
  readonly client: ClientTransactions;
  readonly answers: Answers;
  /** null: the engine is no proxy. */
  readonly relays: Relays | null;
  /** The connection of a flow, while there is one. */
  readonly connection: (flow: Flow) => Connection | undefined;
  readonly perSource: PerSource;
  /** Sources that may ask as much as they like. */
  readonly exempt: (address: string) => boolean;
  readonly meters: Meters | undefined;
}

/** As it came off a UDP socket. */
interface Datagram {
  readonly bytes: Buffer;
  readonly flow: Flow;
}

/** What a CANCEL can name (RFC 3261 9.2); INVITE first. */
const cancellable = ['INVITE', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'OPTIONS', 'REGISTER', 'MESSAGE', 'INFO', 'REFER'];

/** Requests that a burst may be cleared of (503); a call in the making is none. */
const sheddable: ReadonlySet<string> = new Set(['SUBSCRIBE', 'PUBLISH', 'REGISTER', 'OPTIONS']);

/** Those that are served here wherever they came from; of others a copy may be a call forked to two phones behind us. */
const endsHere: ReadonlySet<string> = new Set(['SUBSCRIBE', 'PUBLISH']);

/** `draining`: what is under way is brought to its end, nothing new begins. */
export type Phase = 'stopped' | 'running' | 'draining';

/** What becomes of a message that came: admitted or not, read, matched with its transaction, and handed to who serves it. */
export class Incoming {
  phase: Phase = 'stopped';
  /** Who serves requests. */
  onRequest: (transaction: ServerTransaction) => void = () => undefined;
  readonly #logger: Logger;
  readonly #complaints: Complaints;
  readonly #limits: SourceLimits;
  readonly #overload: Overload;
  readonly #stale = new StaleInput();
  readonly #queue: WorkQueue<HandedTransaction, Datagram>;
  readonly #server: ServerTransactions;
  readonly #client: ClientTransactions;
  readonly #answers: Answers;
  readonly #relays: Relays | null;
  readonly #connection: IncomingOptions['connection'];

  constructor(options: IncomingOptions) {
    const { clock, logger, meters, perSource, exempt } = options;
    this.#logger = logger;
    this.#complaints = options.complaints;
    this.#server = options.server;
    this.#client = options.client;
    this.#answers = options.answers;
    this.#relays = options.relays;
    this.#connection = options.connection;
    this.#limits = new SourceLimits(clock, perSource, exempt, meters?.limited);
    this.#overload = new Overload(options.wheel, options.random, logger, meters?.shed);
    this.#queue = new WorkQueue<HandedTransaction, Datagram>({
      clock,
      open: ({ bytes, flow }) => this.#onMessage(bytes, flow),
      serve: (transaction) => this.#hand(transaction, transaction.request.flow),
      onStale: (transaction) => transaction.drop(),
      onWaited: (ms) => this.#overload.waited(ms),
    });
  }

  /** Requests that wait to be served. */
  get backlog(): number {
    return this.#queue.size;
  }

  /** Sources whose rate is remembered. */
  get sources(): number {
    return this.#limits.size;
  }

  /** The timers of the loop run this late, ms. */
  late(ms: number): void {
    this.#overload.late(ms);
    this.#stale.late(ms);
  }

  /** Other limits, from the next message on. */
  adjust(perSource: PerSource): void {
    this.#limits.exchange(perSource);
  }

  /** What waits is forgotten. */
  clear(): void {
    this.#queue.clear();
  }

  onFrame(frame: Frame, connection: Connection): void {
    if (frame.kind === 'message') this.#onMessage(frame.bytes, connection.flow);
    else if (frame.kind === 'broken') {
      this.#onRefused(refuse(frame.bytes, frame.status, frame.reason, true), connection.flow, frame.bytes.length, true);
    }
  }

  /** `bytes` are not kept. In a flood only answers to our own requests are looked at at once: emptying the socket goes first. */
  onDatagram(bytes: Buffer, flow: Flow): void {
    this.#stale.read();
    this.#queue.onRead();
    if (this.#stale.dropping) return;
    if (this.#queue.flooded && !looksLikeResponse(bytes))
      this.#queue.keep({ bytes: Buffer.from(bytes), flow }, bytes.length);
    else this.#onMessage(bytes, flow);
  }

  /** In order of price: what can be dropped is dropped before more is spent on it. */
  #onMessage(bytes: Buffer, flow: Flow): void {
    const datagram = flow.transport === 'udp';
    if (this.phase === 'stopped') return;
    const { address } = flow.remote;
    const admission = this.#limits.admit(address, looksLikeResponse(bytes));
    if (admission === 'drop') {
      if (!datagram) this.#connection(flow)?.noise();
      return;
    }
    const parsed = parseMessage(bytes, isFramed(flow) ? 'datagram' : 'stream');
    if (parsed.kind === 'request') this.#onRequestMessage(parsed, bytes.length, flow, admission === 'refuse');
    else if (parsed.kind === 'response') {
      if (!this.#client.receive(parsed)) this.#limits.charge(address, strayCost);
    } else this.#onRefused(parsed, flow, bytes.length, admission === 'pass');
  }

  #onRequestMessage(message: ParsedRequest, bytes: number, flow: Flow, tooMany: boolean): void {
    const { method } = message;
    if (method === 'ACK') {
      this.#onAck(message, flow);
      return;
    }
    const key = serverKey(message, flow.remote, method);
    if (this.#server.absorb(key, bytes) || this.phase === 'draining') return;
    if (tooMany) this.#complaints.warn(sourceName(flow), 'too many requests (sip.limits.perSource)');
    if (tooMany || this.#server.full) {
      // without state: nothing is kept of what there is too much of
      this.#answers.giveStateless(message, flow, this.#later(), bytes);
      return;
    }
    const merge = this.#relays === null || endsHere.has(method) ? mergeKey(message) : null;
    const merged = merge !== null && this.#server.isMerged(merge);
    const transaction = this.#server.open({ key, merge }, bytes, message, new ReceivedRequest(message, flow));
    if (method === 'CANCEL') this.#onCancel(message, flow, transaction);
    else if (merged)
      transaction.respond({ status: 482 }); // RFC 3261 8.2.2.2
    // kept like any answer: a repetition that is under way must not be served after its client was sent away
    else if (message.toTag === null && this.#mayBeShed(method) && this.#overload.sheds())
      transaction.respond(this.#later());
    else this.#queue.push(transaction, message.toTag !== null || method === 'INVITE');
  }

  #mayBeShed(method: string): boolean {
    return this.#relays === null || sheddable.has(method);
  }

  /** RFC 3261 17.2.1: that of a refusal ends here; that of a 2xx is a request of its own, which is never answered. */
  #onAck(message: ParsedRequest, flow: Flow): void {
    const relays = this.#relays;
    if (relays === null || this.#server.find(serverKey(message, flow.remote, 'INVITE'))?.acknowledged() === true)
      return;
    const request = new ReceivedRequest(message, flow);
    const forward = (plan: Relay): void => {
      relays.passAck(message, flow, plan).catch((error: unknown) => {
        this.#logger.error({ error: String(error) }, 'an ACK could not be sent on');
      });
    };
    this.#hand({ request, respond: () => undefined, forward }, flow);
  }

  #later(): SipAnswer {
    return { status: 503, headers: [['Retry-After', String(this.#overload.retryAfter())]] };
  }

  /** RFC 3261 9.2: what is served here has, or is about to get, its final answer; what was sent on is cancelled there. */
  #onCancel(message: ParsedRequest, flow: Flow, transaction: ServerTransaction): void {
    const key = cancellable
      .map((method) => serverKey(message, flow.remote, method))
      .find((one) => this.#server.has(one));
    const cancelled = key === undefined ? undefined : this.#server.find(key);
    const toTag = cancelled?.toTag ?? null; // RFC 3261 9.2: the same as in the answer to what is cancelled
    const answer = { status: cancelled === undefined ? 481 : 200 };
    transaction.respond(toTag === null ? answer : { ...answer, toTag });
    cancelled?.cancel(message);
  }

  #hand(transaction: ServerTransaction, flow: Flow): void {
    const failed = (error: unknown) => {
      const { method } = transaction.request;
      this.#logger.error({ source: sourceName(flow), method, error: String(error) }, 'a request could not be handled');
      transaction.respond({ status: 500 });
    };
    try {
      const returned: unknown = this.onRequest(transaction);
      if (returned instanceof Promise) returned.catch(failed); // an async handler is a handler, too
    } catch (error) {
      failed(error);
    }
  }

  #onRefused(refused: RefusedMessage, flow: Flow, bytes: number, answered: boolean): void {
    this.#limits.charge(flow.remote.address, malformedCost);
    if (answered) this.#answers.refuse(refused, flow, bytes);
    if (refused.outOfStep) this.#connection(flow)?.lostStep();
  }
}

/** One message a datagram or frame: no Content-Length is needed to find its end (RFC 7118 5). */
function isFramed({ transport }: Flow): boolean {
  return transport !== 'tcp' && transport !== 'tls';
}
