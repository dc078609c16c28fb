import { isUtf8 } from 'node:buffer';
import { createServer as createHttp, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Flow, ListenPoint } from '../engine.ts';
import { limits } from '../message/limits.ts';
import type { Connection } from './connection.ts';
import { type Connections, remoteOf } from './connections.ts';
import { bindServer, closeServer } from './stream-server.ts';
import { guardHandshakes, securePath } from './tls.ts';
import type { TlsKeys } from './tls-keys.ts';

export interface WsSideOptions {
  readonly connections: Connections;
  /** Needed for `wss` listeners. */
  readonly keys: TlsKeys | null;
  /** Web pages that may connect, as browsers name them (`https://phone.example.com`); `*`: any. */
  readonly origins: readonly string[];
}

type WsTransport = 'ws' | 'wss';

/** Bytes of the HTTP request that asks for the upgrade. */
const maxHead = 8192;
/** Frames of one message; phones and browsers send one. */
const maxFragments = 100;
/** A control frame of a client without its payload: two bytes and the mask. */
const controlHead = 6;

/** The WebSocket listeners, plain and over TLS (RFC 7118). */
export class WsSide {
  readonly #connections: Connections;
  readonly #keys: TlsKeys | null;
  #origins: ReadonlySet<string> = new Set();
  readonly #servers: (HttpServer | HttpsServer)[] = [];
  readonly #upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.message,
    maxFragments, // 1.2 MB were held for 16,000 of one byte (measured)
    handleProtocols: () => 'sip',
  });

  constructor(options: WsSideOptions) {
    this.#connections = options.connections;
    this.#keys = options.keys;
    this.welcome(options.origins);
  }

  /** The web pages that may connect from now on. */
  welcome(origins: readonly string[]): void {
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
  }

  /** Throws a Fault where the address cannot be had. */
  async listen(point: ListenPoint): Promise<ListenPoint> {
    const transport = point.transport === 'wss' ? 'wss' : 'ws';
    const server = this.#server(transport);
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgrade(request, socket, head, transport),
    );
    server.on('request', (_request, response) => {
      response.writeHead(426, { Upgrade: 'websocket', Connection: 'close', 'Content-Length': 0 }).end();
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      const remote = remoteOf(socket);
      if (remote !== null && error.code?.startsWith('HPE_')) {
        this.#connections.arrive(socket);
        this.#connections.events.onMisuse(remote, transport, 'no WebSocket upgrade', error.code);
      }
      socket.destroy();
    });
    const bound = await bindServer(server, point);
    this.#servers.push(server);
    return bound;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map(closeServer));
  }

  #server(transport: WsTransport): HttpServer | HttpsServer {
    const connections = this.#connections;
    if (transport === 'ws' || this.#keys === null) {
      const server = createHttp({ maxHeaderSize: maxHead });
      server.on('connection', (socket) => connections.admit(socket, 'ws', true));
      return server;
    }
    const server = createHttps({ ...this.#keys.serverOptions(), maxHeaderSize: maxHead });
    guardHandshakes(server, 'wss', connections);
    this.#keys.serve(server);
    return server;
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer, transport: WsTransport): void {
    this.#connections.arrive(socket);
    const path = this.#path(socket, transport);
    if (path === null) return;
    const refusal = this.#refusal(request);
    if (refusal !== null) {
      this.#connections.events.onMisuse(path.remote, transport, `WebSocket upgrade refused: ${refusal.what}`);
      socket.on('error', () => undefined);
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal.status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#upgrader.handleUpgrade(request, socket, head, (peer) => openFrames(peer, socket, path, this.#connections));
  }

  #path(socket: Socket, transport: WsTransport): Omit<Flow, 'connection'> | null {
    if (transport === 'wss' && this.#keys !== null) {
      return securePath(socket as TLSSocket, transport, this.#keys, this.#connections);
    }
    const remote = remoteOf(socket);
    if (remote === null || this.#connections.closing) {
      socket.destroy();
      return null;
    }
    return { transport, local: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 }, remote };
  }

  #refusal({ headers }: IncomingMessage): { readonly status: string; readonly what: string } | null {
    const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    // RFC 7118 4.1: both sides say `sip`
    if (!protocols.includes('sip')) return { status: '400 Bad Request', what: 'sub-protocol is not sip' };
    const { origin } = headers;
    // Every browser names the page it acts for, and a page may act against its user; other clients name none.
    if (origin === undefined || this.#origins.has('*') || this.#origins.has(origin.toLowerCase())) return null;
    return { status: '403 Forbidden', what: 'origin is not in sip.webSocketOrigins' };
  }
}

/** Makes a connection of a WebSocket: each frame is one message (RFC 7118 5). */
function openFrames(
  peer: WebSocket,
  socket: Socket,
  path: Omit<Flow, 'connection'>,
  connections: Connections,
): Connection {
  const connection = connections.open(path, {
    framed: true,
    get waiting() {
      return peer.bufferedAmount;
    },
    write: (wire) => {
      const bytes = Buffer.from(wire, 'latin1');
      peer.send(bytes, { binary: !isUtf8(bytes) });
    },
    end: () => peer.close(1000),
    destroy: () => peer.terminate(),
  });
  let whole = false;
  /** Bytes that belong to no whole message and no control frame; a control frame may stand between two fragments. */
  let open = 0;
  peer.on('message', (data: RawData) => {
    whole = true;
    const bytes = data as Buffer; // binaryType is left as `nodebuffer`
    if (!isKeepAlive(bytes)) connection.receive({ kind: 'message', bytes });
    else if (bytes.length < 4) connection.noise();
    else connection.receive({ kind: 'ping' }); // RFC 7118 6, RFC 5626 3.5.1
  });
  for (const control of ['ping', 'pong'] as const) {
    peer.on(control, (data: Buffer) => {
      open -= controlHead + data.length;
      if (connection.noise()) connection.checkReader(); // its answer has been written
    });
  }
  peer.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code?.startsWith('WS_ERR')) connection.refuse('WebSocket frame refused', error.code);
    else connection.close();
  });
  peer.on('close', () => connection.close());
  // After the frames of a piece have been told: bytes without the end of a frame are a message under way.
  socket.on('data', (chunk: Buffer) => {
    open = whole ? 0 : Math.max(open + chunk.length, 0);
    connection.settle(open > 0);
    whole = false;
  });
  return connection;
}

function isKeepAlive(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x0d || byte === 0x0a);
}
