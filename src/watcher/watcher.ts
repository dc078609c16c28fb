import type { EventPackage, PhoneWish } from '../event-packages/event-package.ts';
import type { AgentRequest } from '../model/agent.ts';
import { type Aor, userOf } from '../model/aor.ts';
import { type Clock, type Timer, within } from '../model/clock.ts';
import type { Origin, Wish } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { Device } from '../model/pbx-event.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { Published } from '../model/publication.ts';
import type { Random } from '../model/random.ts';
import type { Change, PhoneWatchView, ResourceView } from '../model/views.ts';
import type { SubscribeSender } from '../sip/front.ts';
import { OwnCalls } from './own-calls.ts';
import { Turns } from './turns.ts';
import { Watch, type WatchTools } from './watch.ts';
import { type Audible, Word } from './word.ts';

export interface WatcherOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly sender: SubscribeSender;
  readonly packages: readonly EventPackage[];
  readonly view: (aor: Aor) => Pick<ResourceView, 'devices'>;
  /** A PBX has a call of his now. */
  readonly hasCalls: (aor: Aor) => boolean;
  readonly profileFor: (userAgent: string | null) => PhoneProfile;
  readonly grant: (wish: Wish | AgentRequest) => Promise<unknown>;
  /** All that a user's phones say of him in one package. */
  readonly say: (aor: Aor, event: string, said: readonly Published[]) => void;
  /** Instead of the usual limits. */
  readonly limits?: Partial<WatcherLimits>;
}

export interface WatcherLimits {
  /** Phones of one user; who registers more has the others unwatched. */
  readonly phonesPerUser: number;
  /** Subscriptions in all. */
  readonly total: number;
  /** New subscriptions at the phones of one user in a minute; further ones wait for the next. */
  readonly perMinute: number;
  /** First SUBSCRIBEs under way at once. */
  readonly atOnce: number;
  /** Wishes of one user that wait for the gate; more are dropped. */
  readonly waitingWishes: number;
}

const usualLimits: WatcherLimits = {
  phonesPerUser: 5,
  total: 10_000,
  perMinute: 30,
  atOnce: 100,
  waitingWishes: 20,
};

/** What phones have to answer the last SUBSCRIBE; ms. */
const stopMs = 500;
const minuteMs = 60_000;
/** Asked of every phone; it may grant less. Seconds. */
const expires = 3600;

interface Entry {
  readonly watch: Watch;
  readonly event: string;
  readonly device: Device;
  readonly word: Word;
  readonly calls: OwnCalls;
}

/**
 * Lamplighter as the watcher: subscribes to the phones whose profile says so for as long as they are registered, and makes
 * wishes and publications of what they say.
 */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #limits: WatcherLimits;
  readonly #logger: Logger;
  readonly #tools: WatchTools;
  readonly #packages: ReadonlyMap<string, Audible>;
  /** By user, then by phone and package. */
  readonly #entries = new Map<Aor, Map<string, Entry>>();
  readonly #wishes = new Map<Aor, { tail: Promise<void>; waiting: number }>();
  /** Who changed his phones within the last minute, how often, and whether some wait. */
  readonly #recent = new Map<Aor, { count: number; waiting: boolean; readonly timer: Timer }>();
  #size = 0;
  #full = false;
  #stopped = false;

  constructor(options: WatcherOptions) {
    const { clock, random, sender } = options;
    this.#options = options;
    this.#limits = { ...usualLimits, ...options.limits };
    this.#logger = options.logger.child('watcher');
    this.#tools = { clock, random, sender, logger: this.#logger, turns: new Turns(this.#limits.atOnce) };
    this.#packages = new Map(options.packages.filter(isAudible).map((pkg) => [pkg.event, pkg]));
  }

  /** Every change of the hub (`hub.onChange`). */
  changed({ topic, aor }: Change): void {
    if (this.#stopped) return;
    if (topic === 'registration') this.#compare(aor);
    else if (topic === 'dialogs' && this.#entries.has(aor)) this.#tell(aor, 'dialog');
  }

  /** Phones may have to be watched otherwise now (`profileFor`). Those that are as before go on. */
  renew(users: Iterable<Aor>): void {
    if (this.#stopped) return;
    for (const aor of new Set([...this.#entries.keys(), ...users])) this.#compare(aor);
  }

  /** Of one user, or of all. */
  list(aor?: Aor): readonly PhoneWatchView[] {
    const chosen = aor === undefined ? [...this.#entries] : [[aor, this.#entries.get(aor) ?? new Map()] as const];
    return chosen.flatMap(([user, entries]) =>
      [...entries.values()].map(({ watch, event, device }: Entry) => ({
        aor: user,
        event,
        contact: device.uri,
        userAgent: device.userAgent,
        state: watch.state,
        reason: watch.why,
        source: watch.source,
        expiresAt: watch.until,
      })),
    );
  }

  /**
   * Unsubscribes everywhere: after a restart no phone tells a dialog that nobody knows. Resolves when all have said their
   * last word, or after half a second; nothing is left then.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    const all = [...this.#entries.values()].flatMap((entries) => [...entries.values()]);
    this.#entries.clear();
    for (const { timer } of this.#recent.values()) timer.cancel();
    this.#recent.clear();
    const ended = Promise.all(all.map(({ watch }) => watch.end())).then(() => undefined);
    await within(this.#options.clock, stopMs, ended, () => undefined);
    for (const { watch } of all) watch.abandon();
  }

  /** Begins what is new, ends what is gone. A phone that registers again as it was goes on. */
  #compare(aor: Aor): void {
    const wanted = this.#wanted(aor);
    const known = this.#entries.get(aor) ?? new Map<string, Entry>();
    for (const [key, { watch, event }] of [...known]) {
      if (wanted.has(key)) continue;
      known.delete(key);
      this.#size -= 1;
      this.#full = false;
      void watch.end();
      this.#tell(aor, event);
    }
    for (const [key, { device, pkg, profile }] of wanted) {
      if (known.has(key) || !this.#hasRoom() || !this.#isInPace(aor)) continue;
      known.set(key, this.#begin(aor, device, pkg, profile));
    }
    if (known.size > 0) this.#entries.set(aor, known);
    else this.#entries.delete(aor);
    for (const { watch } of known.values()) if (watch.state === 'new') watch.start();
  }

  #wanted(aor: Aor): ReadonlyMap<string, { device: Device; pkg: Audible; profile: PhoneProfile }> {
    const wanted = new Map<string, { device: Device; pkg: Audible; profile: PhoneProfile }>();
    const { devices = [] } = this.#options.view(aor);
    let phones = 0;
    for (const device of devices) {
      const profile = this.#options.profileFor(device.userAgent);
      if (profile.watch.length === 0 || phones === this.#limits.phonesPerUser) continue;
      phones += 1;
      for (const event of profile.watch) {
        const pkg = this.#packages.get(event);
        const key = [device.uri, device.via ?? '', profile.name, profile.watchProof, event].join('\n');
        if (pkg !== undefined) wanted.set(key, { device, pkg, profile });
      }
    }
    return wanted;
  }

  /** Contacts are what a user says: changing them must not make us send without end to whom he names. */
  #isInPace(aor: Aor): boolean {
    const recent = this.#recent.get(aor) ?? {
      count: 0,
      waiting: false,
      timer: this.#options.clock.after(minuteMs, () => {
        this.#recent.delete(aor);
        if (recent.waiting) this.#compare(aor);
      }),
    };
    this.#recent.set(aor, recent);
    recent.waiting ||= recent.count >= this.#limits.perMinute;
    recent.count += 1;
    return !recent.waiting;
  }

  #hasRoom(): boolean {
    if (this.#size < this.#limits.total) return true;
    if (!this.#full) this.#logger.warn({ total: this.#limits.total }, 'too many phones to watch: further ones are not');
    this.#full = true;
    return false;
  }

  #begin(aor: Aor, device: Device, pkg: Audible, profile: PhoneProfile): Entry {
    const word = new Word(pkg, this.#options.clock);
    const { event } = pkg;
    this.#size += 1;
    const watch = new Watch(
      {
        aor,
        place: { uri: device.uri, via: device.via ?? null },
        event,
        accept: pkg.publishTypes ?? pkg.contentTypes,
        expires,
        proof: profile.watchProof,
        hear: (notify, source, askAgain) => {
          const { reply, wishes, gap } = word.take(notify);
          if (gap) askAgain();
          if (wishes.length > 0) this.#wish(aor, wishes, { ...device, from: source });
          this.#tell(aor, event);
          return reply;
        },
        silenced: () => {
          word.forget();
          this.#tell(aor, event);
        },
      },
      this.#tools,
    );
    return { watch, event, device, word, calls: new OwnCalls() };
  }

  /** All that is said of a user in one package, by the phones that are still his. */
  #tell(aor: Aor, event: string): void {
    if (this.#stopped) return;
    const { hasCalls, say } = this.#options;
    const entries = [...(this.#entries.get(aor)?.values() ?? [])].filter((entry) => entry.event === event);
    const atPbx = event === 'dialog' && entries.length > 0 && hasCalls(aor);
    say(
      aor,
      event,
      entries.flatMap(({ word, calls }) => calls.filter(word.said, atPbx) ?? []),
    );
  }

  /** One after the other, as if the keys of the phone had been pressed. */
  #wish(aor: Aor, wishes: readonly PhoneWish[], { userAgent, from }: Device & { readonly from: string }): void {
    const lane = this.#wishes.get(aor) ?? { tail: Promise.resolve(), waiting: 0 };
    if (lane.waiting >= this.#limits.waitingWishes) return;
    this.#wishes.set(aor, lane);
    lane.waiting += 1;
    const origin: Origin = { kind: 'phone', who: userOf(aor), from, userAgent };
    const put = async (): Promise<void> => {
      for (const wish of wishes) await this.#options.grant({ ...wish, aor, origin });
    };
    lane.tail = lane.tail
      .then(put)
      .catch((error: unknown) => this.#logger.error({ err: error, aor }, 'the gate failed on what a phone said'))
      .then(() => {
        lane.waiting -= 1;
        if (lane.waiting === 0) this.#wishes.delete(aor);
      });
  }
}

function isAudible(pkg: EventPackage): pkg is Audible {
  return pkg.publish !== undefined;
}
