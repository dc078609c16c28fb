import { isDeepStrictEqual } from 'node:util';
import type { LivePicture } from '../../../adapters/resync.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { type FeatureValue, featureOff } from '../../../src/model/feature.ts';
import type { Leg, PbxEvent, Snapshot } from '../../../src/model/pbx-event.ts';
import type { AcmeUser } from './events.ts';

/** The features this PBX keeps. */
export const kept = ['dnd', 'cfa'] as const;

/** What is known of the PBX. A fact is a whole user: told twice, it changes nothing. */
export class Picture implements LivePicture<AcmeUser> {
  readonly #source: string;
  readonly #domain: string;
  readonly #users: Map<string, AcmeUser>;

  constructor(source: string, domain: string, users: readonly AcmeUser[]) {
    this.#source = source;
    this.#domain = domain;
    this.#users = new Map(users.map((one) => [one.user, one]));
  }

  has(user: string): boolean {
    return this.#users.has(user);
  }

  /** Only differences come out. Who is not in the picture comes in with the next reading. */
  apply(now: AcmeUser): readonly PbxEvent[] {
    const before = this.#users.get(now.user);
    if (before === undefined) return [];
    this.#users.set(now.user, now);
    const [source, aor] = [this.#source, aorOf(now.user, this.#domain)];
    const events: PbxEvent[] = [];
    if (!isDeepStrictEqual(before.calls, now.calls)) events.push({ source, type: 'dialogs', aor, legs: legsOf(now) });
    for (const feature of kept) {
      const value = featureOf(now, feature);
      if (!isDeepStrictEqual(featureOf(before, feature), value)) {
        events.push({ source, type: 'feature', aor, feature, value });
      }
    }
    if (before.phones !== now.phones) events.push({ source, type: 'registration', aor, contacts: now.phones });
    if (!isDeepStrictEqual(before.messages, now.messages)) {
      events.push({ source, type: 'mailbox', aor, counts: countsOf(now) });
    }
    return events;
  }

  snapshot(): Snapshot {
    const users = [...this.#users.values()].map((user) => ({ user, aor: aorOf(user.user, this.#domain) }));
    return {
      extensions: users.map(({ aor }) => ({ aor, displayName: null })),
      dialogs: users.map(({ user, aor }) => ({ aor, legs: legsOf(user) })),
      features: users.flatMap(({ user, aor }) =>
        kept.map((feature) => ({ aor, feature, value: featureOf(user, feature) })),
      ),
      registrations: users.map(({ user, aor }) => ({ aor, contacts: user.phones })),
      mailboxes: users.map(({ user, aor }) => ({ aor, counts: countsOf(user) })),
    };
  }
}

export function featureOf(user: AcmeUser, feature: (typeof kept)[number]): FeatureValue {
  if (feature === 'dnd') return { ...featureOff, enabled: user.dnd };
  return { ...featureOff, enabled: user.forward !== null, target: user.forward };
}

/** A leg is one side of a call; its id is its own, `call` is common to both. */
function legsOf({ user, calls }: AcmeUser): readonly Leg[] {
  return calls.map((it) => ({
    id: `${it.id}/${user}`,
    call: it.id,
    phase: it.answered ? 'confirmed' : 'early',
    direction: it.outgoing ? 'initiator' : 'recipient',
    holding: it.holding,
    remote: { number: it.with, name: null, presentable: true },
    since: it.since,
  }));
}

function countsOf({ messages }: AcmeUser) {
  return { ...messages, newUrgent: 0, oldUrgent: 0 };
}
