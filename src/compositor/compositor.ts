import type { EventPackage, PhoneWish } from '../event-packages/event-package.ts';
import type { AgentRequest } from '../model/agent.ts';
import { type Aor, userOf } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Origin, Wish } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { MailboxCounts, PbxEvent } from '../model/pbx-event.ts';
import { type Published, publicationSource } from '../model/publication.ts';
import type { PublicationRow } from '../model/publication-row.ts';
import { type Random, token } from '../model/random.ts';
import type { PublicationView } from '../model/views.ts';
import { ExpiryWheel } from '../notifier/expiry.ts';
import { RareComplaint } from '../notifier/rare-complaint.ts';
import type { OnPublish, PublishAnswer, PublishRequest } from '../sip/front.ts';
import { continued } from './continued.ts';
import { Lanes } from './lanes.ts';
import { Pace, type PaceOptions } from './pace.ts';
import type { PublicationStore, RightOf } from './ports.ts';
import {
  admit,
  type Desk,
  type Draft,
  examine,
  type PublishInterval,
  type PublishLimits,
  rightFor,
} from './publish.ts';
import { fromRow, newRecord, type PublicationRecord, type PublicationState, toRow, toView } from './record.ts';
import { Shelf } from './shelf.ts';

export interface CompositorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly packages: readonly EventPackage[];
  readonly state: Desk['state'];
  readonly store: PublicationStore;
  /** The hub's door. */
  readonly apply: (event: PbxEvent) => void;
  /** The gate: puts a wish to the PBX. Bounded, never rejects. */
  readonly grant: (wish: Wish | AgentRequest) => Promise<unknown>;
  readonly rightOf: RightOf;
  readonly interval: PublishInterval;
  readonly limits: PublishLimits;
  /** Of one publisher for one resource. */
  readonly pace: PaceOptions;
}

/** The package whose publications an admin makes with `setMailbox`. */
const mailboxEvent = 'message-summary';

/**
 * COMPAT(Asterisk): it refreshes in the very second in which its publication ends, and each lost datagram costs it half a
 * second more. Nobody's lamp shall flicker for that.
 */
const graceMs = 3000;

/** Unguessable, and never the same twice: who has the tag may change what is published (RFC 3903 4.1). */
const tagBits = 128;

/**
 * The event state compositor (RFC 3903): what was published for which resource, until when, and under which entity tag. The
 * hub is told the whole of a resource and package each time something of it differs, and puts it together with the PBXs'.
 */
export class Compositor {
  readonly #deps: CompositorDeps;
  readonly #shelf = new Shelf();
  #desk: Desk;
  /** P39-06: one request of a resource after the other, to its end; ends by the clock and by the admin wait their turn. */
  readonly #turns = new Lanes();
  readonly #wishes = new Lanes();
  readonly #expiry: ExpiryWheel<PublicationRecord>;
  readonly #unstored: RareComplaint;
  readonly #undeleted: RareComplaint;
  #nextId = 1;
  #stopped = false;

  constructor(deps: CompositorDeps) {
    const { clock, logger, packages, state, rightOf, interval, limits, pace } = deps;
    this.#deps = deps;
    this.#unstored = new RareComplaint(clock, (err, times) => {
      logger.error({ err, times }, 'publications cannot be stored and are refused');
    });
    this.#undeleted = new RareComplaint(clock, (err, times) => {
      logger.warn({ err, times }, 'publications that ended cannot be deleted from the store');
    });
    this.#expiry = new ExpiryWheel(clock, (record) => void this.#inTurn(record.aor, () => this.#expire(record)));
    this.#desk = {
      clock,
      packages: new Map(packages.map((pkg) => [pkg.event, pkg])),
      state,
      shelf: this.#shelf,
      pace: new Pace(clock, pace),
      rightOf,
      interval,
      limits,
      wishing: (aor) => this.#wishes.length(aor),
    };
  }

  /** Once, before the sockets open: what was published stands again, as far as its publisher may still publish it. */
  restore(rows: readonly PublicationRow[]): void {
    const { clock, logger, store } = this.#deps;
    const now = clock.now();
    const touched = new Map<string, PublicationRecord>();
    for (const row of rows) {
      this.#nextId = Math.max(this.#nextId, row.id + 1);
      const record = fromRow(row);
      if (record === null || record.expiresAt <= now || !this.#isWelcome(record)) {
        logger.info({ id: row.id, aor: row.aor, event: row.event }, 'a stored publication is dropped');
        store.deletePublication(row.id).catch((error: unknown) => this.#undeleted.say(error));
        continue;
      }
      this.#shelf.add(record);
      this.#wind(record);
      touched.set(`${record.event} ${record.aor}`, record);
    }
    for (const record of touched.values()) this.#tell(record);
  }

  /** Judges a PUBLISH. Never rejects. */
  readonly onPublish: OnPublish = (request) => {
    try {
      const admitted = admit(request, this.#desk);
      if ('status' in admitted) return admitted;
      return this.#inTurn(request.resource, () => this.#serve(admitted)).catch((error) => this.#failed(request, error));
    } catch (error) {
      return this.#failed(request, error);
    }
  };

  /**
   * Others may publish now (`rightOf`), or for other times. What stands of somebody who may not any more ends; the others
   * keep the time they were granted.
   */
  exchange(interval: PublishInterval): void {
    this.#desk = { ...this.#desk, interval };
    for (const record of this.#shelf.all().filter((one) => !this.#isWelcome(one))) {
      this.remove(record.id).catch((error: unknown) => this.#undeleted.say(error));
    }
  }

  /** All that stands; of one resource where it is given. */
  list(aor?: Aor): readonly PublicationView[] {
    const records = aor === undefined ? this.#shelf.all() : this.#shelf.of(aor);
    return records.map(toView).sort((a, b) => a.id - b.id);
  }

  /** Ends a publication, whoever made it. False: there is none. Rejects with a `store-*` Fault where it cannot be forgotten. */
  remove(id: number): Promise<boolean> {
    const record = this.#shelf.all().find((one) => one.id === id);
    if (record === undefined) return Promise.resolve(false);
    return this.#inTurn(record.aor, () => this.#remove(record));
  }

  /**
   * Message counts in the admin's name, in place of those before; `expires` in seconds, null: until they are removed.
   * Rejects with a `store-*` Fault.
   */
  setMailbox(
    aor: Aor,
    counts: MailboxCounts,
    expires: number | null,
    from: Pick<Origin, 'from' | 'userAgent'>,
  ): Promise<void> {
    return this.#inTurn(aor, () => {
      const now = this.#deps.clock.now();
      const expiresAt = expires === null ? Number.POSITIVE_INFINITY : now + expires * 1000;
      const source = from.from ?? '';
      const state = {
        etag: null,
        said: { kind: 'mailbox', counts },
        expiresAt,
        source,
        userAgent: from.userAgent,
      } as const;
      const record = this.#adminsMailbox(aor);
      const fixed = { aor, event: mailboxEvent, publisher: null };
      return record === null ? this.#add(fixed, state).then(() => undefined) : this.#change(record, state);
    });
  }

  /** False: none was set. Rejects with a `store-*` Fault. */
  clearMailbox(aor: Aor): Promise<boolean> {
    return this.#inTurn(aor, () => {
      const record = this.#adminsMailbox(aor);
      return record === null ? Promise.resolve(false) : this.#remove(record);
    });
  }

  /** Nothing ends any more: a restart finds what stood. */
  stop(): void {
    this.#stopped = true;
    this.#expiry.stop();
  }

  #adminsMailbox(aor: Aor): PublicationRecord | null {
    return this.#shelf.of(aor).find(({ publisher, event }) => publisher === null && event === mailboxEvent) ?? null;
  }

  #inTurn<T>(aor: Aor, task: () => Promise<T>): Promise<T> {
    return this.#turns.run(aor, task);
  }

  /** RFC 3903 6: all of it or, with an error, nothing. */
  async #serve(draft: Draft): Promise<PublishAnswer> {
    const answer = examine(draft, this.#desk);
    if (answer !== null) return answer;
    const { request, pkg, record, expires, publication } = draft;
    const etag = token(this.#deps.random, tagBits); // P39-07: new each time
    try {
      if (expires === 0) {
        if (record !== null) await this.#remove(record);
      } else {
        const state = this.#stateAfter(draft, etag);
        if (record !== null) await this.#change(record, state);
        else await this.#add({ aor: request.resource, event: pkg.event, publisher: draft.publisher }, state);
      }
    } catch (error) {
      this.#unstored.say(error);
      return { status: 504 }; // P39-06
    }
    const wishes = publication?.wishes ?? [];
    const granted = { expires, etag };
    return wishes.length === 0
      ? { status: 200, granted }
      : { status: 200, granted, after: () => this.#wish(request, draft.publisher, wishes) };
  }

  #stateAfter({ request, record, expires, publication }: Draft, etag: string): PublicationState {
    const now = this.#deps.clock.now();
    const before = record?.said ?? null;
    return {
      etag,
      said: publication === null ? before : copyOf(continued(before, publication.said, now)),
      expiresAt: now + expires * 1000 + graceMs,
      source: request.source,
      userAgent: request.userAgent,
    };
  }

  async #add(fixed: Pick<PublicationRecord, 'aor' | 'event' | 'publisher'>, state: PublicationState): Promise<void> {
    const record = newRecord({ ...fixed, id: this.#nextId++, createdAt: this.#deps.clock.now() }, state);
    await this.#deps.store.putPublication(toRow(record));
    this.#shelf.add(record);
    this.#wind(record);
    this.#tell(record);
  }

  async #change(record: PublicationRecord, state: PublicationState): Promise<void> {
    await this.#deps.store.putPublication(toRow(record, state));
    const isNews = record.said !== state.said;
    this.#shelf.retag(record, state.etag);
    Object.assign(record, state);
    this.#wind(record);
    if (isNews) this.#tell(record);
  }

  /** Off the disk first, so that none comes back that somebody was told is gone. */
  async #remove(record: PublicationRecord): Promise<boolean> {
    if (!this.#shelf.of(record.aor).includes(record)) return false; // it ended while this waited
    await this.#deps.store.deletePublication(record.id);
    this.#forget(record);
    return true;
  }

  /** Whatever the disk says: a row that stays is over at the next start too. */
  async #expire(record: PublicationRecord): Promise<void> {
    if (this.#stopped || !this.#shelf.of(record.aor).includes(record)) return;
    if (record.expiresAt > this.#deps.clock.now())
      this.#wind(record); // refreshed while this waited for its turn
    else if (this.#forget(record)) {
      await this.#deps.store.deletePublication(record.id).catch((error: unknown) => this.#undeleted.say(error));
    }
  }

  #forget(record: PublicationRecord): boolean {
    if (!this.#shelf.remove(record)) return false;
    this.#expiry.remove(record);
    this.#tell(record);
    return true;
  }

  #wind(record: PublicationRecord): void {
    if (Number.isFinite(record.expiresAt)) this.#expiry.put(record);
    else this.#expiry.remove(record);
  }

  #tell({ aor, event }: Pick<PublicationRecord, 'aor' | 'event'>): void {
    const said = this.#shelf.said(aor, event);
    this.#deps.apply({ source: publicationSource, type: 'published', aor, event, said });
  }

  /** Rights and packages may have changed while we were away. */
  #isWelcome({ publisher, aor, event }: PublicationRecord): boolean {
    if (publisher === null) return true;
    const takes = this.#desk.packages.get(event)?.publish !== undefined;
    return takes && rightFor(publisher, aor, this.#deps.rightOf) !== 'none';
  }

  /** One after the other, those of an earlier body first: as if he had pressed the keys. */
  #wish({ resource: aor, source, userAgent }: PublishRequest, publisher: Aor, wishes: readonly PhoneWish[]): void {
    const origin: Origin = { kind: 'phone', who: userOf(publisher), from: source, userAgent };
    const put = async (): Promise<void> => {
      for (const wish of wishes) await this.#deps.grant({ ...wish, aor, origin });
    };
    this.#wishes
      .run(aor, put)
      .catch((error: unknown) => this.#deps.logger.error({ err: error, aor }, 'the gate failed on a published wish'));
  }

  #failed({ event, source }: PublishRequest, error: unknown): PublishAnswer {
    this.#deps.logger.error({ err: error, event, source }, 'a PUBLISH failed');
    return { status: 500 };
  }
}

/** Texts that a parser cut out of a body would keep the whole of it in memory. */
function copyOf(said: Published | null): Published | null {
  return JSON.parse(JSON.stringify(said)) as Published | null;
}
