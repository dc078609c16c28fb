import { emptied, isLarge, partsOf, type SnapshotPart } from './snapshot-parts.ts';
import type { Report } from './worker.ts';

/**
 * What a worker tells, in its order. A large snapshot goes in parts, each when the main thread has taken the one before:
 * phones are served in between. What is told meanwhile waits behind it, answers too, for an answer is never older than what
 * was told before it.
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

  send(report: Report): void {
    const isOfNoOrder = report.report === 'beat' || report.report === 'log' || report.report === 'stopped';
    if (isOfNoOrder) this.#post(report);
    else if (this.#parts !== null) this.#waiting.push(report);
    else this.#begin(report);
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
    this.more();
  }
}
