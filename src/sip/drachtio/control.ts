import type { Socket } from 'node:net';
import { parseMessage } from '../message/parse.ts';
import { ControlLane } from './lane.ts';
import { frameBytes, largest } from './sizes.ts';
import type { Srf, SrfHandler, SrfMessage, SrfRequest, SrfRequestOptions, SrfResponse, SrfWire } from './srf.ts';

export interface ControlEvents {
  /** The server let us in. `hostports`: where it listens for SIP, `udp/192.0.2.1:5060,…`. */
  readonly onUp: (hostports: string, version: string) => void;
  readonly onRequest: SrfHandler;
  /** A request that our parser refuses; it has been answered. */
  readonly onMalformed: (request: Malformed) => void;
  /** The server answered a message of ours: it is alive. */
  readonly onAlive: () => void;
  /** Once, and nothing after it. */
  readonly onDown: (reason: string) => void;
}

/** A request that nobody should read further. */
export interface Malformed extends Pick<SrfRequest, 'protocol' | 'source_address' | 'source_port'> {
  /** Foreign text; the empty string: unknown. */
  readonly method: string;
  readonly reason: string;
  /** The whole message. */
  readonly raw: string;
}

/** Why a control message had no effect. `no-dialog`: the server does not know the dialog (any more). */
export type ControlFailure = 'down' | 'too-large' | 'no-dialog' | 'refused';

export type Sent<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: ControlFailure; readonly detail: string };

/** What is known of a request of ours that the server has sent. */
export interface SentRequest {
  /** As it went out; null: the copy says none. */
  readonly cseq: number | null;
  /** The whole message, as it went out. */
  readonly raw: string;
  /** The final one; never, where the connection ends before it. */
  readonly response: Promise<SrfMessage>;
}

type State = 'connecting' | 'up' | 'over';

/**
 * One connection to the control port of drachtio-server, from its first byte to its last: a new one needs a new object.
 * (srf connects again by itself, but never stops to, and without a longest pause.) Nothing here throws or rejects.
 */
export class Control {
  readonly #srf: Srf;
  readonly #events: ControlEvents;
  readonly #lane = new ControlLane();
  /** What ends with the connection, whose answers come no more. */
  readonly #pending = new Set<() => void>();
  #wire: SrfWire | null = null;
  #socket: Socket | null = null;
  #state: State = 'connecting';

  constructor(srf: Srf, events: ControlEvents) {
    this.#srf = srf;
    this.#events = events;
  }

  open(host: string, port: number, secret: string): void {
    const srf = this.#srf;
    const { onRequest } = this.#events;
    srf.on('error', (error) => this.#down(textOf(error)));
    srf.on('close', () => this.#down('the server closed the connection'));
    srf.on('connect', (error, hostports, version) => {
      if (error) this.#down('the server refuses the secret');
      else if (this.#state === 'connecting') {
        this.#state = 'up';
        this.#events.onUp(hostports ?? '', version ?? '');
      }
    });
    // Other methods are not asked for: out of dialogs they belong to other programs of this server.
    for (const method of ['subscribe', 'publish', 'notify', 'options'] as const) srf[method](onRequest);
    srf.use(onRequest);
    try {
      srf.connect({ host, port, secret, reconnect: { maxAttempts: 1 } });
      this.#watch(srf.app.client?.wp ?? null);
    } catch (error) {
      queueMicrotask(() => this.#down(textOf(error)));
    }
  }

  get up(): boolean {
    return this.#state === 'up';
  }

  /** Messages whose answer has not come. */
  get waiting(): number {
    return this.#lane.size;
  }

  /** Asks for a sign of life. */
  ping(): void {
    const [wire, socket] = [this.#wire, this.#socket];
    if (this.#state === 'up' && wire !== null && socket !== null && !socket.destroyed) wire.send(socket, 'ping');
  }

  request(uri: string, options: SrfRequestOptions): Promise<Sent<SentRequest>> {
    const bytes = frameBytes(uri, options);
    return this.#send<SentRequest>(bytes, (done) => {
      this.#srf.request(uri, options, (error, request) => {
        if (error || request === undefined) done(refusal(error));
        else done({ ok: true, value: sentRequest(request) });
      });
    });
  }

  /** Resolves with the answer as it went out. */
  respond(
    response: SrfResponse,
    status: number,
    reason: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<Sent<SrfMessage>> {
    return this.#send<SrfMessage>(frameBytes(reason, { headers }), (done) => {
      response.send(status, reason, { headers }, (error, message) => {
        if (error || message === undefined) done(refusal(error));
        else done({ ok: true, value: message });
      });
    });
  }

  /** Ends it, whatever its state; `onDown` is told `reason`. */
  close(reason: string): void {
    this.#socket?.destroy();
    this.#down(reason);
  }

  #send<T>(bytes: number, act: (done: (sent: Sent<T>) => void) => void): Promise<Sent<T>> {
    if (bytes > largest) {
      const detail = `${bytes} bytes are more than drachtio-server can read`;
      return Promise.resolve({ ok: false, why: 'too-large', detail });
    }
    return new Promise((resolve) => {
      const once = (sent: Sent<T>) => {
        this.#pending.delete(broken);
        resolve(sent);
      };
      const broken = () => once(gone);
      if (this.#state !== 'up') {
        broken();
        return;
      }
      this.#pending.add(broken);
      this.#lane.send(bytes, async () => {
        if (this.#state !== 'up') return;
        await new Promise<void>((answered) => {
          // Its place in the lane is free with its answer, or with the end of the connection.
          const free = () => {
            this.#pending.delete(free);
            answered();
          };
          this.#pending.add(free);
          const done = (sent: Sent<T>) => {
            free();
            once(sent);
          };
          try {
            act(done);
          } catch (error) {
            // srf throws where its connection has just gone, and for a status that it does not know
            done({ ok: false, why: this.#state === 'up' ? 'refused' : 'down', detail: textOf(error) });
          }
        });
      });
    });
  }

  #watch(wire: SrfWire | null): void {
    this.#wire = wire;
    wire?.on('connect', (socket) => {
      this.#socket = socket;
      guard(socket, (reason) => this.close(reason));
      if (this.#state === 'over') socket.destroy();
    });
    const readers = wire?.listeners('msg') ?? [];
    wire?.removeAllListeners('msg');
    wire?.on('msg', (socket, text) => {
      if (text.startsWith('|response|', text.indexOf('|'))) this.#events.onAlive();
      if (this.#state === 'over' || this.#isRefused(socket, text)) return;
      for (const read of readers) read(socket, text);
    });
  }

  /**
   * What our parser refuses does not come to srf: that would write the whole of it to stderr, and never answer. True: it
   * was answered here. A response that is refused goes nowhere; its request ends as unanswered.
   */
  #isRefused(socket: Socket, text: string): boolean {
    const end = text.indexOf('\r\n');
    const [, kind, from, , protocol, address, port, , transaction = ''] = text.slice(0, Math.max(end, 0)).split('|');
    if (kind !== 'sip' || from !== 'network') return false;
    const parsed = parseMessage(Buffer.from(text.slice(end + 2), 'utf8'), 'datagram');
    if (parsed.kind !== 'refused') return false;
    const { method, status, reason } = parsed;
    if (method !== null && method !== 'ACK') {
      this.#wire?.send(socket, `sip|${transaction}|\r\nSIP/2.0 ${status} ${reason}\r\nContent-Length: 0\r\n\r\n`);
    }
    const source = { protocol: protocol ?? '', source_address: address ?? '', source_port: Number(port) };
    this.#events.onMalformed({ ...source, method: method ?? '', reason, raw: text.slice(end + 2) });
    return true;
  }

  #down(reason: string): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#socket?.destroy();
    for (const end of [...this.#pending]) end();
    this.#events.onDown(reason);
  }
}

const gone = { ok: false, why: 'down', detail: 'no connection to drachtio-server' } as const;

/** What srf throws while it reads (whatever listens there may be no drachtio-server) would otherwise end the process. */
function guard(socket: Socket, broken: (reason: string) => void): void {
  const readers = socket.listeners('data');
  socket.removeAllListeners('data');
  socket.on('data', (bytes: Buffer) => {
    try {
      for (const read of readers) read.call(socket, bytes);
    } catch (error) {
      broken(
        `what came is not drachtio's protocol: ${textOf(error)
          .slice(0, 80)
          .replace(/[^\x20-\x7e]+/g, '.')}`,
      );
    }
  });
}

function sentRequest(request: SrfRequest): SentRequest {
  const digits = /^\s*(\d{1,10})\s/.exec(request.get('cseq') ?? '')?.[1];
  return {
    cseq: digits === undefined ? null : Number(digits),
    raw: request.raw,
    // Listened to at once: the response may be in the same packet as the copy that brought us here.
    response: new Promise((resolve) => {
      request.on('response', (message) => {
        if ((message.status ?? 0) >= 200) resolve(message);
      });
    }),
  };
}

function refusal(error: unknown): Sent<never> {
  const lost = (error as { readonly code?: unknown } | null)?.code === 'ENODIALOG';
  return { ok: false, why: lost ? 'no-dialog' : 'refused', detail: textOf(error) };
}

/** Of errors, and of the bare strings that srf gives for some. */
function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error ?? 'no answer');
}
