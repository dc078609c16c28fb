import { type Clock, sleep, within } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import type { Meters } from '../../model/meters.ts';
import type { Random } from '../../model/random.ts';
import type { Tap } from '../../model/trace.ts';
import type { DialogId } from '../dialog.ts';
import { Complaints } from '../embedded/complaints.ts';
import { defaultPerSource, type PerSource, SourceLimits } from '../embedded/source-limits.ts';
import type {
  AddressedRequest,
  EngineCapabilities,
  FinalResponse,
  Flow,
  ListenPoint,
  ServerTransaction,
  SipEngine,
} from '../engine.ts';
import type { SecurityReports } from '../security-log.ts';
import { HeldDialogs } from './dialogs.ts';
import { Incoming } from './incoming.ts';
import { Link } from './link.ts';
import { Outgoing } from './outgoing.ts';
import { readHostports } from './places.ts';
import { largestMessage } from './sizes.ts';
import { newSrf } from './srf.ts';

export interface DrachtioEngineOptions {
  /** The control port of drachtio-server, and its secret. */
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** For Server and User-Agent; the empty string leaves them out. */
  readonly serverName: string;
  /** Hears of malformed messages and floods; default: the ordinary log. */
  readonly security?: SecurityReports;
  /** What one source may ask; default: see `source-limits.ts`. */
  readonly perSource?: PerSource;
  /** Sources that may ask as much as they like; default: none. */
  readonly exempt?: (address: string) => boolean;
  /** Milliseconds between two looks whether the server is alive; default 5,000. */
  readonly pingMs?: number;
  /** How long `stop` waits at most for what is under way, ms; default: not at all. */
  readonly drainMs?: number;
  /** Hears of the messages that the server shows us; default: nobody does. */
  readonly tap?: Tap | null;
  /** Where it counts; default: it does not. */
  readonly meters?: Meters;
}

/** How long `start` waits for the server: phones hear nothing without it, the rest of Lamplighter does its work. */
const patienceMs = 3_000;
/** How often `stop` looks whether all is done; ms. */
const drainStepMs = 10;
/** RFC 3261 18.1.1. */
const udpRoom = 1300;

/**
 * SIP by drachtio-server, over its control connection: its sockets, its transactions, its retransmissions. Dialogs are
 * ours: of its own it keeps one for each of them, which is used as long as it is right and then ended (docs/deploy/drachtio.md).
 */
export class DrachtioEngine implements SipEngine {
  readonly capabilities: EngineCapabilities = {
    maxMessage: largestMessage,
    ownsCseq: false,
    inlineProxy: false,
    watches: false,
  };
  readonly #options: DrachtioEngineOptions;
  readonly #dialogs = new HeldDialogs();
  readonly #limits: SourceLimits;
  readonly #link: Link;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  #onRequest: (transaction: ServerTransaction) => void = () => undefined;
  #points: readonly ListenPoint[] = [];
  #firstUp: () => void = () => undefined;

  constructor(options: DrachtioEngineOptions) {
    this.#options = options;
    const { clock, host, port, secret, serverName, pingMs } = options;
    const logger = options.logger.child('drachtio');
    const dialogs = this.#dialogs;
    const { tap = null } = options;
    const complaints = new Complaints(clock, logger, options.security ?? null);
    const { perSource = defaultPerSource, exempt = () => false, meters } = options;
    this.#limits = new SourceLimits(clock, perSource, exempt, meters?.limited);
    this.#outgoing = new Outgoing({ clock, logger, serverName, dialogs, tap, control: () => this.#link.control });
    this.#incoming = new Incoming({
      logger,
      complaints,
      limits: this.#limits,
      serverName,
      dialogs,
      random: options.random,
      tap,
      counts: meters?.answers,
      onRequest: (transaction) => this.#onRequest(transaction),
    });
    this.#link = new Link(
      { host, port, secret, clock, logger, makeSrf: newSrf, ...(pingMs === undefined ? {} : { pingMs }) },
      {
        onUp: (hostports) => {
          this.#points = readHostports(hostports);
          this.#firstUp();
        },
        onDown: () => this.#outgoing.breakAll(),
        onMalformed: (request) => this.#incoming.malformed(request),
        onRequest: (control, request, response) => this.#incoming.take(control, request, response, this.#points),
      },
    );
  }

  /** Where the server listens, if it lets us in by now; otherwise it is tried on, and nothing is told. */
  async start(onRequest: (transaction: ServerTransaction) => void): Promise<readonly ListenPoint[]> {
    this.#onRequest = onRequest;
    const up = new Promise<void>((resolve) => {
      this.#firstUp = resolve;
    });
    this.#link.start();
    await within(this.#options.clock, patienceMs, up, () => undefined);
    return this.#points;
  }

  async stop(): Promise<void> {
    await this.#drain();
    this.#link.stop();
    this.#outgoing.breakAll();
  }

  /** Answers that were given leave, and what was told may still be answered. */
  async #drain(): Promise<void> {
    const { clock, drainMs = 0 } = this.#options;
    const until = clock.now() + drainMs;
    const isBusy = () => (this.#link.control?.waiting ?? 0) + this.#outgoing.size > 0;
    while (isBusy() && clock.now() < until) await sleep(clock, drainStepMs);
  }

  /** Another limit, from the next message on. */
  adjust(perSource: PerSource): void {
    this.#limits.exchange(perSource);
  }

  /** Why no phone is heard now; null: they are. */
  get trouble(): string | null {
    return this.#link.trouble;
  }

  request(request: AddressedRequest): Promise<FinalResponse> {
    return this.#outgoing.send(request);
  }

  forget(dialog: DialogId): void {
    this.#outgoing.forget(dialog);
  }

  roomBytes(flow: Flow): number {
    return flow.transport === 'udp' ? udpRoom : Number.POSITIVE_INFINITY;
  }

  /** The server follows a phone to its new connection, and finds or makes one where it may. */
  outlasts(): boolean {
    return true;
  }
}
