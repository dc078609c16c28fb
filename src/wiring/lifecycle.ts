import type { Clock, Timer } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';

/**
 * `ready`: phones and admins are served, and again after each reload; `reloading`: the configuration is being exchanged, and
 * phones are served all the while; `stopping`: the last one.
 */
export type Moment = 'starting' | 'ready' | 'reloading' | 'stopping';

/** Somebody outside who wants to know: a service manager. */
export interface LifecycleObserver {
  moment(moment: Moment): void;
  /** The daemon is well: its event loop turns and its store answers. Silence means that it should be started again. */
  heartbeat(): void;
}

export interface LifecycleTools {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two heartbeats; milliseconds. A watchdog should wait for at least two. */
  readonly beatMs?: number;
}

const usualBeatMs = 5_000;

/** The moments of the daemon's life, for whoever watches over it. */
export class Lifecycle {
  readonly #tools: LifecycleTools;
  readonly #observers = new Set<LifecycleObserver>();
  #moment: Moment = 'starting';
  #beat: Timer | null = null;
  #probe: () => void = () => undefined;

  constructor(tools: LifecycleTools) {
    this.#tools = tools;
  }

  get moment(): Moment {
    return this.#moment;
  }

  /** Hears of the present moment at once. Answers how to stop. One that throws is logged and disturbs nobody. */
  observe(observer: LifecycleObserver): () => void {
    this.#observers.add(observer);
    this.#tell((one) => one.moment(this.#moment), [observer]);
    return () => this.#observers.delete(observer);
  }

  enter(moment: Moment): void {
    this.#moment = moment;
    this.#tell((observer) => observer.moment(moment));
  }

  /** From now on there are heartbeats. @param probe asks the store something small; throws where it does not answer. */
  watch(probe: () => void): void {
    this.#probe = probe;
    this.#beatLater();
  }

  stop(): void {
    this.#beat?.cancel();
    this.#beat = null;
    this.#probe = () => undefined;
  }

  /** A timer: it fires only where the event loop turns. */
  #beatLater(): void {
    const { clock, logger, beatMs = usualBeatMs } = this.#tools;
    this.#beat = clock.after(beatMs, () => {
      try {
        this.#probe();
        this.#tell((observer) => observer.heartbeat());
      } catch (error) {
        logger.error({ reason: String(error) }, 'the store does not answer: no heartbeat');
      }
      if (this.#beat !== null) this.#beatLater();
    });
  }

  #tell(say: (observer: LifecycleObserver) => void, observers: Iterable<LifecycleObserver> = this.#observers): void {
    for (const observer of [...observers]) {
      try {
        say(observer);
      } catch (error) {
        this.#tools.logger.error({ err: error }, 'an observer of the life-cycle failed');
      }
    }
  }
}
