import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { lastingPort } from '../ports.ts';
import { EslClient, type EslRules, type Fields } from './esl-client.ts';

export interface EslServerOptions {
  /** Of event_socket.conf. */
  readonly password?: string;
  /** Users of the directory by `user@domain`, for `userauth`. */
  readonly users?: Readonly<Record<string, EslUser>>;
  /** The time in events, milliseconds. A link on a fake clock wants the same one: it notices events that come late. */
  readonly now?: () => number;
}

export interface EslUser {
  readonly password: string;
  /** Commands `api` may run; left out = all. */
  readonly api?: readonly string[];
  /** Names and subclasses `event` may ask for; left out = all. */
  readonly events?: readonly string[];
}

/** The reply to `api`; null = `-ERR … Command not found!`, '' = `-ERR no reply`. A promise keeps that connection waiting. */
export type ApiHandler = (command: string, args: string) => string | null | Promise<string | null>;

/** The Reply-Text; undefined = `+OK` with an Event-UUID. */
export type SendEventHandler = (name: string, headers: Fields, body: string) => string | undefined;

/**
 * FreeSWITCH's event socket, scripted: everything that goes out is made byte by byte here, so that it can be wrong in any
 * way a test wants. It knows no calls and no users of its own; a fake PBX gives it handlers.
 */
export class EslServer {
  readonly password: string;
  readonly users: Readonly<Record<string, EslUser>>;
  /** Which life of FreeSWITCH this is; in every event. */
  coreUuid: string = randomUUID();
  /** Each command received after the login, in order: `api db select/x`, `sendevent NAME`, `event json …`. */
  readonly commands: string[] = [];
  /** Logins that were accepted. */
  logins = 0;
  /** Connections accepted, whatever became of them. */
  connections = 0;

  /** What a new connection finds: a login, `text/rude-rejection` (ACL), or nothing at all. */
  greeting: 'login' | 'rude' | 'silent' = 'login';
  /** Commands are read and kept, but nothing is answered and no event goes out. `resume` carries on. */
  stalled = false;
  /** True where words in a command made FreeSWITCH unload its event socket. */
  unloaded = false;
  /** `api` commands (`db`, `show channels`) that are denied with a command/reply, as with esl-allowed-api. */
  readonly denied = new Set<string>();
  /** Everything goes out in pieces of so many bytes; 0 = whole. */
  pieceBytes = 0;

  readonly #server: Server;
  readonly #clients = new Set<EslClient>();
  #port = 0;
  readonly #now: () => number;
  #sequence = 100;
  #api: ApiHandler = () => null;
  #sent: SendEventHandler = () => undefined;

  constructor({ password = 'esl-secret-5f0a', users = {}, now = Date.now }: EslServerOptions = {}) {
    this.#now = now;
    this.password = password;
    this.users = users;
    const rules: EslRules = {
      server: this,
      api: (command, args) => this.#api(command, args),
      sendEvent: (name, headers, body) => this.#sendEvent(name, headers, body),
    };
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket: Socket) => {
      this.connections++;
      const client = new EslClient(socket, rules);
      this.#clients.add(client);
      socket.on('close', () => {
        if (client.idle) this.#clients.delete(client);
      });
      client.greet();
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that are open now. */
  get clients(): readonly EslClient[] {
    return [...this.#clients].filter((it) => it.open);
  }

  /** On loopback; the second time on the same port as the first. Resolves with the port. */
  async listen(): Promise<number> {
    if (this.#port === 0) this.#port = await lastingPort();
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
    return this.#port;
  }

  /** FreeSWITCH is gone: connections are closed, new ones refused. `listen` starts it again. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#clients) client.destroy();
    await closed;
  }

  /** The module was unloaded: FreeSWITCH lives on, and nobody can connect any more. */
  unload(): void {
    this.unloaded = true;
    void this.close();
  }

  onApi(handler: ApiHandler): void {
    this.#api = handler;
  }

  /** What a `sendevent` does beside coming back to who subscribed it, which happens by itself. */
  onSendEvent(handler: SendEventHandler): void {
    this.#sent = handler;
  }

  /** An event to all who subscribed it (`Event-Name`, and `Event-Subclass` for CUSTOM). A body stands under `_body`. */
  emit(event: Fields): void {
    const full: Record<string, string> = {
      'Event-Name': 'CUSTOM',
      'Core-UUID': this.coreUuid,
      'Event-Date-Timestamp': String(this.#now() * 1000),
      'Event-Sequence': String(this.#sequence++),
      ...event,
    };
    if (full['_body'] !== undefined) full['Content-Length'] = String(Buffer.byteLength(full['_body']));
    for (const client of this.#clients) client.tell(full);
  }

  heartbeat(): void {
    this.emit({ 'Event-Name': 'HEARTBEAT', 'Event-Info': 'System Ready', 'Session-Count': '0' });
  }

  /** Ends `stalled`: what was kept is carried out now, also for connections that are gone meanwhile. */
  resume(): void {
    this.stalled = false;
    for (const client of this.#clients) {
      client.resume();
      if (!client.open) this.#clients.delete(client);
    }
  }

  /**
   * Ends all connections: `fin` with disconnect-notice, `rst` without a word, `half-open` leaves them open here and never
   * reads or writes them again (a host that vanished).
   */
  drop(how: 'fin' | 'rst' | 'half-open'): void {
    for (const client of this.#clients) client.drop(how);
  }

  /** Bytes as they are, to all connections. */
  raw(bytes: Buffer | string): void {
    for (const client of this.#clients) client.raw(bytes);
  }

  #sendEvent(name: string, headers: Fields, body: string): string {
    const reply = this.#sent(name, headers, body);
    if (reply !== undefined) return reply;
    const uuid = randomUUID();
    const event = { ...headers, 'Event-Name': name, 'Event-UUID': uuid, Command: `sendevent ${name}` };
    setImmediate(() => this.emit(body === '' ? event : { ...event, _body: body }));
    return `+OK ${uuid}`;
  }
}
