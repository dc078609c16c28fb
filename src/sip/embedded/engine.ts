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
  ServerTransaction,
  SipEngine,
} from '../engine.ts';
import { limits } from '../message/limits.ts';
import type { SecurityReports } from '../security-log.ts';
import { Answers, sourceName } from './answers.ts';
import { ClientTransactions, localResponse } from './client-tx.ts';
import { Complaints } from './complaints.ts';
import { type Draft, draftRequest } from './compose.ts';
import { Incoming } from './incoming.ts';
import { Outgoing, udpRoom } from './outgoing.ts';
import { Relays } from './relay/relays.ts';
import { type Limits, ServerTransactions, serverLimits } from './server-transactions.ts';
import type { ServerHost } from './server-tx.ts';
import { defaultPerSource, type PerSource } from './source-limits.ts';
import { TimerWheel } from './timer-wheel.ts';
import type { TlsSettings } from './tls-keys.ts';
import { Tokens } from './tokens.ts';
import { type StreamOptions, Transports } from './transports.ts';

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
  /** UDP by calls for many datagrams at once, where the system has them; default: true. */
  readonly batches?: boolean;
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

/** How often `stop` looks whether all is done; ms. */
const drainStepMs = 10;

/** SIP on our own sockets: RFC 3261 transport and transactions, those of a proxy too, and nothing above them. */
export class EmbeddedEngine implements SipEngine {
  readonly capabilities: EngineCapabilities;
  readonly #options: EmbeddedEngineOptions;
  readonly #logger: Logger;
  readonly #complaints: Complaints;
  readonly #tokens: Tokens;
  readonly #secret: string;
  readonly #wheel: TimerWheel;
  readonly #server: ServerTransactions;
  readonly #client: ClientTransactions;
  readonly #transports: Transports;
  readonly #outgoing: Outgoing;
  readonly #answers: Answers;
  /** null: this engine is no proxy. */
  readonly #relays: Relays | null;
  readonly #incoming: Incoming;

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
    this.capabilities = { maxMessage: limits.message, ownsCseq: true, inlineProxy: options.proxy === true };
    this.#logger = options.logger.child('sip');
    this.#complaints = new Complaints(options.clock, this.#logger, options.security ?? null);
    this.#tokens = new Tokens(options.random);
    this.#secret = this.#tokens.next(16);
    this.#wheel = new TimerWheel(options.clock, (ms) => this.#incoming.late(ms));
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
      batches: options.batches ?? true,
      events: {
        onDatagram: (bytes, flow) => this.#incoming.onDatagram(bytes, flow),
        onFrame: (frame, connection) => this.#incoming.onFrame(frame, connection),
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
    this.#incoming = new Incoming({
      clock: options.clock,
      random: options.random,
      logger: this.#logger,
      complaints: this.#complaints,
      wheel: this.#wheel,
      server: this.#server,
      client: this.#client,
      answers: this.#answers,
      relays: this.#relays,
      connection: (flow) => this.#transports.connection(flow),
      perSource: options.perSource ?? defaultPerSource,
      exempt: options.exempt ?? (() => false),
      meters: options.meters,
    });
  }

  async start(onRequest: (transaction: ServerTransaction) => void): Promise<readonly ListenPoint[]> {
    this.#incoming.onRequest = onRequest;
    this.#incoming.phase = 'running';
    try {
      return await this.#transports.listen(this.#options.listen);
    } catch (error) {
      this.#incoming.phase = 'stopped';
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#drain();
    this.#incoming.phase = 'stopped';
    this.#relays?.stop();
    this.#client.breakAll();
    this.#incoming.clear();
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
    this.#incoming.adjust(perSource);
    this.#transports.adjust(streams);
  }

  request(request: AddressedRequest): Promise<FinalResponse> {
    if (this.#incoming.phase === 'stopped') return Promise.resolve(localResponse(503, 'Stopped'));
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
    return this.#incoming.backlog;
  }

  /** What it holds at this moment. */
  get load(): EngineLoad {
    return {
      server: this.#server.size,
      pending: this.#server.pending,
      client: this.#client.size,
      relays: this.#relays?.size ?? 0,
      backlog: this.#incoming.backlog,
      sources: this.#incoming.sources,
      connections: this.#transports.connectionCounts(),
      tlsValidTo: this.#transports.tlsValidTo,
    };
  }

  roomBytes(flow: Flow): number {
    return flow.transport === 'udp' ? udpRoom : Number.POSITIVE_INFINITY;
  }

  async connect({ transport, address, port }: ListenPoint): Promise<Flow | null> {
    if (this.#incoming.phase !== 'running') return null;
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
    if (this.#incoming.phase !== 'running') return;
    this.#incoming.phase = 'draining';
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
}
