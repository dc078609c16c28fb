import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { Fault, type FaultCode } from '../model/errors.ts';
import type { Logger } from '../model/logger.ts';
import { type OpsEnv, printable, refuse } from './answers.ts';
import type { OpsDeps } from './deps.ts';
import { isLoopback, localNamesOnly, sameSiteOnly, securityHeaders, tokenHolders } from './guard.ts';
import { agentRoutes } from './routes/agents.ts';
import { auditRoutes } from './routes/audit.ts';
import { checkSyncRoutes } from './routes/check-sync.ts';
import { eventRoutes, feed } from './routes/events.ts';
import { extensionRoutes } from './routes/extensions.ts';
import { featureRoutes } from './routes/features.ts';
import { groupRoutes } from './routes/groups.ts';
import { probeRoutes, statusRoutes } from './routes/health.ts';
import { panelRoutes } from './routes/panel.ts';
import { phoneRoutes } from './routes/phones.ts';
import { profileRoutes } from './routes/profiles.ts';
import { publicationRoutes } from './routes/publications.ts';
import { pushRoutes } from './routes/push.ts';
import { rpcRoutes } from './routes/rpc.ts';
import { simulatorRoutes } from './routes/simulator.ts';
import { subscriptionRoutes } from './routes/subscriptions.ts';
import { watchedRoutes } from './routes/watched.ts';
import { wayRoutes } from './routes/ways.ts';
import { EventStream } from './sse.ts';

const bindFaults: Readonly<Record<string, FaultCode>> = {
  EADDRINUSE: 'port-in-use',
  EADDRNOTAVAIL: 'address-unavailable',
  ENOTFOUND: 'address-unavailable',
  EAI_AGAIN: 'address-unavailable',
  EINVAL: 'address-unavailable',
  EACCES: 'port-forbidden',
};

const mostConnections = 512;
/** Answers under way have this long at a stop. */
const graceMs = 500;

/** The admin's window: panel, API and probes. Holds no state of its own but the clients of the event stream. */
export class HttpServer {
  readonly #deps: OpsDeps;
  readonly #logger: Logger;
  readonly #stream: EventStream;
  #server: Server | null = null;
  #stopFeed: () => void = () => undefined;

  constructor(deps: OpsDeps) {
    this.#deps = deps;
    this.#logger = deps.logger.child('ops');
    this.#stream = new EventStream(deps.clock);
  }

  /** Clients that read the event stream at this moment. */
  get eventClients(): number {
    return this.#stream.clients;
  }

  /**
   * Binds, and answers where. Rejects with a Fault: `config-invalid` for a listener that everybody reaches and nobody
   * needs a token for, `port-in-use`, `address-unavailable`, `port-forbidden`.
   */
  async start(): Promise<{ readonly address: string; readonly port: number }> {
    const { listen, token } = this.#deps;
    if (token === null && !isLoopback(listen.address)) {
      throw new Fault(
        'config-invalid',
        `http.listen ${listen.address} can be reached from outside: set http.tokenFile`,
      );
    }
    const app = this.#app();
    const server = createServer(
      { requestTimeout: 30_000, headersTimeout: 10_000 },
      getRequestListener(app.fetch, {
        overrideGlobalObjects: false,
        errorHandler: () =>
          Response.json({ error: { code: 'bad-request', message: 'not a request' } }, { status: 400 }),
      }),
    );
    server.maxConnections = mostConnections;
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
    server.closeIdleConnections();
    const grace = this.#deps.clock.after(graceMs, () => server.closeAllConnections());
    await closed;
    grace.cancel();
  }

  /** The path of a request, in order. */
  #app(): Hono<OpsEnv> {
    const deps = { ...this.#deps, logger: this.#logger };
    const app = new Hono<OpsEnv>();
    app.use(securityHeaders);
    if (isLoopback(deps.listen.address)) app.use(localNamesOnly(deps.listen.address));
    app.use(sameSiteOnly);
    probeRoutes(app, deps);
    panelRoutes(app);
    app.use(tokenHolders(deps.token, this.#logger, deps.clock));
    apiRoutes(app, deps);
    eventRoutes(app, this.#stream);
    rpcRoutes(app, deps, methodRoutes(deps));
    app.notFound((c) => refuse(c, 404, 'not-found', `nothing at ${c.req.method} ${printable(c.req.path)}`));
    app.onError((error, c) => {
      const path = printable(c.req.path);
      this.#logger.error({ method: c.req.method, path, error: error.stack ?? error.message }, 'http request failed');
      return refuse(c, 500, 'internal', 'this is a bug: the log says more');
    });
    return app;
  }
}

/** What an admin can ask; JSON-RPC asks the same. */
function apiRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  statusRoutes(app, deps);
  extensionRoutes(app, deps);
  groupRoutes(app, deps);
  featureRoutes(app, deps);
  agentRoutes(app, deps);
  checkSyncRoutes(app, deps);
  profileRoutes(app, deps);
  subscriptionRoutes(app, deps);
  watchedRoutes(app, deps);
  phoneRoutes(app, deps);
  pushRoutes(app, deps);
  wayRoutes(app, deps);
  publicationRoutes(app, deps);
  auditRoutes(app, deps);
  simulatorRoutes(app, deps);
}

/** The same once more behind JSON-RPC, for whoever has passed the guards. */
function methodRoutes(deps: OpsDeps): Hono<OpsEnv> {
  const app = new Hono<OpsEnv>();
  app.use(async (c, next) => {
    c.set('who', c.env.rpc?.who ?? '');
    await next();
  });
  apiRoutes(app, deps);
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
