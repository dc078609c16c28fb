import { systemRandom } from '../../../src/model/random.ts';
import { EmbeddedEngine } from '../../../src/sip/embedded/engine.ts';
import type { StreamOptions } from '../../../src/sip/embedded/transports.ts';
import type { ListenPoint, ServerTransaction, Transport } from '../../../src/sip/engine.ts';
import { testTls } from '../../support/certificate.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';

/** An engine on loopback whose transactions are answered 200, with its clock, its log and where it listens. */
export class StreamStage {
  readonly clock: FakeClock;
  readonly logger = new RecordingLogger();
  readonly seen: ServerTransaction[] = [];
  readonly engine: EmbeddedEngine;
  points: readonly ListenPoint[] = [];
  readonly #later: (() => unknown)[] = [];

  private constructor(clock: FakeClock, engine: (logger: RecordingLogger) => EmbeddedEngine) {
    this.clock = clock;
    this.engine = engine(this.logger);
  }

  static async open(
    transports: readonly Transport[],
    streams: StreamOptions = {},
    address = '127.0.0.1',
    clock = new FakeClock(),
  ): Promise<StreamStage> {
    const listen = transports.map((transport) => ({ transport, address, port: 0 }));
    const stage = new StreamStage(
      clock,
      (logger) =>
        new EmbeddedEngine({
          listen,
          clock,
          random: systemRandom,
          logger,
          serverName: '',
          streams: { tls: testTls, ...streams },
        }),
    );
    stage.points = await stage.engine.start((transaction) => {
      stage.seen.push(transaction);
      transaction.respond({ status: 200 });
    });
    stage.#later.push(() => stage.engine.stop());
    return stage;
  }

  at(transport: Transport): ListenPoint {
    const point = this.points.find((one) => one.transport === transport);
    if (point === undefined) throw new Error(`no ${transport} listener`);
    return point;
  }

  /** Closed with the stage, first of all. */
  keep<T extends { close(): unknown }>(one: T): T {
    this.#later.push(() => one.close());
    return one;
  }

  said(pattern: RegExp): number {
    const text = ({ fields, message }: { fields: object; message: string }) => `${message} ${JSON.stringify(fields)}`;
    return this.logger.lines.filter((line) => pattern.test(text(line))).length;
  }

  async close(): Promise<void> {
    for (const close of this.#later.splice(0).reverse()) await close();
  }
}
