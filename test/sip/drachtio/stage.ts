import { type Clock, systemClock } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { DrachtioEngine, type DrachtioEngineOptions } from '../../../src/sip/drachtio/engine.ts';
import type { Endpoint, Flow, ListenPoint, ServerTransaction, SipAnswer } from '../../../src/sip/engine.ts';
import { DrachtioServer } from '../../support/drachtio-server/drachtio-server.ts';
import { type LogLine, RecordingLogger } from '../../support/silent-logger.ts';
import { UdpPeer, until } from '../embedded/raw-peer.ts';

export interface StageOptions {
  /** Of the engine. */
  readonly clock?: Clock;
  /** Of the server's SIP. */
  readonly serverClock?: Clock;
  readonly engine?: Partial<DrachtioEngineOptions>;
}

/** A server, an engine that is connected to it, and one phone by UDP; `close` ends them all. */
export class EngineStage {
  readonly server: DrachtioServer;
  readonly log = new RecordingLogger();
  readonly seen: ServerTransaction[] = [];
  engine!: DrachtioEngine;
  phone!: UdpPeer;
  sip!: Endpoint;
  points: readonly ListenPoint[] = [];
  /** What every request is answered. */
  answer: SipAnswer = {
    status: 200,
    toTag: 'ours',
    headers: [
      ['Contact', '<sip:lamplighter@127.0.0.1>'],
      ['Expires', '600'],
    ],
  };
  readonly #peers: UdpPeer[] = [];
  #make!: () => DrachtioEngine;

  private constructor(clock: Clock | undefined) {
    this.server = new DrachtioServer(clock === undefined ? {} : { clock });
  }

  static async open({ clock = systemClock, serverClock, engine }: StageOptions = {}): Promise<EngineStage> {
    const stage = new EngineStage(serverClock);
    const { control, sip } = await stage.server.start();
    stage.sip = sip[0] as ListenPoint;
    stage.#make = () =>
      new DrachtioEngine({
        ...control,
        secret: stage.server.secret,
        clock,
        random: systemRandom,
        logger: stage.log,
        serverName: 'Lamplighter/test',
        ...engine,
      });
    await stage.start();
    stage.phone = await stage.peer();
    return stage;
  }

  /** A new engine, as of a new process. */
  async start(): Promise<void> {
    await this.engine?.stop();
    this.engine = this.#make();
    this.points = await this.engine.start((transaction) => {
      this.seen.push(transaction);
      transaction.respond(this.answer);
    });
  }

  async peer(): Promise<UdpPeer> {
    const peer = await UdpPeer.open();
    this.#peers.push(peer);
    return peer;
  }

  /** Sends, and gives the next message that comes back. */
  async ask(message: Buffer, peer = this.phone): Promise<string> {
    const count = peer.inbox.messages.length + 1;
    peer.send(message, this.sip);
    return peer.inbox.nth(count);
  }

  flow(peer = this.phone): Flow {
    return peer.flowTo({ transport: 'udp', ...this.sip });
  }

  async reconnected(): Promise<void> {
    await until(() => this.engine.trouble === null, 'a connection');
  }

  async close(): Promise<void> {
    await this.engine.stop();
    for (const peer of this.#peers) await peer.close();
    await this.server.stop();
  }
}

/** What the log said at this level: text and fields of each line. */
export function said(log: RecordingLogger, wanted: LogLine['level']): string[] {
  return log.lines.flatMap(({ level, message, fields }) =>
    level === wanted ? [`${message} ${JSON.stringify(fields)}`] : [],
  );
}
