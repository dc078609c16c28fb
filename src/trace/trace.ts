import { setImmediate as turnOver } from 'node:timers/promises';
import type { Clock } from '../model/clock.ts';
import type { TraceDesk, TracedMessage, TracedSubscription, TraceFilter, TraceReader } from '../model/trace.ts';
import { type Follower, Followers } from './followers.ts';
import { Links } from './links.ts';
import { Passed, type Surroundings } from './passed.ts';
import { Capture } from './pcap.ts';
import { Recorder } from './recorder.ts';
import { Turn } from './turn.ts';

export interface TraceOptions extends Surroundings {
  readonly clock: Clock;
  /** Messages to remember, at least 1. */
  readonly keep: number;
  readonly subscriptions: () => Iterable<TracedSubscription>;
}

/** Of all that one list tells: twice what as many messages of phones have; characters. At least one message is told. */
export const mostTold = 4 * 1024 * 1024;
/** RFC 3261 17.1.2.2, Timer F: so long a message may be repeated; ms. */
const repeatMs = 32_000;
/** Who may follow at once; each costs a look at every message. */
const mostReaders = 16;
/** Between two looks at all subscriptions for those who follow, where a Call-ID is unknown, and at the latest; ms. */
const refreshMs = 250;
const staleMs = 2_000;
/** Of the last messages, what tells repetitions, for those who follow. */
const mostSeen = 4_000;

interface Found {
  readonly passed: Passed;
  missed: number;
}

interface Chosen extends Found {
  readonly link: TracedSubscription | null;
  readonly retransmission: boolean;
}

/** The trace: what passed, whose it was, and what of it may be seen. */
export class Trace implements TraceDesk {
  readonly recorder: Recorder;
  readonly links: Links;
  readonly #options: TraceOptions;
  readonly #followers: Followers;
  readonly #begun: number;
  /** Settled when the last list that was asked for is told. */
  #listed: Promise<unknown> = Promise.resolve();
  #readers = 0;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  /** The number of the first of each. */
  readonly #seen = new Map<string, number>();

  constructor(options: TraceOptions) {
    this.#options = options;
    this.#begun = options.clock.now();
    this.recorder = new Recorder(options.clock, options.keep);
    this.links = new Links(options.subscriptions);
    const { recorder } = this;
    const { ring } = recorder;
    this.#followers = new Followers({
      get first() {
        return ring.first;
      },
      get next() {
        return ring.next;
      },
      read: (number) => this.#read(number),
      onPassed: (wake) => recorder.onPassed(wake),
      later: setImmediate,
    });
  }

  /** For those inside who want everything, such as a Homer; not among the readers that are counted. Answers how to stop. */
  forward(follower: Follower): () => void {
    return this.#followers.add(follower);
  }

  /** One after the other: while it is made, a list holds all that it found, which may be several times the bytes of the ring. */
  list(filter: TraceFilter, limit: number): Promise<readonly TracedMessage[]> {
    const listing = this.#listed.then(() => this.#list(filter, limit));
    this.#listed = listing.catch(() => undefined);
    return listing;
  }

  async #list(filter: TraceFilter, limit: number): Promise<readonly TracedMessage[]> {
    const { ring } = this.recorder;
    this.links.refresh();
    const wants = this.#coarse(filter);
    // Several subscriptions can share a Call-ID: which message is whose is known only when all are read in order.
    const enough = filter.subscription === undefined ? limit : Number.POSITIVE_INFINITY;
    const found: Found[] = [];
    const turn = new Turn();
    let until = Number.NEGATIVE_INFINITY;
    for (let number = ring.next - 1; number >= ring.first; number--) {
      const passed = this.#read(number);
      if (passed === null || passed.recorded.at < until) break;
      const { missed, at, wire } = passed.recorded;
      if (turn.isOver(wire.length)) await turnOver();
      if (wants(passed)) {
        found.push({ passed, missed });
        if (found.length === enough) until = at - repeatMs;
      } else {
        const before = found.at(-1);
        if (before !== undefined) before.missed += missed;
      }
    }
    const chosen = await this.#chosen(found.reverse(), filter);
    return this.#told(chosen.slice(-limit));
  }

  follow(filter: TraceFilter, after: string | null, reader: TraceReader): (() => void) | null {
    if (this.#readers >= mostReaders) return null;
    this.#readers += 1;
    this.links.refresh();
    const wants = this.#exact(filter);
    let running = true;
    const stop = this.#followers.add(
      {
        take: (passed) => {
          const link = this.#linkOf(passed);
          const retransmission = this.#isRepeated(passed);
          if (!running || !wants(passed, link)) return;
          reader.message(passed.message({ id: this.#idOf(passed), link, retransmission, missed: 0 }));
        },
        missed: (count) => running && reader.missed(count),
      },
      this.#numberAfter(after),
    );
    return () => {
      if (!running) return;
      running = false;
      this.#readers -= 1;
      stop();
    };
  }

  async *pcap(filter: TraceFilter): AsyncIterable<Uint8Array> {
    const { ring } = this.recorder;
    const capture = new Capture();
    this.links.refresh();
    const wants = this.#exact(filter);
    const end = ring.next;
    const turn = new Turn();
    let pieces: Uint8Array[] = [capture.begin()];
    for (let number = ring.first; number < end; number++) {
      const passed = this.#read(number);
      if (turn.isOver(passed?.recorded.wire.length ?? 0)) {
        if (pieces.length > 0) yield Buffer.concat(pieces);
        pieces = [];
        await turnOver();
      }
      if (passed === null || !wants(passed, this.links.find(passed.head))) continue;
      const { at, direction } = passed.recorded;
      pieces.push(capture.write({ at, direction, path: passed.path, payload: Buffer.from(passed.wire, 'latin1') }));
    }
    if (pieces.length > 0) yield Buffer.concat(pieces);
  }

  stop(): void {
    this.recorder.stop();
  }

  #read(number: number): Passed | null {
    const recorded = this.recorder.ring.read(number);
    return recorded === null ? null : new Passed(recorded, this.#options);
  }

  #idOf({ recorded }: Passed): string {
    return `${this.#begun}-${recorded.number}`;
  }

  /** Of another life of this process, or overwritten: the oldest there is. */
  #numberAfter(id: string | null): number {
    const { ring } = this.recorder;
    if (id === null) return ring.next;
    const [, begun, number] = /^(\d{1,15})-(\d{1,15})$/.exec(id) ?? [];
    if (Number(begun) !== this.#begun) return ring.first;
    return Math.min(Math.max(Number(number) + 1, ring.first), ring.next);
  }

  /** In order, for that tells repetitions and whose each is. */
  async #chosen(found: readonly Found[], filter: TraceFilter): Promise<readonly Chosen[]> {
    const wants = this.#exact(filter);
    const seen = new Set<string>();
    const chosen: Chosen[] = [];
    const turn = new Turn();
    for (const { passed, missed } of found) {
      if (turn.isOver(0)) await turnOver();
      const { sameness } = passed;
      const retransmission = sameness !== null && seen.has(sameness);
      if (sameness !== null) seen.add(sameness);
      const link = this.links.find(passed.head);
      if (wants(passed, link)) chosen.push({ passed, missed, link, retransmission });
    }
    return chosen;
  }

  /** The newest first, until it is enough: to mask and to escape costs most. */
  async #told(chosen: readonly Chosen[]): Promise<readonly TracedMessage[]> {
    const told: TracedMessage[] = [];
    const turn = new Turn();
    let length = 0;
    for (const { passed, ...more } of chosen.toReversed()) {
      const message = passed.message({ id: this.#idOf(passed), ...more });
      length += message.text.length;
      if (length > mostTold && told.length > 0) break;
      told.push(message);
      if (turn.isOver(passed.recorded.wire.length)) await turnOver();
    }
    return told.reverse();
  }

  /** Before it is known which of several subscriptions a message belongs to. */
  #coarse({ aor, subscription, callId }: TraceFilter): (passed: Passed) => boolean {
    const isMeant = (one: TracedSubscription) => one.id === subscription;
    const ofSubscription = subscription === undefined ? null : this.links.callIdsOf(isMeant);
    const isHis = (one: TracedSubscription) => one.aor === aor || one.watcher === aor;
    const his = aor === undefined ? null : this.links.callIdsOf(isHis);
    return (passed) => {
      const own = passed.head.callId;
      if (callId !== undefined && own !== callId) return false;
      if (ofSubscription !== null && (own === null || !ofSubscription.has(own))) return false;
      return his === null || aor === undefined || (own !== null && his.has(own)) || passed.names(aor);
    };
  }

  #exact({ aor, subscription, callId }: TraceFilter): (passed: Passed, link: TracedSubscription | null) => boolean {
    return (passed, link) => {
      if (callId !== undefined && passed.head.callId !== callId) return false;
      if (subscription !== undefined && link?.id !== subscription) return false;
      return aor === undefined || link?.aor === aor || link?.watcher === aor || passed.names(aor);
    };
  }

  /** One that is not known yet may have begun since the last look, or one with the Call-ID of another. */
  #linkOf({ head }: Passed): TracedSubscription | null {
    const age = this.#options.clock.now() - this.#refreshedAt;
    const isUnknown = head.callId !== null && !this.links.knows(head.callId);
    if (age >= (isUnknown ? refreshMs : staleMs)) {
      this.#refreshedAt = this.#options.clock.now();
      this.links.refresh();
    }
    return this.links.find(head);
  }

  /** Whoever asks, and how often: the first of several is none. */
  #isRepeated({ sameness, recorded: { number } }: Passed): boolean {
    if (sameness === null) return false;
    const first = this.#seen.get(sameness);
    if (first !== undefined) return first < number;
    this.#seen.set(sameness, number);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > mostSeen && oldest !== undefined) this.#seen.delete(oldest);
    return false;
  }
}
