import { parseHostPort } from '../config/listen-point.ts';
import type { Config } from '../config/schema.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Tap, TraceDesk, TracedSubscription } from '../model/trace.ts';
import { LocalAddresses } from '../sip/local-addresses.ts';
import { Homer } from '../trace/homer.ts';
import { Trace } from '../trace/trace.ts';
import type { Difference, Prepared, Stage } from './stages.ts';

/** What messages are understood by; not there before phones can come. */
export interface TraceKnowledge {
  readonly subscriptions: () => Iterable<TracedSubscription>;
  /** Whom a URI means; null: nobody of our domains. */
  readonly aorFor: (uri: string) => Aor | null;
}

type Hep = Config['trace']['hep'];

/** The trace and whoever is sent it. */
export class TraceSide implements Stage {
  readonly name = 'trace';
  readonly #trace: Trace | null;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #knowledge: TraceKnowledge = { subscriptions: () => [], aorFor: () => null };
  #stopHomer: () => void = () => undefined;

  constructor({ trace }: Pick<Config, 'trace'>, clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger.child('trace');
    const addresses = new LocalAddresses(clock);
    this.#trace =
      trace.keep === 0
        ? null
        : new Trace({
            clock,
            keep: trace.keep,
            subscriptions: () => this.#knowledge.subscriptions(),
            aorFor: (uri) => this.#knowledge.aorFor(uri),
            facing: (remote) => addresses.facing(remote),
          });
    this.#sendTo(trace.hep);
  }

  /** null: nothing is kept. */
  get tap(): Tap | null {
    return this.#trace?.recorder ?? null;
  }

  get desk(): TraceDesk | undefined {
    return this.#trace ?? undefined;
  }

  knows(knowledge: TraceKnowledge): void {
    this.#knowledge = knowledge;
  }

  ended(subscription: TracedSubscription): void {
    this.#trace?.links.ended(subscription);
  }

  prepare({ after, touches }: Difference): Prepared | null {
    return touches('trace.hep') ? { commit: () => this.#sendTo(after.config.trace.hep) } : null;
  }

  stop(): void {
    this.#stopHomer();
    this.#trace?.stop();
  }

  /** From now on to this collector, instead of another; undefined: to none. */
  #sendTo(hep: Hep): void {
    this.#stopHomer();
    this.#stopHomer = () => undefined;
    const trace = this.#trace;
    if (hep === undefined || trace === null) return;
    const { address: host, port } = parseHostPort(hep.to);
    const { captureId, password = null } = hep;
    const homer = new Homer({ host, port, captureId, password, clock: this.#clock, logger: this.#logger });
    homer.start();
    const unfollow = trace.forward(homer);
    this.#stopHomer = () => {
      unfollow();
      homer.stop();
    };
  }
}
