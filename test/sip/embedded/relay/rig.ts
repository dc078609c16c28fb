import { systemRandom } from '../../../../src/model/random.ts';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../../../src/sip/embedded/engine.ts';
import type { Flow, HeaderEdits, ListenPoint, Relay, RelayWay, ServerTransaction } from '../../../../src/sip/engine.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/silent-logger.ts';
import { answerTo, headerOf, headersOf, statusOf, TcpListener, UdpPeer, until } from '../raw-peer.ts';

/** A proxying engine between a phone and two PBXs, all raw sockets on loopback, on a clock that a test moves. */
export class RelayRig {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly engine: EmbeddedEngine;
  readonly seen: ServerTransaction[] = [];
  /** Replaces what the handler does. */
  handle: (transaction: ServerTransaction) => void;
  phone!: UdpPeer;
  pbx!: UdpPeer;
  spare!: UdpPeer;
  at!: ListenPoint;
  tcp!: ListenPoint;
  edits: HeaderEdits = new Map();
  readonly #cleanups: (() => unknown)[] = [];

  constructor(more: Partial<EmbeddedEngineOptions> = {}) {
    this.engine = new EmbeddedEngine({
      listen: [
        { transport: 'udp', address: '127.0.0.1', port: 0 },
        { transport: 'tcp', address: '127.0.0.1', port: 0 },
      ],
      clock: this.clock,
      random: systemRandom,
      logger: this.logger,
      serverName: '',
      proxy: true,
      ...more,
    });
    this.handle = (transaction) => transaction.forward?.(this.plan(transaction, [this.pbx]));
  }

  async start(): Promise<this> {
    const points = await this.engine.start((transaction) => {
      this.seen.push(transaction);
      this.handle(transaction);
    });
    this.at = points.find(({ transport }) => transport === 'udp')!;
    this.tcp = points.find(({ transport }) => transport === 'tcp')!;
    [this.phone, this.pbx, this.spare] = [await UdpPeer.open(), await UdpPeer.open(), await UdpPeer.open()];
    return this;
  }

  async stop(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0)) await cleanup();
    await this.engine.stop();
    await Promise.all([this.phone, this.pbx, this.spare].map((peer) => peer.close()));
  }

  plan({ request }: ServerTransaction, to: readonly UdpPeer[], more: Partial<Relay> = {}): Relay {
    return { ways: to.map((peer) => this.way(this.flowTo(peer), request.uri)), ...more };
  }

  way(flow: Flow | null, uri: string): RelayWay {
    return { path: () => flow, edit: () => ({ uri, headers: this.edits }) };
  }

  flowTo(peer: UdpPeer): Flow {
    return peer.flowTo(this.at);
  }

  async tcpPbx(): Promise<TcpListener> {
    const listener = await TcpListener.open({ address: '127.0.0.1', port: 0 });
    this.#cleanups.push(() => listener.close());
    return listener;
  }

  /** What the PBX gets for it. */
  async through(message: Buffer, from = this.phone, to = this.pbx): Promise<string> {
    const count = to.inbox.messages.length + 1;
    from.send(message, this.at);
    return to.inbox.nth(count);
  }

  /** The PBX's answer as the phone gets it. */
  async back(request: string, status: number, extra = '', from = this.pbx): Promise<string> {
    const count = this.phone.inbox.messages.length + 1;
    from.send(tagged(answerTo(request, status, extra), status), this.at);
    return this.phone.inbox.nth(count);
  }

  /** Moves the clock while letting datagrams in between. */
  async pass(ms: number): Promise<void> {
    await this.clock.run(ms, 100);
    await settle();
  }

  statuses(): number[] {
    return this.phone.inbox.messages.map(statusOf);
  }

  methods(peer = this.pbx): string[] {
    return peer.inbox.messages.map((message) => message.split(' ', 1)[0] ?? '');
  }

  /** Until the peer has so many of these. */
  got(peer: UdpPeer, method: string, count = 1): Promise<void> {
    return until(() => this.methods(peer).filter((one) => one === method).length >= count, `${count} ${method}`);
  }
}

/** With a tag of the far end, as a UAS puts it into all answers but 100. */
export function tagged(answer: string, status: number, tag = 'far'): string {
  const to = headerOf(answer, 'To') ?? '';
  return status === 100 || to.includes('tag=') ? answer : answer.replace(`To: ${to}`, `To: ${to};tag=${tag}`);
}

/** A request of any method in its usual form. */
export function requestOf(
  method: string,
  branch: string,
  changes: Readonly<Record<string, string | readonly string[]>> = {},
  body = '',
): Buffer {
  const headers: Record<string, string | readonly string[]> = {
    Via: `SIP/2.0/UDP 192.168.1.9:5062;rport;branch=z9hG4bK${branch}`,
    'Max-Forwards': '70',
    From: '"Alice" <sip:1001@pbx.test>;tag=alice',
    To: '<sip:1002@pbx.test>',
    'Call-ID': `call-${branch}`,
    CSeq: `1 ${method}`,
    Contact: '<sip:1001@192.168.1.9:5062>',
    ...(body === '' ? {} : { 'Content-Type': 'application/sdp' }),
    'Content-Length': String(Buffer.byteLength(body, 'latin1')),
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}\r\n`));
  return Buffer.from(`${method} sip:1002@pbx.test SIP/2.0\r\n${lines.join('')}\r\n${body}`, 'latin1');
}

/** The first hop's branch. */
export function branchOf(message: string): string {
  return /branch=([^;,\s]+)/.exec(headersOf(message, 'Via')[0] ?? '')?.[1] ?? '';
}
