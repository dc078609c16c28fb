import type { Clock, Timer } from '../../src/model/clock.ts';
import type { Logger } from '../../src/model/logger.ts';
import type { Resync } from '../resync.ts';
import type { Fact } from './facts.ts';
import type { FeatureWriter } from './features/writer.ts';
import { dayNightRows } from './lamp-events.ts';
import type { Picture } from './picture.ts';
import type { SnapshotReader } from './snapshot.ts';

/** A `Custom:` state may be told before the row it stands for is written. */
const secondLookMs = 300;

export interface RowWatchTools {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two readings. */
  readonly everyMs: number;
  readonly resync: Resync<Fact, Picture>;
  readonly reader: SnapshotReader;
  readonly writer: FeatureWriter;
  readonly feed: (fact: Fact) => void;
}

/** AstDB raises no event: its rows, features and day/night switches, are read at each hint and every few seconds. */
export class RowWatch {
  readonly #tools: RowWatchTools;
  #poll: Timer | null = null;
  #secondLook: Timer | null = null;
  #reading = false;
  #again = false;
  #stopped = false;

  constructor(tools: RowWatchTools) {
    this.#tools = tools;
  }

  stop(): void {
    this.#stopped = true;
    this.pause();
    this.#secondLook?.cancel();
  }

  /** The connection is gone. */
  pause(): void {
    this.#poll?.cancel();
  }

  /** The next reading, in its time. */
  plan(): void {
    this.pause();
    if (this.#stopped) return;
    this.#poll = this.#tools.clock.after(this.#tools.everyMs, () => this.#look());
  }

  /** Now, and once more in a moment. */
  lookTwice(): void {
    this.#secondLook?.cancel();
    this.#secondLook = this.#tools.clock.after(secondLookMs, () => this.#look());
    this.#look();
  }

  #look(): void {
    const { resync, reader, writer, logger, feed } = this.#tools;
    if (this.#stopped || resync.live === null) return;
    this.#again = this.#reading;
    if (this.#reading) return;
    this.#reading = true;
    const { writes } = writer;
    reader
      .poll(resync.live.users)
      .then(
        (rows) => {
          const { live } = resync;
          // A write of ours during the reading: who knows whether it was seen.
          if (live === null || writes !== writer.writes) return;
          for (const fact of dayNightRows(rows)) feed(fact);
          for (const user of live.users) for (const fact of reader.featureFacts(user, rows)) resync.feed(fact);
        },
        (error: unknown) => logger.debug({ error: String(error) }, 'features could not be read'),
      )
      .finally(() => {
        this.#reading = false;
        if (this.#again) this.#look();
        else this.plan();
      });
  }
}
