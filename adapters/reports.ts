import { emptied, isLarge, partsOf, type SnapshotPart } from './snapshot-parts.ts';
import type { Report } from './worker.ts';

/** Parts that are on their way at once: one a turn would take long where turns are. */
const underWay = 3;

/**
 * What a worker tells, in its order. A large snapshot goes in parts, each when the main thread has taken the one before:
 * phones are served in between. What is told meanwhile waits behind it, so that everything stays in its order.
 */
export class Reports {
  readonly #post: (report: Report) => void;
  /** Of the snapshot that is under way. */
  #parts: Iterator<SnapshotPart, undefined> | null = null;
  /** That snapshot without its rows, and what is behind it. */
  #waiting: Report[] = [];

  constructor(post: (report: Report) => void) {
    this.#post = post;
  }

  /** An answer to a wish, too: it is never older than what was told before it. */
  send(report: Report): void {
    if (this.#parts === null) {
      this.#begin(report);
      return;
    }
    // of pictures that wait the newest says what the older would
    if (isPicture(report)) this.#waiting = this.#waiting.filter((one, at) => at === 0 || !isPicture(one));
    this.#waiting.push(report);
  }

  /** What has no order: a heartbeat, a line of the log, a password that somebody waits for. */
  aside(report: Report): void {
    this.#post(report);
  }

  /** The last word; who has waited for an answer to a wish has it before. */
  end(report: Report): void {
    for (const one of this.#waiting) if (one.report === 'answer' || one.report === 'fault') this.#post(one);
    this.#parts = null;
    this.#waiting = [];
    this.#post(report);
  }

  /** The main thread has taken a part. */
  more(): void {
    if (this.#parts === null) return;
    const { value: part } = this.#parts.next();
    if (part !== undefined) {
      this.#post({ report: 'part', part });
      return;
    }
    this.#parts = null;
    const [whole, ...behind] = this.#waiting;
    this.#waiting = [];
    if (whole !== undefined) this.#post(whole);
    for (const report of behind) this.send(report);
  }

  #begin(report: Report): void {
    if (report.report !== 'event' || report.event.type !== 'snapshot' || !isLarge(report.event.snapshot)) {
      this.#post(report);
      return;
    }
    const { event } = report;
    this.#parts = partsOf(event.snapshot);
    this.#waiting = [{ ...report, event: { ...event, snapshot: emptied(event.snapshot) } }];
    for (let count = 0; count < underWay; count += 1) this.more();
  }
}

function isPicture(report: Report): boolean {
  return report.report === 'event' && report.event.type === 'snapshot';
}
