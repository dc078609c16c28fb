import { createHash } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import type { Random } from '../../model/random.ts';
import type {
  AddressedRequest,
  EngineCapabilities,
  FinalResponse,
  Flow,
  ListenPoint,
  ServerTransaction,
  SipAnswer,
  SipEngine,
} from '../engine.ts';
import { limits } from '../message/limits.ts';
import {
  type ParsedRequest,
  type ParsedResponse,
  parseMessage,
  type RefusedMessage,
  refuse,
} from '../message/parse.ts';
import { ClientTransactions, localResponse } from './client-tx.ts';
import { Complaints } from './complaints.ts';
import { type Draft, draftRequest, sentBy, writeAnswer, writeRefusal } from './compose.ts';
import type { Frame } from './framing.ts';
import { Outgoing, udpRoom } from './outgoing.ts';
import { ReceivedRequest } from './received-request.ts';
import { type ServerHost, ServerTransactions, serverKey } from './server-tx.ts';
import type { TcpConnection } from './tcp.ts';
import { TimerWheel } from './timer-wheel.ts';
import { Tokens } from './tokens.ts';
import { Transports } from './transports.ts';

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
}

/** What a CANCEL can name (RFC 3261 9.2); INVITE first. */
const cancellable = ['INVITE', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'OPTIONS', 'REGISTER', 'MESSAGE', 'INFO', 'REFER'];

/** SIP on our own sockets: RFC 3261 transport and non-INVITE transactions, and nothing above them. */
export class EmbeddedEngine implements SipEngine {
  readonly capabilities: EngineCapabilities = { maxMessage: limits.message, ownsCseq: true, inlineProxy: false };
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
  #onRequest: (transaction: ServerTransaction) => void = () => undefined;
  #running = false;

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
    this.#logger = options.logger.child('sip');
    this.#complaints = new Complaints(options.clock, this.#logger);
    this.#tokens = new Tokens(options.random);
    this.#secret = this.#tokens.next(16);
    this.#wheel = new TimerWheel(options.clock);
    this.#server = new ServerTransactions(this.#serverHost());
    this.#client = new ClientTransactions(this.#wheel);
    this.#transports = new Transports({
      clock: options.clock,
      logger: this.#logger,
      connectionPrefix: this.#tokens.next(4),
      advertise: options.advertise ?? null,
      events: {
        onDatagram: (bytes, flow) => this.#onMessage(bytes, flow),
        onFrame: (frame, connection) => this.#onFrame(frame, connection),
        onClosed: (connection) => this.#client.breakConnection(connection.flow.connection),
        onMisuse: (remote, what) => this.#complaints.warn(`tcp:${remote.address}`, what),
      },
    });
    this.#outgoing = new Outgoing(this.#transports, this.#client, this.#tokens, options.clock);
  }

  async start(onRequest: (transaction: ServerTransaction) => void): Promise<readonly ListenPoint[]> {
    this.#onRequest = onRequest;
    this.#running = true;
    try {
      return await this.#transports.listen(this.#options.listen);
    } catch (error) {
      this.#running = false;
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#client.breakAll();
    this.#server.clear();
    await this.#transports.close();
    this.#client.breakAll(); // what a failed dial turned back to while the sockets closed
    this.#wheel.stop();
  }

  request(request: AddressedRequest): Promise<FinalResponse> {
    if (!this.#running) return Promise.resolve(localResponse(503, 'Stopped'));
    let draft: Draft;
    try {
      draft = draftRequest(request, this.#options.serverName);
    } catch (error) {
      this.#logger.error({ error: String(error), method: request.method }, 'a request could not be written');
      return Promise.resolve(localResponse(503, 'Not Writable'));
    }
    return this.#outgoing.send(draft, request.flow);
  }

  roomBytes(flow: Flow): number {
    return flow.transport === 'udp' ? udpRoom : Number.POSITIVE_INFINITY;
  }

  #serverHost(): ServerHost {
    return {
      wheel: this.#wheel,
      write: (message, flow, answer) => this.#write(message, flow, answer),
      send: (flow, wire) => this.#reply(flow, wire),
      onUnanswered: (message, flow) =>
        this.#logger.error({ source: sourceName(flow), method: message.method }, 'a request was never answered'),
    };
  }

  #write(message: ParsedRequest, flow: Flow, answer: SipAnswer): string {
    const tag = message.toTag === null && answer.toTag === undefined ? this.#tokens.next(8) : '';
    try {
      return writeAnswer(message, flow.remote, answer, tag, this.#options.serverName);
    } catch (error) {
      this.#logger.error({ error: String(error), method: message.method }, 'an answer could not be written');
      return writeAnswer(message, flow.remote, { status: 500 }, tag || this.#tokens.next(8), '');
    }
  }

  /** RFC 3581 4: to where it came from, by the socket it came by; a connection that is gone takes its answer along. */
  #reply(flow: Flow, wire: string): void {
    this.#transports.send(flow, wire, (error) =>
      this.#complaints.warn(sourceName(flow), 'an answer could not be sent', error.message),
    );
  }

  #onFrame(frame: Frame, connection: TcpConnection): void {
    if (frame.kind === 'message') this.#onMessage(frame.bytes, connection.flow);
    else if (frame.kind === 'broken') {
      this.#onRefused(refuse(frame.bytes, frame.status, frame.reason, true), connection.flow);
    }
  }

  #onMessage(bytes: Buffer, flow: Flow): void {
    if (!this.#running) return;
    const parsed = parseMessage(bytes, flow.transport === 'udp' ? 'datagram' : 'stream');
    if (parsed.kind === 'request') this.#onRequestMessage(parsed, bytes.length, flow);
    else if (parsed.kind === 'response') this.#client.receive(parsed, viaOf);
    else this.#onRefused(parsed, flow);
  }

  #onRequestMessage(message: ParsedRequest, bytes: number, flow: Flow): void {
    const { method } = message;
    if (method === 'ACK') return; // it can only belong to a final answer we gave to an INVITE
    const key = serverKey(message, sourceOf(flow), method);
    if (this.#server.absorb(key, bytes)) return;
    if (this.#server.overloaded) {
      const answer: SipAnswer = { status: 503, headers: [['Retry-After', '10']], toTag: this.#statelessTag(message) };
      this.#reply(flow, this.#write(message, flow, answer));
      return;
    }
    const transaction = this.#server.open(key, bytes, message, new ReceivedRequest(message, flow));
    if (method === 'CANCEL') this.#onCancel(message, flow, transaction);
    else this.#hand(transaction, flow);
  }

  /** RFC 3261 9.2: by then every request has, or is about to get, its final answer: nothing else to do. */
  #onCancel(message: ParsedRequest, flow: Flow, transaction: ServerTransaction): void {
    const known = cancellable.some((method) => this.#server.has(serverKey(message, sourceOf(flow), method)));
    transaction.respond({ status: known ? 200 : 481 });
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

  #onRefused(refused: RefusedMessage, flow: Flow): void {
    const detail = refused.method === null ? refused.reason : `${refused.method}: ${refused.reason}`;
    this.#complaints.warn(sourceName(flow), 'SIP message refused', detail);
    const { callId, cseq, via } = refused.echo;
    const tag = this.#hashed(`${callId}|${cseq}|${via[0]}`);
    const wire = writeRefusal(refused, flow.remote, tag, this.#options.serverName);
    if (wire !== null) this.#reply(flow, wire);
    if (refused.outOfStep) this.#transports.connection(flow)?.finish();
  }

  /** RFC 3261 8.2.7: a stateless answer has the same To tag each time. */
  #statelessTag(message: ParsedRequest): string {
    const { headers } = message;
    return this.#hashed(`${headers.get('Call-ID')}|${headers.get('CSeq')}|${headers.get('Via')}`);
  }

  #hashed(text: string): string {
    return createHash('sha256').update(`${this.#secret}|${text}`, 'latin1').digest('hex').slice(0, 16);
  }
}

function sourceOf({ remote }: Flow): string {
  return `${remote.address}:${remote.port}`;
}

function sourceName(flow: Flow): string {
  return `${flow.transport}:${flow.remote.address}`;
}

/** The sent-by a response brings back. */
function viaOf(response: ParsedResponse): string {
  return sentBy({ address: response.via.host, port: response.via.port ?? 5060 });
}
