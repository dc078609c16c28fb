import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Types its description names; an event of another type makes ari-client throw. */
const knownTypes = [
  'ChannelCreated',
  'ChannelStateChange',
  'Dial',
  'ChannelHold',
  'ChannelUnhold',
  'ChannelDestroyed',
  'ApplicationReplaced',
  'ChannelUserevent',
  'ChannelCallerId',
];

const auth = (username: string, password: string) => [
  { attribute: 'auth_type', value: 'userpass' },
  { attribute: 'username', value: username },
  { attribute: 'password', value: password },
  { attribute: 'realm', value: '' },
];

/** ARI in small: real HTTP and WebSocket on loopback, scripted answers, and a record of all that was asked for. */
export class FakeAri {
  readonly username = 'lamplighter';
  readonly password = 'ari-secret-7f3a';
  /** `GET /ari/channels`, in order. */
  readonly requests: string[] = [];
  channels: unknown[] = [];
  /** `GET /ari/bridges`. */
  bridges: unknown[] = [];
  /** `CHANNEL EXPRESSION` to the value of a channel's variable, where it is not the usual one. */
  readonly variables = new Map<string, string>();
  /** How long variables are thought about, ms: a busy Asterisk. */
  variableDelay = 0;
  /** Modules that are not loaded. */
  readonly unloaded = new Set<string>();
  /** Other programs' applications. */
  readonly others = new Set<string>();
  /** An event for an application comes to nobody. */
  deaf = false;
  version = '22.10.1';
  /** Names of the applications that are connected. */
  readonly #apps = new Map<Duplex, string>();
  startup = '2023-11-14T22:00:00.000+0000';
  /** Answers everything with this status while set: an Asterisk that boots. */
  booting: number | null = null;
  /** Another user with the same password and `read_only = yes`: all but GET is refused him. */
  readonly reader = 'reader';
  /** Nothing is answered any more, not even a ping: a connection that is open on one side only. */
  frozen = false;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #streams = new Set<Duplex>();
  #port = 0;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, socket) => this.#upgrade(request, socket));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Opens the port; the same one again after `close`. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** The process dies: every connection ends at once. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Every connection breaks; the process and its calls go on. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  send(event: object): void {
    this.sendText(JSON.stringify(event));
  }

  sendText(text: string): void {
    for (const socket of this.#streams) socket.write(frame(1, Buffer.from(text)));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.url);
    this.requests.push(`${request.method} ${decodeURIComponent(`${url.pathname}${url.search}`)}`);
    if (this.frozen) return;
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (this.booting !== null) {
      reply(this.booting, {});
      return;
    }
    if (url.pathname.startsWith('/ari/api-docs/')) {
      reply(200, this.#description(url.pathname));
      return;
    }
    const login = (user: string) => `Basic ${Buffer.from(`${user}:${this.password}`).toString('base64')}`;
    const { authorization } = request.headers;
    if (authorization !== login(this.username) && authorization !== login(this.reader)) {
      reply(401, { message: 'Authentication required' });
      return;
    }
    if (authorization === login(this.reader) && request.method !== 'GET') {
      reply(403, { message: 'Write access denied' });
      return;
    }
    const body = this.#resource(url.pathname.slice('/ari/'.length), url.searchParams);
    if (body === undefined) reply(404, { message: 'not found' });
    else if (url.pathname.endsWith('/variable')) setTimeout(() => reply(200, body), this.variableDelay);
    else reply(200, body);
  }

  #description(path: string): unknown {
    const { url } = this;
    if (path.endsWith('resources.json')) {
      const apis = [{ path: '/api-docs/events.{format}', description: 'events' }];
      return { apiVersion: '10.0.0', swaggerVersion: '1.1', basePath: `${url}/ari`, apis };
    }
    const models = Object.fromEntries(knownTypes.map((id) => [id, { id, properties: {} }]));
    return { apiVersion: '2.0.0', swaggerVersion: '1.2', basePath: `${url}/ari`, resourcePath: path, apis: [], models };
  }

  #resource(path: string, query: URLSearchParams): unknown {
    if (path === 'asterisk/info') return { status: { startup_time: this.startup }, system: { version: this.version } };
    if (path === 'asterisk/modules') {
      return modules.filter((it) => !this.unloaded.has(it)).map((it) => ({ name: `${it}.so`, status: 'Running' }));
    }
    if (path === 'applications') return [...this.#apps.values(), ...this.others].map((name) => ({ name }));
    if (path.startsWith('events/user/'))
      return this.#userEvent(path.slice('events/user/'.length), query.get('application'));
    if (path.startsWith('applications/lamplighter-doctor/')) return undefined;
    if (path === 'channels') return this.channels;
    if (path === 'bridges') return this.bridges;
    if (path === 'endpoints') return [{ technology: 'PJSIP', resource: '1001', state: 'online', channel_ids: [] }];
    if (path.startsWith('applications/')) return {};
    if (path.endsWith('/variable')) {
      const expression = query.get('variable') ?? '';
      const id = decodeURIComponent(path.split('/')[1] ?? '');
      return { value: this.variables.get(`${id} ${expression}`) ?? variable(expression) };
    }
    if (path.endsWith('res_pjsip/global/global')) return [{ attribute: 'default_realm', value: 'asterisk' }];
    if (path.endsWith('res_pjsip/endpoint/1001')) {
      return [
        { attribute: 'auth', value: '1001-auth' },
        { attribute: 'aors', value: '1001' },
        { attribute: 'outbound_auth', value: '' },
      ];
    }
    if (path.endsWith('res_pjsip/aor/1001')) return [{ attribute: 'contact', value: 'sip:1001@127.0.0.1:5161' }];
    if (path.endsWith('res_pjsip/auth/1001-auth')) return auth('1001', 'phone-secret-1001');
    return undefined;
  }

  #userEvent(eventname: string, application: string | null): unknown {
    if (this.deaf) return {};
    const event = { type: 'ChannelUserevent', eventname, application, userevent: {} };
    for (const [socket, app] of this.#apps) {
      if (app === application) socket.write(frame(1, Buffer.from(JSON.stringify(event))));
    }
    return {};
  }

  #upgrade(request: IncomingMessage, socket: Duplex): void {
    const url = new URL(request.url ?? '', this.url);
    this.requests.push(
      `WS ${url.pathname} app=${url.searchParams.get('app')} subscribeAll=${url.searchParams.get('subscribeAll')}`,
    );
    const key = url.searchParams.get('api_key');
    if (key !== `${this.username}:${this.password}` && key !== `${this.reader}:${this.password}`) {
      socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${guid}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    this.#streams.add(socket);
    this.#apps.set(socket, url.searchParams.get('app') ?? '');
    socket.on('close', () => {
      this.#streams.delete(socket);
      this.#apps.delete(socket);
    });
    socket.on('end', () => socket.end());
    socket.on('data', (data: Buffer) => {
      // A client's ping: 0x89, masked, empty.
      if (!this.frozen && data[0] === 0x89) socket.write(frame(10, Buffer.alloc(0)));
    });
  }
}

const modules = [
  'res_pjsip',
  'res_pjsip_registrar',
  'res_pjsip_session',
  'res_pjsip_notify',
  'chan_pjsip',
  'res_stasis',
  'res_http_websocket',
  'res_ari_events',
  'res_ari_applications',
  'res_ari_channels',
  'res_ari_bridges',
  'res_ari_endpoints',
  'func_devstate',
  'app_queue',
  'res_parking',
  'app_confbridge',
];

function variable(expression: string): string {
  if (expression === 'CHANNEL(pjsip,local_tag)') return 'tag-of-the-pbx';
  if (expression === 'CHANNEL(pjsip,remote_tag)') return 'tag-of-the-phone';
  if (expression === 'CONNECTEDLINE(pres)') return 'allowed_not_screened';
  return '';
}

function frame(opcode: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? [0x80 | opcode, payload.length]
      : [0x80 | opcode, 126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from(head), payload]);
}
