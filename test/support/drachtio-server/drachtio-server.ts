import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type Clock, systemClock } from '../../../src/model/clock.ts';
import type { ListenPoint } from '../../../src/sip/engine.ts';
import { lastingPort } from '../ports.ts';
import { ClientSide } from './client-side.ts';
import { ClientTransactions } from './client-transactions.ts';
import { ControlClient, type ControlMessage } from './control-client.ts';
import { Dialogs } from './dialogs.ts';
import { NetworkSide } from './network-side.ts';
import { PhoneConnections } from './phone-connections.ts';
import { Routes } from './routes.ts';
import { ServerTransactions } from './server-transactions.ts';
import type { Shared } from './shared.ts';
import { type Path, SipSockets } from './sip-sockets.ts';
import { hostPort, readSip, stamped } from './sip-text.ts';

export interface DrachtioServerOptions {
  /** Of the control port; the default is that of its sample configuration. */
  readonly secret?: string;
  /** As it says it at the login. One built outside git says `1.0.0`, and srf then sends no pings. */
  readonly version?: string;
  /** For SIP alone: retransmissions and timeouts. Default: the true time. */
  readonly clock?: Clock;
  /** UDP and TCP. Default: both on 127.0.0.1, on one port number. */
  readonly listen?: readonly ListenPoint[];
}

export interface Listening {
  /** For srf. */
  readonly control: { readonly host: string; readonly port: number };
  /** For phones. */
  readonly sip: readonly ListenPoint[];
}

const mostReceived = 20_000;

/**
 * drachtio-server for the tests: its control protocol on one side, SIP on the other, with the limits and the faults of the
 * real one (9c2dd4cb6a with its sofia-sip, read in the source; `reference` 2 of what was measured). No INVITE that is
 * accepted, no proxying, no TLS, no CDRs, no outbound connections.
 */
export class DrachtioServer {
  readonly secret: string;
  /** The messages of clients, in order; at least the latest 10,000. */
  readonly received: ControlMessage[] = [];
  /** Connections of clients, whatever became of them. */
  connections = 0;
  /** Every login is refused as if the secret were wrong. */
  refuseAuth = false;
  /** Requests of clients are answered `NOK|<this>`; null: they go out. */
  refuseRequests: string | null = null;
  /**
   * The next request of a client costs it its connection: `before` it is sent, or `after`, so that it is on the wire and
   * nobody was told its CSeq. Once.
   */
  dropOnRequest: 'before' | 'after' | null = null;
  readonly #version: string;
  readonly #sockets: SipSockets;
  readonly #shared: Shared;
  readonly #network: NetworkSide;
  readonly #requests: ClientSide;
  readonly #clients = new Set<ControlClient>();
  #sip: readonly ListenPoint[];
  #port = 0;
  #server: Server | null = null;
  #silent = false;

  constructor({ secret = 'cymru', version = 'v0.9.3', clock = systemClock, listen = [] }: DrachtioServerOptions = {}) {
    this.secret = secret;
    this.#version = version;
    this.#sip = listen;
    this.#sockets = new SipSockets(clock, (text, path) => this.#onSip(text, path));
    this.#shared = {
      clock,
      incoming: new ServerTransactions(clock, this.#sockets),
      outgoing: new ClientTransactions(clock, this.#sockets),
      dialogs: new Dialogs(),
      routes: new Routes(),
      phones: new PhoneConnections(clock),
    };
    this.#network = new NetworkSide(this.#shared);
    this.#requests = new ClientSide(this.#shared, this.#sockets);
  }

  /** Clients that are connected. */
  get clients(): readonly ControlClient[] {
    return [...this.#clients].filter((it) => !it.closed);
  }

  /** TCP connections of phones that are open. */
  get phoneConnections(): number {
    return this.#sockets.connected;
  }

  /** `Call-ID;from-tag=<tag of the caller>` of each. */
  get dialogs(): readonly string[] {
    return this.#shared.dialogs.ids;
  }

  /** After `stop`: on the same ports as before. */
  async start(): Promise<Listening> {
    if (this.#port === 0) this.#port = await lastingPort();
    if (this.#sip.length === 0) {
      const at = { address: '127.0.0.1', port: await lastingPort() };
      this.#sip = [
        { transport: 'udp', ...at },
        { transport: 'tcp', ...at },
      ];
    }
    this.#sip = await this.#sockets.listen(this.#sip);
    const server = createServer((socket) => {
      this.connections++;
      const client: ControlClient = new ControlClient(
        socket,
        (message, from) => this.#onControl(message, from),
        () => this.#clients.delete(client),
      );
      client.silent = this.#silent;
      this.#clients.add(client);
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    return { control: { host: '127.0.0.1', port: this.#port }, sip: this.#sip };
  }

  /** As when it is killed: connections break, and nothing of what it knew is left. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = new Promise<void>((done) => (server === null ? done() : server.close(() => done())));
    this.dropConnection();
    await this.#sockets.close();
    this.#shared.incoming.clear();
    this.#shared.outgoing.clear();
    this.#shared.routes.clear();
    this.#network.clear();
    this.forgetDialogs();
    await closed;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Every client is disconnected; it may come again. */
  dropConnection(how: 'fin' | 'rst' = 'fin'): void {
    for (const client of this.#clients) {
      if (how === 'rst') client.reset();
      else client.destroy();
    }
  }

  /** What the present clients send is never read again, as after a frame that did not fit; they still hear of requests. */
  wedge(): void {
    for (const client of this.#clients) client.wedged = true;
  }

  /** The server neither reads nor writes on its control port, with clients of now and of later: it hangs. */
  silent(on = true): void {
    this.#silent = on;
    for (const client of this.#clients) client.silent = on;
  }

  /** Every dialog is gone: a request in one is answered ENODIALOG, one of a phone comes out of dialog. */
  forgetDialogs(): void {
    this.#shared.dialogs.clear();
    this.#shared.phones.clear();
  }

  #onSip(text: string, path: Path): void {
    const { address, port } = path.remote;
    const isResponse = text.startsWith('SIP/');
    // agent_check_request_via of sofia: a request whose Via names another transport is dropped
    if (!isResponse && !isOfTransport(text, path.transport)) return;
    const own = isResponse ? text : stamped(text, address, port);
    const message = readSip(own);
    if (message === null) return;
    if (isResponse) this.#shared.outgoing.receive(message, text, path);
    else this.#network.onRequest({ message, text: own, bytes: text.length, path });
  }

  /** `processClientMessage` of client.cpp. A client without secret may do everything, once it was not refused. */
  #onControl(message: ControlMessage, client: ControlClient): boolean {
    const { id, kind, fields, startLine } = message;
    this.received.push(message);
    if (this.received.length > mostReceived) this.received.splice(0, mostReceived / 2);
    const answer = (ok: boolean, rest = '') => {
      client.answer(id, `${ok ? 'OK' : 'NO'}${rest === '' ? '' : `|${rest}`}`);
      return ok;
    };
    if (kind === '') return answer(false, 'Invalid message format');
    if (kind === 'ping') return answer(true, 'pong');
    if (kind === 'authenticate') return answer(...this.#login(fields[0] ?? ''));
    if (kind === 'route') {
      this.#shared.routes.add(fields[0] ?? '', client);
      return answer(true);
    }
    if (kind === 'remove_route') {
      this.#shared.routes.remove(client);
      return answer(true);
    }
    if (kind === 'proxy') {
      client.answer(id, 'NOK|proxying is not played here');
      return true;
    }
    if (kind !== 'sip') return answer(false, 'Unknown message type');
    if (fields.length < 2) return false; // an assertion of the real one: it would not survive
    if (startLine.startsWith('SIP/')) {
      if ((fields[0] ?? '') === '') return answer(false, 'transaction id missing');
      this.#network.respond(message, client);
      return true;
    }
    return this.#onRequest(message, client);
  }

  #onRequest(message: ControlMessage, client: ControlClient): boolean {
    if (this.refuseRequests !== null) {
      client.answer(message.id, `NOK|${this.refuseRequests}`);
      return true;
    }
    const drop = this.dropOnRequest;
    if (drop === null) return this.#requests.request(message, client);
    this.dropOnRequest = null;
    client.silent = true;
    if (drop === 'after') this.#requests.request(message, client);
    client.destroy();
    return true;
  }

  #login(secret: string): [ok: boolean, rest: string] {
    if (this.refuseAuth || secret !== this.secret) return [false, 'incorrect secret'];
    const points = this.#sip.map(({ transport, ...at }) => `${transport}/${hostPort(at)}`).join(',');
    return [true, `${points}|${this.#version}|${points}`];
  }
}

function isOfTransport(text: string, transport: string): boolean {
  const said = /^(?:via|v)[ \t]*:[ \t]*SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([A-Za-z]+)/im.exec(text)?.[1];
  return said === undefined || said.toLowerCase() === transport;
}
