import type { Aor } from '../model/aor.ts';
import { type FeatureName, featureNames } from '../model/feature.ts';
import type { Device } from '../model/pbx-event.ts';
import type { ResourceView } from '../model/views.ts';
import type { ChangeSet } from './change-set.ts';
import { sortAors } from './extensions.ts';
import type { Links } from './links.ts';
import type { Publications } from './publications.ts';
import type { Truth } from './replace.ts';

/** What a listener may learn of an extension besides its calls, features, contacts and messages. */
type Standing = Pick<ResourceView, 'known' | 'stale' | 'displayName'> & { readonly assigned: readonly FeatureName[] };

/** What is read: the aggregates, what is published, and which PBXs are in step. */
export interface Read {
  readonly truth: Truth;
  readonly publications: Publications;
  readonly links: Links;
  /** May be watched although no PBX has it. Others say so while all goes on. */
  readonly isPublished: (aor: Aor) => boolean;
}

/** What is true of a resource, put together from all that is known of it, and kept until something differs. */
export class Views {
  readonly #read: Read;
  readonly #kept = new Map<Aor, ResourceView>();

  constructor(read: Read) {
    this.#read = read;
  }

  /** An unknown one is idle. Calling it is cheap. */
  of(aor: Aor): ResourceView {
    const kept = this.#kept.get(aor);
    if (kept !== undefined) return kept;
    const view = this.#build(aor);
    // Only what the PBX spoke of: anybody can ask for any name.
    if (this.#read.truth.extensions.has(aor) || this.#isSpokenOf(aor)) this.#kept.set(aor, view);
    return view;
  }

  /** Something differs. */
  forget(aors: Iterable<Aor>): void {
    for (const aor of aors) this.#kept.delete(aor);
  }

  forgetAll(): void {
    this.#kept.clear();
  }

  /** Every PBX told a snapshot since the start. */
  get synced(): boolean {
    return this.#read.truth.extensions.synced;
  }

  /** A PBX has this extension or lamp, or some PBX has not said yet which it has, or others publish it. */
  has(aor: Aor): boolean {
    return this.#read.truth.extensions.has(aor) || !this.synced || this.#read.isPublished(aor);
  }

  /** The users' extensions in natural order (9 before 10). Until every PBX has told, remembered ones are among them. */
  list(): readonly Aor[] {
    const { extensions, features, dialogs } = this.#read.truth;
    if (this.synced) return extensions.users();
    const remembered = [...features.aors(), ...dialogs.aors()].filter((aor) => !extensions.isLamp(aor));
    return sortAors([...extensions.users(), ...remembered]);
  }

  /** Every resource that any PBX or publication spoke of. */
  *all(): Iterable<Aor> {
    const { extensions, dialogs, features, registrations, mailboxes, agents } = this.#read.truth;
    yield* extensions.list();
    yield* dialogs.aors();
    yield* features.aors();
    yield* registrations.aors();
    yield* mailboxes.aors();
    yield* agents.aors();
    yield* this.#read.publications.aors();
  }

  /** Runs `act` and adds what it changed in the standing of these resources. */
  compare(aors: ReadonlySet<Aor>, changes: ChangeSet, act: () => void): void {
    const before = new Map([...aors].map((aor) => [aor, this.#standing(aor)]));
    act();
    for (const [aor, was] of before) {
      // Even where nothing differs: it may be that nobody speaks of it any more, and then nobody would renew the view.
      this.#kept.delete(aor);
      const is = this.#standing(aor);
      for (const aspect of ['known', 'stale', 'displayName'] as const) {
        if (was[aspect] !== is[aspect]) changes.add('extension', aor, aspect);
      }
      for (const feature of featureNames) {
        if (was.assigned.includes(feature) !== is.assigned.includes(feature)) changes.add('features', aor, feature);
      }
    }
  }

  #standing(aor: Aor): Standing {
    const { extensions } = this.#read.truth;
    const owner = extensions.owner(aor);
    return {
      known: this.has(aor),
      stale: owner !== null && !this.#read.links.isUp(owner),
      displayName: extensions.info(aor)?.displayName ?? null,
      assigned: extensions.featuresOf(aor),
    };
  }

  #build(aor: Aor): ResourceView {
    const { truth, publications } = this.#read;
    const { extensions, dialogs, features, registrations, mailboxes, agents } = truth;
    const agent = agents.of(aor);
    const published = publications.presence(aor);
    const { known, stale, displayName, assigned } = this.#standing(aor);
    return {
      aor,
      displayName,
      known,
      ...(extensions.isLamp(aor) ? { lamp: true } : {}),
      ...(extensions.has(aor) || extensions.owner(aor) === null ? {} : { untold: true }),
      stale,
      contacts: registrations.of(aor),
      contactUris: registrations.urisOf(aor),
      ...devicesIn(registrations.devicesOf(aor)),
      dialogs: publications.dialogs(aor, dialogs.of(aor)),
      features: features.states(aor, assigned),
      mailbox: mailboxes.of(aor) ?? publications.mailbox(aor),
      ...(published.length > 0 ? { published } : {}),
      ...(agent === null ? {} : { agent }),
    };
  }

  /** Some aggregate holds something of it. */
  #isSpokenOf(aor: Aor): boolean {
    const { dialogs, features, registrations, mailboxes, agents } = this.#read.truth;
    return (
      dialogs.of(aor).length > 0 ||
      featureNames.some((feature) => features.of(aor, feature).rev > 0) ||
      registrations.of(aor) > 0 ||
      mailboxes.of(aor) !== null ||
      agents.of(aor) !== null ||
      this.#read.publications.has(aor)
    );
  }
}

function devicesIn(devices: readonly Device[]): Pick<ResourceView, 'devices'> {
  return devices.length > 0 ? { devices } : {};
}
