import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import { type FeatureRow, featureNames } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { PbxEvent } from '../model/pbx-event.ts';
import { publicationSource } from '../model/publication.ts';
import type { Tally } from '../model/tally.ts';
import type { Change, LinkView, ResourceView } from '../model/views.ts';
import { Agents } from './agents.ts';
import { sameDialogs } from './call.ts';
import { ChangeSet } from './change-set.ts';
import { Dialogs } from './dialogs.ts';
import { Extensions } from './extensions.ts';
import { Features } from './features.ts';
import { Groups } from './groups.ts';
import type { HubMemory, HubStore } from './hub-store.ts';
import { Links } from './links.ts';
import { Listeners } from './listeners.ts';
import { Mailboxes, sameCounts } from './mailboxes.ts';
import { reorder } from './order.ts';
import { Publications, samePresence } from './publications.ts';
import { Registrations } from './registrations.ts';
import { ownsFeatures, replace, type Truth, touchedBy } from './replace.ts';
import { Views } from './views.ts';

export interface HubTools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: HubStore;
  /** Of this installation: dialog ids are the same after a restart. */
  readonly secret: Buffer;
  /** The PBXs' names; the first has precedence for features and mailboxes. */
  readonly sources: readonly string[];
  /** May be watched although no PBX has it: others publish it (RFC 3903). Default: nothing may. */
  readonly isPublished?: (aor: Aor) => boolean;
  /** Counts, by PBX, what only a reading found although events should have told it; default: nobody counts. */
  readonly drift?: Tally;
}

/** What the admin changes while all goes on. It waits its turn among the events. */
type Order =
  | { readonly type: 'order'; readonly sources: readonly string[] }
  | { readonly type: 'act'; readonly touched: ReadonlySet<Aor>; readonly act: () => void };

/** The one truth. Everything enters by `apply`; only what differs leaves, as `Change`. */
export class Hub {
  readonly #logger: Logger;
  readonly #store: HubStore;
  /** One list for all that have to know the PBXs and their order: changed in place (`#order`). */
  readonly #sources: string[];
  readonly #truth: Truth;
  readonly #publications: Publications;
  readonly #links: Links;
  readonly #views: Views;
  readonly #epochs = new Map<string, string>();
  readonly #drift: Tally | undefined;
  readonly #strangers = new Set<string>();
  readonly #onChange: Listeners<Change>;
  readonly #onLink: Listeners<LinkView>;
  readonly #onPicture: Listeners<string>;
  readonly #groups = new Groups();
  readonly #queue: (PbxEvent | Order)[] = [];
  #busy = false;

  constructor(tools: HubTools) {
    this.#logger = tools.logger.child('state');
    this.#store = tools.store;
    this.#sources = [...new Set(tools.sources)];
    const inside = { ...tools, logger: this.#logger };
    this.#truth = {
      extensions: new Extensions(this.#sources),
      dialogs: new Dialogs(inside),
      features: new Features(inside),
      registrations: new Registrations(),
      mailboxes: new Mailboxes(this.#sources),
      agents: new Agents(this.#sources, tools.clock),
    };
    this.#publications = new Publications(tools.secret);
    this.#drift = tools.drift;
    this.#links = new Links(this.#sources, tools.clock);
    this.#views = new Views({
      truth: this.#truth,
      publications: this.#publications,
      links: this.#links,
      isPublished: tools.isPublished ?? (() => false),
    });
    this.#onChange = new Listeners(this.#logger);
    this.#onLink = new Listeners(this.#logger);
    this.#onPicture = new Listeners(this.#logger);
  }

  /** Once, before the first event: the last truth, stale until the PBX is back in step. Nobody is told. */
  load(stored: HubMemory): void {
    for (const row of stored.features) this.#truth.features.load(row);
    for (const { source, aor, legs } of stored.dialogs) {
      if (this.#sources.includes(source)) {
        this.#truth.dialogs.load(source, aor, legs);
        continue;
      }
      // A PBX that left the configuration can never end its calls.
      this.#logger.info({ source, aor }, 'stored calls of a PBX that is not configured any more: dropped');
      this.#store.putLegs(source, aor, []);
    }
    this.#views.forgetAll();
  }

  /** The only way in. Called from within a listener, the event waits until everybody heard of the present one. */
  apply(event: PbxEvent): void {
    this.#enter(event);
  }

  /**
   * The PBXs there are from now on, in their order. What one that is missing alone held is gone: its calls have ended, its
   * extensions are unknown. One that is new has told nothing yet.
   */
  order(sources: readonly string[]): void {
    this.#enter({ type: 'order', sources: [...new Set(sources)] });
  }

  /** Others may publish other resources now (`isPublished`): who watches one is told where that makes a difference. */
  renewPublished(watched: Iterable<Aor>, act: () => void): void {
    this.#enter({ type: 'act', touched: new Set([...this.#views.all(), ...watched]), act });
  }

  /** No hook keeps any feature from anybody. */
  revealFeatures(): void {
    const { extensions } = this.#truth;
    const reveal = (aor: Aor): void => {
      for (const feature of featureNames) extensions.assign(aor, feature, true);
    };
    const hidden = extensions.hidden();
    this.#enter({ type: 'act', touched: new Set(hidden), act: () => hidden.forEach(reveal) });
  }

  /** How features stood last, for a PBX that cannot keep them itself. */
  features(): readonly FeatureRow[] {
    return this.#truth.features.rows();
  }

  #enter(event: PbxEvent | Order): void {
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#take(next);
    } finally {
      this.#busy = false;
    }
  }

  /** What is true of a resource now; an unknown one is idle. Kept until something differs, so calling it is cheap. */
  view(aor: Aor): ResourceView {
    return this.#views.of(aor);
  }

  /** A PBX has this extension or lamp, or some PBX has not said yet which it has, or others publish it. */
  has(aor: Aor): boolean {
    return this.#views.has(aor);
  }

  /** A PBX said that it has this extension, and that it is a user's; the strict question, for forward targets. */
  isExtension(aor: Aor): boolean {
    const { extensions } = this.#truth;
    return extensions.has(aor) && !extensions.isLamp(aor);
  }

  /**
   * The PBX that owns an extension and takes its wishes: the first that has it, else the first that has not told yet; null
   * when none has it.
   */
  ownerOf(aor: Aor): string | null {
    return this.#truth.extensions.owner(aor);
  }

  /** The PBX whose agent he is, and that takes wishes for him; null: he is none. */
  agentSourceOf(aor: Aor): string | null {
    return this.#truth.agents.sourceOf(aor);
  }

  /** A PBX has a mailbox for it, whose counts no publication can change. */
  ownsMailbox(aor: Aor): boolean {
    return this.#truth.mailboxes.of(aor) !== null;
  }

  /** Every PBX told a snapshot since the start. */
  get synced(): boolean {
    return this.#views.synced;
  }

  /** The users' extensions in natural order (9 before 10). Until every PBX has told, remembered ones are among them. */
  list(): readonly Aor[] {
    return this.#views.list();
  }

  /** Lamps that are no users, in natural order. */
  lamps(): readonly Aor[] {
    const { extensions } = this.#truth;
    return extensions.list().filter((aor) => extensions.isLamp(aor));
  }

  /** One for each PBX, in the order of the configuration. */
  links(): readonly LinkView[] {
    return this.#links.list();
  }

  /** Answers the way to stop listening. A listener that throws is logged and disturbs nobody else. */
  onChange(listener: (change: Change) => void): () => void {
    return this.#onChange.add(listener);
  }

  onLink(listener: (link: LinkView) => void): () => void {
    return this.#onLink.add(listener);
  }

  /** After the changes of each picture of a PBX, whether or not there were any: only pictures say who is there. */
  onPicture(listener: (source: string) => void): () => void {
    return this.#onPicture.add(listener);
  }

  /** A PBX has a call of his now; what is published does not count. */
  hasCalls(aor: Aor): boolean {
    return this.#truth.dialogs.of(aor).length > 0;
  }

  /** A PBX said that it has this extension or lamp. */
  isKnown(aor: Aor): boolean {
    return this.#truth.extensions.has(aor);
  }

  /** The members of a group (`name@domain`) of the PBXs; empty: there is none. */
  groupMembers(group: Aor): readonly Aor[] {
    return this.#groups.members(group);
  }

  #take(event: PbxEvent | Order): void {
    if (event.type === 'order' || event.type === 'act') {
      this.#takeOrder(event);
      return;
    }
    if (event.type === 'published' ? event.source !== publicationSource : !this.#sources.includes(event.source)) {
      this.#ignore(event.source);
      return;
    }
    const changes = new ChangeSet();
    let link: LinkView | null = null;
    try {
      if (event.type === 'link') link = this.#takeLink(event, changes);
      else this.#takeState(event, changes);
    } catch (error) {
      this.#logger.error({ err: error, source: event.source, type: event.type }, 'event not taken');
    }
    this.#views.forget(changes.aors());
    // a PBX that is in step has told by events what happens; what a reading finds beside them was lost, or has none
    if (event.type === 'snapshot' && this.#links.isUp(event.source)) {
      const found = changes.list().length;
      if (found > 0) this.#drift?.add(event.source, found);
    }
    if (link !== null) this.#onLink.tell(link);
    for (const change of changes.list()) this.#onChange.tell(change);
    if (event.type === 'snapshot') this.#onPicture.tell(event.source);
  }

  /** The admin's word. Everybody is told as of any change; of a PBX that left, the last word is that its link is down. */
  #takeOrder(order: Order): void {
    const changes = new ChangeSet();
    const touched = order.type === 'act' ? order.touched : new Set(this.#views.all());
    let gone: readonly LinkView[] = [];
    try {
      this.#views.compare(touched, changes, () => {
        if (order.type === 'act') order.act();
        else gone = this.#order(order.sources, changes);
      });
    } catch (error) {
      this.#logger.error({ err: error }, 'a change of the configuration was not taken as a whole');
    }
    this.#views.forget(changes.aors());
    for (const link of gone) this.#onLink.tell(link);
    for (const change of changes.list()) this.#onChange.tell(change);
    for (const { source } of gone) this.#onPicture.tell(source);
  }

  #order(sources: readonly string[], changes: ChangeSet): readonly LinkView[] {
    for (const gone of reorder(this.#truth, this.#sources, sources, changes)) {
      this.#groups.replace(gone, []);
      this.#epochs.delete(gone);
    }
    for (const source of sources) this.#strangers.delete(source);
    return this.#links.order(sources);
  }

  #takeState(event: Exclude<PbxEvent, { readonly type: 'link' }>, changes: ChangeSet): void {
    const { extensions, dialogs, features, registrations, mailboxes, agents } = this.#truth;
    const { source } = event;
    switch (event.type) {
      case 'dialogs':
        dialogs.set(source, event.aor, event.legs, changes);
        break;
      case 'feature':
        changes.quiet = event.quiet === true;
        if (ownsFeatures(extensions, source, event.aor)) features.set(source, event, changes);
        break;
      case 'assignment':
        this.#views.compare(new Set([event.aor]), changes, () =>
          extensions.assign(event.aor, event.feature, event.assigned),
        );
        break;
      case 'mailbox':
        mailboxes.set(source, event.aor, event.counts, changes);
        break;
      case 'registration':
        registrations.set(source, event.aor, event, changes);
        break;
      case 'published':
        this.#publish(event, changes);
        break;
      case 'agent':
        agents.set(source, event.aor, event.agent, changes);
        break;
      case 'snapshot': {
        this.#noteEpoch(source, event.epoch);
        // The first picture of a PBX can make any resource known, unknown or somebody else's.
        const touched = extensions.hasTold(source) ? new Set<Aor>() : new Set(this.#views.all());
        for (const aor of touchedBy(extensions, source, event.snapshot)) touched.add(aor);
        this.#views.compare(touched, changes, () => replace(this.#truth, source, event.snapshot, changes));
        this.#groups.replace(source, event.snapshot.groups ?? []);
      }
    }
  }

  /**
   * A PBX that goes away leaves its last truth standing: `stale` flips, which the API's viewers are told, and no lamp
   * moves.
   */
  #takeLink(event: Extract<PbxEvent, { readonly type: 'link' }>, changes: ChangeSet): LinkView | null {
    const { source, state, reason } = event;
    if (this.#links.isUp(source) === (state === 'up')) return this.#links.set(source, state, reason);
    let link: LinkView | null = null;
    this.#views.compare(new Set(this.#views.all()), changes, () => {
      link = this.#links.set(source, state, reason);
    });
    return link;
  }

  /** Seen from what listeners can read: what a PBX says better is no news. */
  #publish({ aor, event, said }: Extract<PbxEvent, { readonly type: 'published' }>, changes: ChangeSet): void {
    const before = this.#views.of(aor);
    this.#publications.set(aor, event, said);
    this.#views.forget([aor]);
    const after = this.#views.of(aor);
    if (!sameDialogs(before.dialogs, after.dialogs)) changes.add('dialogs', aor);
    if (!sameCounts(before.mailbox, after.mailbox)) changes.add('mailbox', aor);
    if (!samePresence(before.published ?? [], after.published ?? [])) changes.add('published', aor);
  }

  #noteEpoch(source: string, epoch: string): void {
    const before = this.#epochs.get(source);
    this.#epochs.set(source, epoch);
    if (before !== undefined && before !== epoch) {
      this.#logger.warn({ source, epoch, before }, 'the PBX was started again: calls it does not list have ended');
    }
  }

  #ignore(source: string): void {
    if (this.#strangers.has(source)) return;
    this.#strangers.add(source);
    this.#logger.warn({ source }, 'event of a PBX that is not configured: ignored');
  }
}
