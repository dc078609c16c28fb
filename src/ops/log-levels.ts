import type { Clock, Timer } from '../model/clock.ts';
import type { LevelSwitch, LogLevel } from '../model/logger.ts';

export interface LogLevelView {
  readonly level: LogLevel;
  /** When the one before comes back; milliseconds since the epoch. null: it stays. */
  readonly until: number | null;
}

/** How much is logged, by the admin's hand: for ever, or for a while, so that nobody forgets to turn it down again. */
export class LogLevels {
  readonly #levels: LevelSwitch;
  readonly #clock: Clock;
  /** What comes back, and when; null: what is stays. */
  #back: { readonly level: LogLevel; readonly at: number; readonly timer: Timer } | null = null;

  constructor(levels: LevelSwitch, clock: Clock) {
    this.#levels = levels;
    this.#clock = clock;
  }

  get view(): LogLevelView {
    return { level: this.#levels.level, until: this.#back?.at ?? null };
  }

  /** @param seconds how long; null: until it is changed again, or the daemon is started again. */
  set(level: LogLevel, seconds: number | null): void {
    // a while within a while: what was there before the first comes back
    const usual = this.#back?.level ?? this.#levels.level;
    this.stop();
    this.#levels.level = level;
    if (seconds === null) return;
    const timer = this.#clock.after(seconds * 1000, () => {
      this.#back = null;
      this.#levels.level = usual;
    });
    this.#back = { level: usual, at: this.#clock.now() + seconds * 1000, timer };
  }

  /** Nothing comes back by itself any more. */
  stop(): void {
    this.#back?.timer.cancel();
    this.#back = null;
  }
}
