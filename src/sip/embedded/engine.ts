import { type Clock, sleep } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import type { Meters } from '../../model/meters.ts';
import type { Random } from '../../model/random.ts';
import type { Tap } from '../../model/trace.ts';
import type {
  AddressedRequest,
  Endpoint,
  EngineCapabilities,
  FinalResponse,
  Flow,
  ListenPoint,
  Relay,
  ServerTransaction,
  SipAnswer,
  SipEngine,
} from '../engine.ts';
import { limits } from '../message/limits.ts';
import { type ParsedRequest, parseMessage, type RefusedMessage, refuse } from '../message/parse.ts';
import type { SecurityReports } from '../security-log.ts';
import { Answers, sourceName } from './answers.ts';
import { ClientTransactions, localResponse } from './client-tx.ts';
import { Complaints } from './complaints.ts';
import { type Draft, draftRequest } from './compose.ts';
import type { Connection } from './connection.ts';
import type { Frame } from './framing.ts';
import { Outgoing, udpRoom } from './outgoing.ts';
import { Overload } from './overload.ts';
import { ReceivedRequest } from './received-request.ts';
import { Relays } from './relay/relays.ts';
import { mergeKey, serverKey } from './server-keys.ts';
import { type HandedTransaction, type Limits, ServerTransactions, serverLimits } from './server-transactions.ts';
import type { ServerHost } from './server-tx.ts';
import {
  defaultPerSource,
  looksLikeResponse,
  malformedCost,
  type PerSource,
  SourceLimits,
  strayCost,
} from './source-limits.ts';
import { StaleInput } from './stale-input.ts';
import { TimerWheel } from './timer-wheel.ts';
import type { TlsSettings } from './tls-keys.ts';
import { Tokens } from './tokens.ts';
import { type StreamOptions, Transports } from './transports.ts';
import { WorkQueue } from './work-queue.ts';

/** What may be otherwise while the engine runs. */
interface Adjustable extends Required<Pick<StreamOptions, 'webSocketOrigins' | 'limits'>> {
  readonly perSource: PerSource;
}

export interface EmbeddedEngineOptions {
  /** IP addresses; port 0 lets the system choose. */
  readonly listen: readonly ListenPoint[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** For Server and User-Agent; the empty string leaves them out. */
  readonly serverName: string;
  /** The host others reach us at, for Via; default: the bound address, or one of this host's. */
  readonly advertise?: string;
  /** Hears of malformed messages, floods and connections that misbehave; default: the ordinary log. */
  readonly security?: SecurityReports;
  /** TLS, WebSocket and the limits on connections. */
  readonly streams?: StreamOptions;
  /** What one source may ask; default: see `source-limits.ts`. */
  readonly perSource?: PerSource;
  /** Sources that may ask as much as they like; default: none. */
  readonly exempt?: (address: string) => boolean;
  /** Instead of the usual limits on transactions. */
  readonly transactions?: Partial<Limits>;
  /** True: requests can be sent on (`ServerTransaction.forward`); an INVITE then has all its timers. Default: false. */
  readonly proxy?: boolean;
  /** How long `stop` waits at most for what is under way, ms; default: not at all. */
  readonly drainMs?: number;
  /** Hears of every message; default: nobody does. */
  readonly tap?: Tap | null;
  /** Where it counts; default: it does not. */
  readonly meters?: Meters;
}

/** What an engine holds at one moment; all but `connections` and `tlsValidTo` are counts. */
export interface EngineLoad {
  /** Transactions of requests that came: all that are kept, and those without an answer yet. */
  readonly server: number;
  readonly pending: number;
  /** Requests of ours without an answer yet. */
  readonly client: number;
  /** Requests that were sent on and have no answer yet. */
  readonly relays: number;
  /** Requests that wait to be served. */
  readonly backlog: number;
  /** Sources whose rate is remembered. */
  readonly sources: number;
  /** By transport. */
  readonly connections: ReadonlyMap<string, number>;
  /** When the TLS certificate in use ends, ms since the epoch; null: there is none. */
  readonly tlsValidTo: number | null;
}

/** As it came off a UDP socket. */
interface Datagram {
  readonly bytes: Buffer;
  readonly flow: Flow;
}

/** How often `stop` looks whether all is done; ms. */
const drainStepMs = 10;

/** What a CANCEL can name (RFC 3261 9.2); INVITE first. */
const cancellable = ['INVITE', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'OPTIONS', 'REGISTER', 'MESSAGE', 'INFO', 'REFER'];

/** Requests that a burst may be cleared of (503); a call in the making is none. */
const sheddable: ReadonlySet<string> = new Set(['SUBSCRIBE', 'PUBLISH', 'REGISTER', 'OPTIONS']);

/** Those that are served here wherever they came from; of others a copy may be a call forked to two phones behind us. */
const endsHere: ReadonlySet<string> = new Set(['SUBSCRIBE', 'PUBLISH']);

/** SIP on our own sockets: RFC 3261 transport and transactions, those of a proxy too, and nothing above them. */
export class EmbeddedEngine implements SipEngine {
  readonly capabilities: EngineCapabilities;
  readonly #options: EmbeddedEngineOptions;
  readonly #logger: Logger;
  readonly #complaints: Complaints;
  readonly #tokens: Tokens;
  readonly #secret: string;
  readonly #wheel: TimerWheel;
  readonly #limits: SourceLimits;
  readonly #overload: Overload;
  readonly #stale = new StaleInput();
  readonly #queue: WorkQueue<HandedTransaction, Datagram>;
  readonly #server: ServerTransactions;
  readonly #client: ClientTransactions;
  readonly #transports: Transports;
  readonly #outgoing: Outgoing;
  readonly #answers: Answers;
  /** null: this engine is no proxy. */
  readonly #relays: Relays | null;
  #onRequest: (transaction: ServerTransaction) => void = () => undefined;
  /** `draining`: what is under way is brought to its end, nothing new begins. */
  #phase: 'stopped' | 'running' | 'draining' = 'stopped';

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
    this.capabilities = { maxMessage: limits.message, ownsCseq: true, inlineProxy: options.proxy === true };
    this.#logger = options.logger.child('sip');
    this.#complaints = new Complaints(options.clock, this.#logger, options.security ?? null);
    this.#tokens = new Tokens(options.random);
    this.#secret = this.#tokens.next(16);
    this.#wheel = new TimerWheel(options.clock, (ms) => {
      this.#overload.late(ms);
      this.#stale.late(ms);
    });
    this.#limits = new SourceLimits(
      options.clock,
      options.perSource ?? defaultPerSource,
      options.exempt ?? (() => false),
      options.meters?.limited,
    );
    this.#overload = new Overload(this.#wheel, options.random, this.#logger, options.meters?.shed);
    this.#queue = new WorkQueue<HandedTransaction, Datagram>({
      clock: options.clock,
      open: ({ bytes, flow }) => this.#onMessage(bytes, flow),
      serve: (transaction) => this.#hand(transaction, transaction.request.flow),
      onStale: (transaction) => transaction.drop(),
      onWaited: (ms) => this.#overload.waited(ms),
    });
    this.#server = new ServerTransactions(this.#serverHost(), { ...serverLimits, ...options.transactions });
    this.#client = new ClientTransactions(this.#wheel, (flow, wire, onError) =>
      this.#transports.send(flow, wire, onError),
    );
    this.#transports = new Transports({
      clock: options.clock,
      logger: this.#logger,
      connectionPrefix: this.#tokens.next(4),
      advertise: options.advertise ?? null,
      streams: options.streams ?? {},
      tap: options.tap ?? null,
      events: {
        onDatagram: (bytes, flow) => this.#onDatagram(bytes, flow),
        onFrame: (frame, connection) => this.#onFrame(frame, connection),
        onClosed: (connection) => this.#client.breakConnection(connection.flow.connection),
        onMisuse: (remote, transport, what, detail) =>
          this.#complaints.warn(`${transport}:${remote.address}`, what, detail),
      },
    });
    this.#outgoing = new Outgoing(this.#transports, this.#client, this.#tokens, options.clock);
    this.#answers = new Answers({
      transports: this.#transports,
      tokens: this.#tokens,
      complaints: this.#complaints,
      logger: this.#logger,
      serverName: options.serverName,
      secret: this.#secret,
      counts: options.meters?.answers,
    });
    this.#relays = options.proxy === true ? this.#makeRelays() : null;
  }

  async start(onRequest: (transaction: ServerTransaction) => void): Promise<readonly ListenPoint[]> {
    this.#onRequest = onRequest;
    this.#phase = 'running';
    try {
      return await this.#transports.listen(this.#options.listen);
    } catch (error) {
      this.#phase = 'stopped';
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#drain();
    this.#phase = 'stopped';
    this.#relays?.stop();
    this.#client.breakAll();
    this.#queue.clear();
    this.#server.clear();
    await this.#transports.close();
    this.#client.breakAll(); // what a failed dial turned back to while the sockets closed
    this.#wheel.stop();
  }

  /**
   * Reads the files of the TLS certificate, others or the same again. Rejects with a Fault `config-invalid`; otherwise answers
   * how to use them. Connections that stand keep theirs.
   */
  prepareCertificate(settings: TlsSettings): Promise<() => void> {
    return this.#transports.prepareCertificate(settings);
  }

  /** Other limits, from the next message and connection on. */
  adjust({ perSource, ...streams }: Adjustable): void {
    this.#limits.exchange(perSource);
    this.#transports.adjust(streams);
  }

  request(request: AddressedRequest): Promise<FinalResponse> {
    if (this.#phase === 'stopped') return Promise.resolve(localResponse(503, 'Stopped'));
    let draft: Draft;
    try {
      draft = draftRequest(request, this.#options.serverName);
    } catch (error) {
      this.#logger.error({ error: String(error), method: request.method }, 'a request could not be written');
      return Promise.resolve(localResponse(503, 'Not Writable'));
    }
    return this.#outgoing.send(draft, request.flow);
  }

  get backlog(): number {
    return this.#queue.size;
  }

  /** What it holds at this moment. */
  get load(): EngineLoad {
    return {
      server: this.#server.size,
      pending: this.#server.pending,
      client: this.#client.size,
      relays: this.#relays?.size ?? 0,
      backlog: this.#queue.size,
      sources: this.#limits.size,
      connections: this.#transports.connectionCounts(),
      tlsValidTo: this.#transports.tlsValidTo,
    };
  }

  roomBytes(flow: Flow): number {
    return flow.transport === 'udp' ? udpRoom : Number.POSITIVE_INFINITY;
  }

  async connect({ transport, address, port }: ListenPoint): Promise<Flow | null> {
    if (this.#phase !== 'running') return null;
    if (transport === 'udp') return this.#transports.udpTo({ address, port });
    return transport === 'tcp' ? ((await this.#transports.dial({ address, port }))?.flow ?? null) : null;
  }

  disconnect(flow: Flow): void {
    this.#client.away(flow);
    this.#transports.connection(flow)?.close();
  }

  reachableAt(flow: Flow): Endpoint | null {
    return this.#transports.viaAddress(flow);
  }

  /**
   * What was received is answered, and what was sent may still be answered. New requests are not heard: the phone
   * repeats them, and finds us again when we are back.
   */
  async #drain(): Promise<void> {
    const { clock, drainMs = 0 } = this.#options;
    if (this.#phase !== 'running') return;
    this.#phase = 'draining';
    const until = clock.now() + drainMs;
    while (this.#client.size + this.#server.pending > 0 && clock.now() < until) await sleep(clock, drainStepMs);
  }

  #makeRelays(): Relays {
    return new Relays({
      wheel: this.#wheel,
      client: this.#client,
      tokens: this.#tokens,
      secret: this.#secret,
      limits: { ...serverLimits, ...this.#options.transactions },
      exempt: this.#options.exempt ?? (() => false),
      meters: this.#options.meters,
      onCrowd: (source) => this.#complaints.warn(sourceName(source), 'too many requests that wait for their answers'),
      reachableAt: (flow) => this.reachableAt(flow),
      onFault: ({ method }, error) =>
        this.#logger.error({ error: String(error), method }, 'a request could not be sent on'),
    });
  }

  #serverHost(): ServerHost {
    const { proxy } = this.#options;
    const forward: ServerHost['forward'] = (...request) => this.#relays?.forward(...request);
    return {
      ...(proxy === true ? { forward } : {}),
      wheel: this.#wheel,
      write: (message, flow, answer, bytes) => this.#answers.write(message, flow, answer, bytes),
      send: (flow, wire) => this.#answers.send(flow, wire),
      onUnanswered: (message, flow) =>
        this.#logger.error({ source: sourceName(flow), method: message.method }, 'a request was never answered'),
    };
  }

  #onFrame(frame: Frame, connection: Connection): void {
    if (frame.kind === 'message') this.#onMessage(frame.bytes, connection.flow);
    else if (frame.kind === 'broken') {
      this.#onRefused(refuse(frame.bytes, frame.status, frame.reason, true), connection.flow, frame.bytes.length, true);
    }
  }

  /** In a flood only answers to our own requests are looked at at once: emptying the socket goes first. */
  #onDatagram(bytes: Buffer, flow: Flow): void {
    this.#stale.read();
    this.#queue.onRead();
    if (this.#stale.dropping) return;
    if (this.#queue.flooded && !looksLikeResponse(bytes)) this.#queue.keep({ bytes, flow });
    else this.#onMessage(bytes, flow);
  }

  /** In order of price: what can be dropped is dropped before more is spent on it. */
  #onMessage(bytes: Buffer, flow: Flow): void {
    const datagram = flow.transport === 'udp';
    if (this.#phase === 'stopped') return;
    const { address } = flow.remote;
    const admission = this.#limits.admit(address, looksLikeResponse(bytes));
    if (admission === 'drop') {
      if (!datagram) this.#transports.connection(flow)?.noise();
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
    if (this.#server.absorb(key, bytes) || this.#phase === 'draining') return;
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
    transaction.respond({ status: key === undefined ? 481 : 200 });
    if (key !== undefined) this.#server.find(key)?.cancel(message);
  }

  #hand(transaction: ServerTransaction, flow: Flow): void {
    const failed = (error: unknown) => {
      const { method } = transaction.request;
      this.#logger.error({ source: sourceName(flow), method, error: String(error) }, 'a request could not be handled');
      transaction.respond({ status: 500 });
    };
    try {
      const returned: unknown = this.#onRequest(transaction);
      if (returned instanceof Promise) returned.catch(failed); // an async handler is a handler, too
    } catch (error) {
      failed(error);
    }
  }

  #onRefused(refused: RefusedMessage, flow: Flow, bytes: number, answered: boolean): void {
    this.#limits.charge(flow.remote.address, malformedCost);
    if (answered) this.#answers.refuse(refused, flow, bytes);
    if (refused.outOfStep) this.#transports.connection(flow)?.lostStep();
  }
}

/** One message a datagram or frame: no Content-Length is needed to find its end (RFC 7118 5). */
function isFramed({ transport }: Flow): boolean {
  return transport !== 'tcp' && transport !== 'tls';
}
