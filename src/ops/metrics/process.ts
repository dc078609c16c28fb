import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Clock } from '../../model/clock.ts';
import { one, type Readers, type Sample } from './reading.ts';

type ProcessReaders = Pick<
  Readers,
  Extract<keyof Readers, `${'process' | 'nodejs' | 'lamplighter_eventloop'}_${string}`>
>;

/** The lag is told of at least this long; ms. Several who ask do not take each other's time away. */
const windowMs = 15_000;
/** A timer this often costs 0.05 % of a core; ms. */
const resolution = 20;

/** What Node and the system know of this process. Begins to look at the event loop when somebody asks for the first time. */
export function processReaders(clock: Clock): ProcessReaders {
  const lag = new Lag(clock);
  const startedAt = (clock.now() - performance.now()) / 1000;
  return {
    lamplighter_eventloop_lag_seconds: () => lag.read(),
    lamplighter_eventloop_busy_seconds_total: () => one(performance.eventLoopUtilization().active / 1000),
    process_cpu_user_seconds_total: () => one(process.cpuUsage().user / 1e6),
    process_cpu_system_seconds_total: () => one(process.cpuUsage().system / 1e6),
    process_start_time_seconds: () => one(startedAt),
    process_resident_memory_bytes: () => one(process.memoryUsage.rss()),
    process_open_fds: () => one(openFiles()),
    process_max_fds: () => one(mostFiles()),
    nodejs_heap_size_used_bytes: () => one(process.memoryUsage().heapUsed),
    nodejs_heap_size_total_bytes: () => one(process.memoryUsage().heapTotal),
    nodejs_external_memory_bytes: () => one(process.memoryUsage().external),
  };
}

class Lag {
  readonly #clock: Clock;
  readonly #delays = monitorEventLoopDelay({ resolution });
  #since: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  read(): readonly Sample[] {
    const now = this.#clock.now();
    if (this.#since === null) {
      this.#delays.enable();
      this.#since = now;
    }
    const late = (nanoseconds: number): number => Math.max(nanoseconds / 1e9 - resolution / 1000, 0);
    const { count } = this.#delays;
    const samples: readonly Sample[] = [
      [['median'], count === 0 ? 0 : late(this.#delays.percentile(50))],
      [['p99'], count === 0 ? 0 : late(this.#delays.percentile(99))],
      [['max'], count === 0 ? 0 : late(this.#delays.max)],
    ];
    if (now - this.#since >= windowMs) {
      this.#delays.reset();
      this.#since = now;
    }
    return samples;
  }
}

/** null: this system does not tell (no Linux). */
function openFiles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length - 1; // the folder itself was open
  } catch {
    return null;
  }
}

function mostFiles(): number | null {
  try {
    const [, most] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return most === undefined ? null : Number(most);
  } catch {
    return null;
  }
}
