import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { Fault, type FaultCode } from '../model/errors.ts';
import { isLocal } from '../model/host-port.ts';
import type { Logger } from '../model/logger.ts';
import { Door } from './access/door.ts';
import { knownNamesOnly } from './access/host-names.ts';
import { networkOf } from './access/network.ts';
import { roleByMethod } from './access/role-guard.ts';
import { type AccessToken, Tokens, tokenOf } from './access/tokens.ts';
import { type OpsEnv, printable, refuse } from './answers.ts';
import type { OpsDeps } from './deps.ts';
import { sameSiteOnly, securityHeaders } from './guard.ts';
import { mount } from './mount.ts';
import { openApi } from './openapi.ts';
import { Places } from './places.ts';
import { RequestTurns } from './request-turns.ts';
import type { Route, RouteDeps } from './route.ts';
import { apiPageRoutes } from './routes/api-page.ts';
import { feed } from './routes/events.ts';
import { panelRoutes } from './routes/panel.ts';
import { routes } from './routes/table.ts';
import { RpcServer } from './rpc/rpc-server.ts';
import { EventStream } from './sse.ts';
import { TraceStreams } from './trace-stream.ts';
import { Turns } from './turns.ts';

const bindFaults: Readonly<Record<string, FaultCode>> = {
  EADDRINUSE: 'port-in-use',
  EADDRNOTAVAIL: 'address-unavailable',
  ENOTFOUND: 'address-unavailable',
  EAI_AGAIN: 'address-unavailable',
  EINVAL: 'address-unavailable',
  EACCES: 'port-forbidden',
  EMFILE: 'files-exhausted',
  ENFILE: 'files-exhausted',
};

/** What one server bears of its clients. */
interface Limits {
  readonly connections: number;
  /** Of one address: whoever has only that leaves room for others. */
  readonly perAddress: number;
  /** A client that takes nothing of its answer for so long is cut off; event streams have a line in 15 s. */
  readonly stuckMs: number;
  /** The head of a request takes at most so long, and a fifth more until that is seen. */
  readonly headMs: number;
}

const usual: Limits = { connections: 512, perAddress: 128, stuckMs: 120_000, headMs: 10_000 };
/** Answers under way have this long at a stop. */
const graceMs = 500;
/** Lists of SIP messages under way; each is 4 MB at most. */
const mostTraceLists = 16;

/** The admin's window: panel, API and probes. Holds no state of its own but the clients of the event stream. */
export class HttpServer {
  #deps: OpsDeps;
  readonly #logger: Logger;
  readonly #stream: EventStream;
  readonly #traceStreams: TraceStreams;
  readonly #traceLists = new Places(mostTraceLists);
  readonly #turns = new Turns();
  readonly #tokens: Tokens;
  readonly #limits: Limits;
  readonly #connections = new Map<string, number>();
  #access: HttpAccess;
  #serve: Hono<OpsEnv>['fetch'] = () => new Response(null, { status: 503 });
  #server: Server | null = null;
  #stopFeed: () => void = () => undefined;

  constructor(deps: OpsDeps, limits: Limits = usual) {
    this.#limits = limits;
    this.#deps = deps;
    this.#logger = deps.logger.child('ops');
    this.#stream = new EventStream(deps.clock);
    this.#traceStreams = new TraceStreams(deps.clock);
    this.#access = deps;
    this.#tokens = new Tokens(tokensOf(deps));
  }

  /**
   * From now on these tokens, names and limits, without a restart. Event streams end where tokens change: their clients come
   * back at once, and those whose token is gone do not get in. False, and nothing changes: without a token everybody could.
   */
  admit(access: HttpAccess): boolean {
    const tokens = tokensOf(access);
    if (tokens.length === 0 && !isLocal(this.#deps.listen.address)) return false;
    const changed = JSON.stringify(tokens) !== JSON.stringify(tokensOf(this.#access));
    this.#access = access;
    if (!changed) return true;
    this.#tokens.set(tokens);
    this.#stream.closeAll();
    this.#traceStreams.closeAll();
    return true;
  }

  /** All but the listener is made of these from now on, after a reload of the configuration. Streams go on. */
  exchange(deps: OpsDeps): void {
    this.#deps = { ...deps, listen: this.#deps.listen };
    this.admit(deps);
    this.#serve = this.#app().fetch;
    if (this.#server === null) return;
    this.#stopFeed();
    this.#stopFeed = feed(this.#stream, this.#deps);
  }

  /** Clients that read the event stream at this moment. */
  get eventClients(): number {
    return this.#stream.clients;
  }

  /**
   * Binds, and answers where. Rejects with a Fault: `config-invalid` for a listener that everybody reaches and nobody
   * needs a token for, `port-in-use`, `address-unavailable`, `port-forbidden`, `files-exhausted`.
   */
  async start(): Promise<{ readonly address: string; readonly port: number }> {
    const { listen } = this.#deps;
    if (this.#tokens.none && !isLocal(listen.address)) {
      throw new Fault(
        'config-invalid',
        `http.listen ${listen.address} can be reached from outside: set http.tokenFile`,
      );
    }
    this.#serve = this.#app().fetch;
    const { headMs } = this.#limits;
    const listener = getRequestListener((request, env) => this.#serve(request, env as OpsEnv['Bindings']), {
      overrideGlobalObjects: false,
      errorHandler: () => Response.json({ error: { code: 'bad-request', message: 'not a request' } }, { status: 400 }),
    });
    const requests = new RequestTurns(this.#turns, (request, response) => void listener(request, response));
    const server = createServer(
      // Node looks at its limits every 30 s, if nobody says otherwise.
      { requestTimeout: 30_000, headersTimeout: headMs, connectionsCheckingInterval: headMs / 5 },
      (request, response) => requests.take(request, response),
    );
    server.maxConnections = this.#limits.connections;
    server.timeout = this.#limits.stuckMs;
    server.on('connection', (socket: Socket) => this.#count(socket));
    server.on('request', (_request, response) => {
      // A connection whose last answer ends after `stop` would stay open, idle, for the keep-alive time.
      response.once('close', () => {
        if (!server.listening) setImmediate(() => server.closeIdleConnections());
      });
    });
    await bind(server, listen);
    server.on('error', (error) => this.#logger.error({ error: error.message }, 'http listener failed'));
    this.#server = server;
    this.#stopFeed = feed(this.#stream, this.#deps);
    const { address, port } = server.address() as AddressInfo;
    return { address, port };
  }

  /** Ends event streams and idle connections at once, others after half a second. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    this.#stopFeed();
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    this.#stream.closeAll();
    this.#traceStreams.closeAll();
    server.closeIdleConnections();
    const grace = this.#deps.clock.after(graceMs, () => server.closeAllConnections());
    await closed;
    grace.cancel();
  }

  /** Takes a connection on, or cuts it where its address has too many. */
  #count(socket: Socket): void {
    const from = networkOf(socket.remoteAddress ?? '');
    const count = (this.#connections.get(from) ?? 0) + 1;
    if (count > this.#limits.perAddress) {
      socket.destroy();
      return;
    }
    this.#connections.set(from, count);
    socket.once('close', () => {
      const left = (this.#connections.get(from) ?? 1) - 1;
      if (left === 0) this.#connections.delete(from);
      else this.#connections.set(from, left);
    });
  }

  /** The path of a request, in order. */
  #app(): Hono<OpsEnv> {
    const { clock, listen, version } = this.#deps;
    // Few ask for it, and it takes a while to make.
    let made: object | null = null;
    const document = (): object => {
      made ??= openApi(routes, version);
      return made;
    };
    const deps = {
      ...this.#deps,
      logger: this.#logger,
      stream: this.#stream,
      traceStreams: this.#traceStreams,
      traceLists: this.#traceLists,
      document,
    };
    const rpc = new RpcServer(deps, routes, methodRoutes({ ...deps, rpc: null }), this.#turns);
    const rate = () => this.#access.rate ?? null;
    const door = new Door({ tokens: this.#tokens, rate, clock, logger: this.#logger });
    const isOpen = ({ role }: Route) => role === 'everybody';
    const app = new Hono<OpsEnv>();
    if (deps.metrics !== undefined) app.use(deps.metrics.http.count);
    app.use(securityHeaders);
    app.use(knownNamesOnly(listen.address, () => this.#access.names ?? []));
    app.use(sameSiteOnly);
    app.use(door.counts);
    panelRoutes(app);
    apiPageRoutes(app, document);
    mount(app, routes.filter(isOpen), { ...deps, rpc });
    app.use(door.holders);
    mount(
      app,
      routes.filter((route) => !isOpen(route)),
      { ...deps, rpc },
    );
    app.use(roleByMethod);
    app.notFound((c) => refuse(c, 404, 'not-found', `nothing at ${c.req.method} ${printable(c.req.path)}`));
    app.onError((error, c) => {
      const path = printable(c.req.path);
      this.#logger.error({ method: c.req.method, path, stack: error.stack ?? error.message }, 'http request failed');
      return refuse(c, 500, 'internal', 'this is a bug: the log says more');
    });
    return app;
  }
}

/** What may change while the server runs: as in `OpsDeps`. */
export type HttpAccess = Pick<OpsDeps, 'token' | 'tokens' | 'names' | 'rate'>;

function tokensOf({ token, tokens = [] }: HttpAccess): readonly AccessToken[] {
  return token === null ? tokens : [tokenOf('token', 'admin', token), ...tokens];
}

/** The same routes once more behind JSON-RPC, for whoever has passed the guards. */
function methodRoutes(deps: RouteDeps): Hono<OpsEnv> {
  const app = new Hono<OpsEnv>();
  app.use(async (c, next) => {
    c.set('who', c.env.rpc?.who ?? '');
    c.set('role', c.env.rpc?.role ?? 'read');
    await next();
  });
  mount(app, routes, deps);
  app.onError((error) => {
    throw error;
  });
  return app;
}

function bind(server: Server, { address, port }: OpsDeps['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const code = bindFaults[error.code ?? ''] ?? 'address-unavailable';
      reject(new Fault(code, `http.listen ${address}:${port}: ${error.message}`, error));
    };
    server.once('error', fail);
    server.listen(port, address.replace(/^\[(.*)\]$/, '$1'), () => {
      server.off('error', fail);
      resolve();
    });
  });
}
