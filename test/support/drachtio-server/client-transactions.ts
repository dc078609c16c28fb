import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../../src/model/clock.ts';
import type { Path, SipConnection, SipSockets } from './sip-sockets.ts';
import { first, hostPort, type SipText, writeSip } from './sip-text.ts';

/** sofia's `outgoing_send`: 'race condition on initial t1 timer': never less than a second. */
const firstRetry = 1000;
const t2 = 4000;
const timeout = 32_000;
/** NTATAG_UDP_MTU. */
const udpRoom = 1300;

/** A request but for its Via. */
export interface Outgoing {
  readonly method: string;
  readonly uri: string;
  readonly lines: readonly string[];
  readonly body: string;
}

/** Where it goes. `gone`: over a connection that is closed, and nobody has noticed yet. */
export type Way =
  | { readonly kind: 'connection'; readonly connection: SipConnection }
  | { readonly kind: 'udp' | 'tcp'; readonly address: string; readonly port: number };

export interface Sent {
  /** As it went out. */
  readonly wire: string;
  readonly path: Path;
}

/** A response as it came; `path` is null where sofia made it up itself: 408, 410, 503. */
export type OnResponse = (text: string, path: Path | null) => void;

interface Transaction {
  readonly method: string;
  readonly onResponse: OnResponse;
  readonly wire: string;
  retry: Timer | null;
  timeout: Timer | null;
  resend: () => void;
}

/** Requests of the server and their responses: sofia's nta_outgoing. */
export class ClientTransactions {
  readonly #clock: Clock;
  readonly #sockets: SipSockets;
  readonly #byBranch = new Map<string, Transaction>();

  constructor(clock: Clock, sockets: SipSockets) {
    this.#clock = clock;
    this.#sockets = sockets;
  }

  /** null: no socket for that transport and family. */
  send(request: Outgoing, way: Way, onResponse: OnResponse): Sent | null {
    if (way.kind === 'connection') return this.#begin(request, way.connection.path, onResponse);
    const local = this.#sockets.local(way.kind, way.address);
    if (local === null) return null;
    const remote = { address: way.address, port: way.port };
    const path: Path = { transport: way.kind, local, remote, connection: null };
    if (way.kind === 'udp' && this.#write(request, path, 'z9hG4bKnone').length > udpRoom) {
      // RFC 3261 18.1.1: by TCP, and by UDP after all where that is refused
      const tcp = this.#sockets.local('tcp', way.address);
      if (tcp !== null) {
        const large: Path = { transport: 'tcp', local: tcp, remote, connection: null };
        return this.#begin(request, large, onResponse, () => this.#begin(request, path, onResponse));
      }
    }
    return this.#begin(request, path, onResponse);
  }

  /** False: it belongs to nothing. */
  receive(message: SipText, text: string, path: Path): boolean {
    const branch = /;\s*branch\s*=\s*([^;,\s]+)/i.exec(first(message, 'via'))?.[1] ?? '';
    const transaction = this.#byBranch.get(branch);
    if (transaction === undefined || !first(message, 'cseq').endsWith(` ${transaction.method}`)) return false;
    const final = !message.startLine.startsWith('SIP/2.0 1');
    if (final) this.#end(branch);
    else if (transaction.retry !== null) this.#retryAfter(transaction, t2, t2);
    if (final || !message.startLine.startsWith('SIP/2.0 100')) transaction.onResponse(text, path);
    return true;
  }

  /** Nothing of it is heard of again. */
  clear(): void {
    for (const branch of [...this.#byBranch.keys()]) this.#end(branch);
  }

  #begin(request: Outgoing, path: Path, onResponse: OnResponse, onRefused?: () => void): Sent {
    const branch = `z9hG4bK${randomBytes(9).toString('hex')}`;
    const wire = this.#write(request, path, branch);
    const transaction: Transaction = {
      method: request.method,
      onResponse,
      wire,
      retry: null,
      timeout: null,
      resend: () => undefined,
    };
    this.#byBranch.set(branch, transaction);
    transaction.timeout = this.#clock.after(timeout, () => this.#fail(branch, 408, 'Request Timeout'));
    if (path.transport === 'udp') {
      transaction.resend = () =>
        this.#sockets.sendUdp(path, wire, () => this.#fail(branch, 503, 'Service Unavailable'));
      transaction.resend();
      this.#retryAfter(transaction, firstRetry, 2 * firstRetry);
    } else if (path.connection === null) {
      void this.#overTcp(branch, wire, path, onRefused);
    } else if (path.connection.closed) {
      setImmediate(() => this.#fail(branch, 410, 'Gone')); // sofia: EPIPE of a transport that was forced
    } else path.connection.send(wire);
    return { wire, path };
  }

  async #overTcp(branch: string, wire: string, path: Path, onRefused?: () => void): Promise<void> {
    const connection = await this.#sockets.connection(path.remote);
    if (!this.#byBranch.has(branch)) return;
    if (connection !== null) connection.send(wire);
    else if (onRefused === undefined) this.#fail(branch, 503, 'Service Unavailable');
    else {
      this.#end(branch);
      onRefused();
    }
  }

  #retryAfter(transaction: Transaction, ms: number, next: number): void {
    transaction.retry?.cancel();
    transaction.retry = this.#clock.after(ms, () => {
      transaction.resend();
      this.#retryAfter(transaction, Math.min(next, t2), 2 * next);
    });
  }

  #fail(branch: string, status: number, reason: string): void {
    const transaction = this.#byBranch.get(branch);
    if (transaction === undefined) return;
    this.#end(branch);
    const lines = transaction.wire.split('\r\n\r\n', 1)[0]?.split('\r\n') ?? [];
    const echoed = lines.filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/.test(line));
    transaction.onResponse(writeSip(`SIP/2.0 ${status} ${reason}`, echoed, ''), null);
  }

  #end(branch: string): void {
    const transaction = this.#byBranch.get(branch);
    transaction?.retry?.cancel();
    transaction?.timeout?.cancel();
    this.#byBranch.delete(branch);
  }

  #write({ method, uri, lines, body }: Outgoing, path: Path, branch: string): string {
    const via = `Via: SIP/2.0/${path.transport.toUpperCase()} ${hostPort(path.local)};rport;branch=${branch}`;
    return writeSip(`${method} ${uri} SIP/2.0`, [via, ...lines], body);
  }
}
