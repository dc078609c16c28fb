import { differenceOf } from '../config/difference.ts';
import { effective } from '../config/effective.ts';
import type { Loaded, LoadResult } from '../config/load.ts';
import { type ConfigProblem, describe } from '../config/problems.ts';
import { locateJudged } from '../config/source.ts';
import { Fault } from '../model/errors.ts';
import type { Logger } from '../model/logger.ts';
import type { ConfigDesk, ConfigView } from '../ops/deps.ts';
import type { Current } from './current.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Difference, Prepared, Stage } from './stages.ts';

/** What became of a reload. */
export type Reloaded =
  | {
      readonly ok: true;
      /** Settings that are different now. */
      readonly applied: readonly string[];
      /** Settings that differ from what is at work, and wait. */
      readonly requiresRestart: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Who wants it, for the log: a signal, or a client of the API. */
export interface ReloadOrigin {
  readonly who: string;
  readonly from: string | null;
}

export interface ReloaderTools {
  /** What the daemon was started with. */
  readonly loaded: Loaded;
  /** Reads files, environment and secrets again. May throw a Fault. */
  readonly read: () => LoadResult;
  readonly current: Current;
  /** In the order in which they are put in place. */
  readonly stages: readonly Stage[];
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
}

/**
 * Exchanges the configuration while all goes on. What is new is made first, all of it; only when everything could be made is
 * it put in place. One reload after the other; of those that wait for one under way a single one is left to do.
 */
export class Reloader implements ConfigDesk {
  readonly #tools: ReloaderTools;
  #loaded: Loaded;
  #pending: readonly string[] = [];
  #running: Promise<Reloaded> | null = null;
  #waiting: Promise<Reloaded> | null = null;
  #stopped = false;

  constructor(tools: ReloaderTools) {
    this.#tools = tools;
    this.#loaded = tools.loaded;
  }

  /** Settings that wait for a restart. */
  get pendingRestart(): readonly string[] {
    return this.#pending;
  }

  /** The configuration at work, without secrets; what waits has the origin of what it waits for. */
  view(): ConfigView {
    const { files, source } = this.#loaded;
    return { files, ...effective(this.#tools.current.config, source), pendingRestart: this.#pending };
  }

  /** Never rejects. A wrong configuration changes nothing, and is logged with each place where it is wrong. */
  reload(origin: ReloadOrigin): Promise<Reloaded> {
    if (this.#running === null) return this.#begin(origin);
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = null;
      return this.#begin(origin);
    });
    return this.#waiting;
  }

  /** Begins no other; resolves when none is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  #begin(origin: ReloadOrigin): Promise<Reloaded> {
    const running = this.#reload(origin).finally(() => {
      this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #reload(origin: ReloadOrigin): Promise<Reloaded> {
    const { current, lifecycle, logger, read } = this.#tools;
    const { file } = this.#loaded;
    if (this.#stopped) return refusal('the daemon is stopping');
    lifecycle.enter('reloading');
    try {
      const result = read();
      if (!result.ok) return this.#refuse(origin, result.problems);
      const difference = differenceOf(current.config, result.config);
      await this.#exchange(difference.config, difference.live, result);
      for (const step of result.migrated)
        logger.info({ step }, 'configuration of an older version, migrated in memory');
      this.#loaded = result;
      this.#pending = difference.restart;
      const { live: applied, restart: requiresRestart } = difference;
      logger.info({ ...origin, file, applied, requiresRestart }, 'configuration read again');
      if (requiresRestart.length > 0) logger.warn({ requiresRestart }, 'these settings wait for a restart');
      return { ok: true, applied, requiresRestart };
    } catch (error) {
      const fault = error instanceof Fault ? error : new Fault('internal', String(error), error);
      if (fault.code === 'internal') logger.error({ err: error }, 'the reload failed');
      return this.#refuse(origin, [problemOf(fault, this.#loaded)]);
    } finally {
      if (!this.#stopped) lifecycle.enter('ready');
    }
  }

  /** All or nothing, as far as it can be known before. */
  async #exchange(config: Loaded['config'], live: readonly string[], { source }: Loaded): Promise<void> {
    const { current, stages, logger } = this.#tools;
    const difference: Difference = {
      before: current.now,
      after: current.prepare(config),
      source,
      touches: (...paths) => live.some((one) => paths.some((path) => isWithin(one, path) || isWithin(path, one))),
    };
    const ready: { readonly stage: Stage; readonly prepared: Prepared }[] = [];
    try {
      for (const stage of stages) {
        const prepared = await stage.prepare(difference);
        if (prepared !== null) ready.push({ stage, prepared });
      }
    } catch (error) {
      await Promise.all(ready.map(({ prepared }) => prepared.abandon?.()));
      throw error;
    }
    for (const { stage, prepared } of ready) {
      try {
        await prepared.commit();
      } catch (error) {
        logger.error({ err: error, stage: stage.name }, 'a part of the new configuration is not in place: restart');
      }
    }
  }

  #refuse(origin: ReloadOrigin, problems: readonly ConfigProblem[]): Reloaded {
    const { file } = this.#loaded;
    const lines = describe(problems, file).split('\n');
    this.#tools.logger.error({ ...origin, problems: lines }, 'the configuration is wrong: the old one stays in use');
    return { ok: false, problems };
  }
}

/** `config-unreadable` begins with the file, which has its own place in a problem. */
function problemOf({ code, message }: Fault, { source, file }: Loaded): ConfigProblem {
  const prefix = `${file}: `;
  if (code !== 'config-unreadable' || !message.startsWith(prefix)) return locateJudged(source, message);
  return { ...nowhere, file, message: message.slice(prefix.length) };
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}.`);
}

const nowhere = { path: '', file: null, line: null, variable: null, nearest: null };

function refusal(message: string): Reloaded {
  return { ok: false, problems: [{ ...nowhere, message }] };
}
