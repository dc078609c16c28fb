import type { Clock, Timer } from '../../src/model/clock.ts';
import type { Logger } from '../../src/model/logger.ts';
import type { Resync } from '../resync.ts';
import type { DetailAsker } from './details.ts';
import type { Reading } from './events.ts';
import type { Fact } from './facts.ts';
import { isQueueState } from './lamp-events.ts';
import type { LampReader } from './lamp-reader.ts';
import { mostLamps } from './lamps.ts';
import type { Picture } from './picture.ts';

/** What a device state said of a queue is asked for a moment later, once for all of that moment. */
const queueLookMs = 200;
/** Between two tellings of lamps that are new: who invents a name for each conference must not keep everybody busy. */
const relistMs = 2_000;

const mayWrapUp: ReadonlySet<Fact['fact']> = new Set(['member', 'serving', 'queues', 'tick']);

export interface LampKeeperTools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly resync: Resync<Fact, Picture>;
  readonly asker: DetailAsker;
  /** null: the PBX is connected without AMI. */
  readonly lamps: LampReader | null;
  readonly feed: (fact: Fact) => void;
}

/** What lamps and agents need beside events: whom a lamp may show, that a lamp is new, queues without events, time. */
export class LampKeeper {
  readonly #tools: LampKeeperTools;
  #relist: Timer | null = null;
  #queueLook: Timer | null = null;
  #wrapUp: Timer | null = null;
  /** The account hears the events of queues: it has the right `agent`. */
  #hearsQueues = false;
  /** That there are too many lamps was said, once. */
  #saidFull = false;

  constructor(tools: LampKeeperTools) {
    this.#tools = tools;
  }

  /** The connection is gone, or the adapter stops. */
  forget(): void {
    for (const timer of [this.#relist, this.#queueLook, this.#wrapUp]) timer?.cancel();
    this.#relist = null;
    this.#queueLook = null;
    this.#hearsQueues = false;
  }

  /** A fresh picture. */
  adopted(live: Picture): void {
    this.#tools.asker.callers(live.unaskedCallers);
    this.#planWrapUp(live);
  }

  /** A native event, whatever facts are in it. */
  take({ deviceState, queue }: Reading): void {
    if (queue === true) this.#hearsQueues = true;
    if (deviceState !== undefined && isQueueState(deviceState)) this.#lookAtQueues();
  }

  /** To be called after a fact was applied. */
  after(fact: Fact, live: Picture): void {
    if (fact.fact === 'lamp' && fact.caller !== null) this.#tools.asker.callers([fact.caller]);
    if (fact.fact === 'queues') this.#tools.asker.callers(live.unaskedCallers);
    if (mayWrapUp.has(fact.fact)) this.#planWrapUp(live);
    if (live.unlisted && this.#relist === null) this.#tellNew();
    if (fact.fact === 'lamp' && live.lampsAreFull) this.#sayFull();
  }

  #sayFull(): void {
    if (this.#saidFull) return;
    this.#saidFull = true;
    const fix = 'does the dialplan name a state or a room anew for each call?';
    this.#tools.logger.warn({ lamps: mostLamps }, `there are so many lamps that no other will be lit: ${fix}`);
  }

  #tellNew(): void {
    const { clock, resync } = this.#tools;
    resync.relist();
    this.#relist = clock.after(relistMs, () => {
      this.#relist = null;
      if (resync.live?.unlisted) this.#tellNew();
    });
  }

  /** Queues raise events of the class `agent`; where the account has no right to it, their device states are hints. */
  #lookAtQueues(): void {
    const { clock, resync, lamps, logger, feed } = this.#tools;
    if (lamps === null || this.#hearsQueues || this.#queueLook !== null) return;
    this.#queueLook = clock.after(queueLookMs, () => {
      this.#queueLook = null;
      if (this.#hearsQueues || resync.live === null) return;
      lamps.queues().then(
        (facts) => {
          for (const fact of facts ?? []) feed(fact);
        },
        (error: unknown) => logger.debug({ error: String(error) }, 'queues could not be read'),
      );
    });
  }

  /** The end of a wrap-up is no event. */
  #planWrapUp(live: Picture): void {
    const { clock, feed } = this.#tools;
    this.#wrapUp?.cancel();
    const end = live.agents.nextEnd;
    if (end !== null) this.#wrapUp = clock.after(Math.max(end - clock.now(), 0) + 10, () => feed({ fact: 'tick' }));
  }
}
