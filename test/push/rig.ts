import { asFeatureEvent } from '../../src/event-packages/as-feature-event/as-feature-event.ts';
import { dialog } from '../../src/event-packages/dialog/dialog.ts';
import type { Aor } from '../../src/model/aor.ts';
import { granted, type Outcome } from '../../src/model/outcome.ts';
import type { NotifiedPhone, PhoneNotice } from '../../src/model/phone-notice.ts';
import { defaultProfile } from '../../src/model/profile.ts';
import type { LinkView } from '../../src/model/views.ts';
import { Push } from '../../src/push/push.ts';
import type { PushRule } from '../../src/push/rules.ts';
import { type VersionStore, Versions } from '../../src/push/versions.ts';
import { domain, FakeState } from '../notifier/support.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

type Answer = Outcome<readonly NotifiedPhone[]>;

export interface Sent extends PhoneNotice {
  readonly phone: Aor;
  /** Clock time. */
  readonly at: number;
}

/** A PBX that sends NOTIFYs at once unless `hold` is set. */
export class FakePbx {
  readonly sent: Sent[] = [];
  readonly #clock: FakeClock;
  readonly #held: (() => void)[] = [];
  hold = false;
  /** What is answered; null: this PBX cannot. */
  answer: ((phone: Aor) => Answer | null) | null = null;
  owner: string | null = 'main';
  tellsItself = false;
  readonly told = new Set<string>();
  readonly #flying = new Map<string, number>();
  /** Of one phone and package. */
  mostInFlight = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  ownerOf(): string | null {
    return this.owner;
  }

  send(phone: Aor, notice: PhoneNotice): Promise<Answer> | null {
    const answer = this.answer === null ? granted([]) : this.answer(phone);
    if (answer === null) return null;
    this.sent.push({ phone, ...notice, at: this.#clock.now() });
    const lane = `${phone} ${notice.event}`;
    const flying = (this.#flying.get(lane) ?? 0) + 1;
    this.#flying.set(lane, flying);
    this.mostInFlight = Math.max(this.mostInFlight, flying);
    return new Promise((resolve) => {
      this.#held.push(() => {
        this.#flying.set(lane, (this.#flying.get(lane) ?? 1) - 1);
        resolve(answer);
      });
      if (!this.hold) this.release();
    });
  }

  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  isTold(phone: Aor, event: string, resource: Aor): boolean {
    return this.told.has(`${phone} ${event} ${resource}`);
  }
}

/** The store of the versions. */
export class FakeVersionStore implements VersionStore {
  limit = 0;
  broken = false;
  writes = 0;

  pushVersionLimit(): number {
    return this.limit;
  }

  reservePushVersions(limit: number): void {
    if (this.broken) throw new Error('disk full');
    this.writes += 1;
    this.limit = limit;
  }
}

export const rule = (change: Partial<PushRule> = {}): PushRule => ({
  extensions: /^(?:1\d{3})$/,
  domain,
  packages: [asFeatureEvent],
  watch: [],
  profile: { ...defaultProfile, notifyMinIntervalMs: 0 },
  sparesSubscribed: true,
  minIntervalMs: 500,
  repeatMs: null,
  ...change,
});

export const lampRule = (watch: readonly string[], change: Partial<PushRule> = {}): PushRule =>
  rule({ packages: [dialog], watch, ...change });

export function pushing(rules: readonly PushRule[] = [rule()], store = new FakeVersionStore()) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const state = new FakeState();
  const links = new Set<(link: LinkView) => void>();
  const pbx = new FakePbx(clock);
  const push = new Push({
    clock,
    logger,
    random: { bytes: (count) => Buffer.alloc(count, 7), fraction: () => 0.5 },
    rules,
    state: {
      view: (aor) => state.view(aor),
      has: (aor) => state.has(aor),
      onChange: (listener) => state.onChange(listener),
      onLink: (listener) => {
        links.add(listener);
        return () => links.delete(listener);
      },
    },
    ways: {
      ownerOf: () => pbx.ownerOf(),
      send: (phone, notice) => pbx.send(phone, notice),
      tellsItself: () => pbx.tellsItself,
      isTold: (phone, event, resource) => pbx.isTold(phone, event, resource),
    },
    versions: new Versions(store, logger),
    profileFor: () => defaultProfile,
    mayPickUp: () => false,
  });
  push.start();
  return {
    push,
    pbx,
    clock,
    logger,
    state,
    links,
    store,
    /** A phone registers, moves or, with 0, goes. */
    register: (aor: Aor, contacts = 1) => {
      state.views.set(aor, { ...state.view(aor), contacts });
      state.emit({ topic: 'registration', aor, aspects: ['contacts'] });
    },
    link: (of: LinkView['state'], source = 'main') => {
      for (const listener of links) listener({ source, state: of, reason: null, since: 0 });
    },
  };
}
