import type { Aor } from '../../../src/model/aor.ts';
import type { Clock } from '../../../src/model/clock.ts';
import { type FeatureName, featureNames } from '../../../src/model/feature.ts';
import type { PhoneKey, Place } from './phone-feature.ts';

/** A phone's subscription to FreeSWITCH. */
export interface Phone {
  /** Names it here, and is stable as long as the subscription lives. */
  readonly handle: string;
  readonly aor: Aor;
  readonly place: Place;
  readonly callId: string | null;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Something that a phone wants to hear. */
export interface Question {
  /** Whose it is: `Phone.handle`. */
  readonly handle: string;
  /** Grows with every question of any phone: what is told to all after it may be its answer. */
  readonly number: number;
  /** Empty = everything. */
  readonly about: readonly FeatureName[];
}

/** Phones of one user at most, and of all; the ones heard of longest ago go first. */
const mostOfUser = 32;
const mostOfAll = 50_000;

/** Seconds a subscription outlives its time: clocks, and a refresh that is under way. */
const graceMs = 5_000;

/**
 * Which phones have subscribed for whom, each as FreeSWITCH named it. FreeSWITCH keeps the same list and forgets it with a
 * restart of the profile, without a word; being told for nothing harms nobody.
 */
export class Phones {
  readonly #clock: Clock;
  /** Heard of last at the end. */
  readonly #phones = new Map<string, Phone>();
  readonly #ofUser = new Map<Aor, Set<string>>();
  /** Subscriptions that FreeSWITCH keeps in this user's name and that are not his: they must not hear of him. */
  readonly #barred = new Map<string, number>();
  #questions = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The number of the last question. */
  get questions(): number {
    return this.#questions;
  }

  /** The phone called `handle` asks. The text crosses to the gate and comes back (`readQuestion`). */
  ask(handle: string, about: readonly FeatureName[]): string {
    return `${++this.#questions} ${about.join(',')} ${handle}`;
  }

  take(aor: Aor, place: Place, key: PhoneKey): Phone {
    const handle = handleOf(place, key.callId);
    this.drop(handle);
    const until = this.#clock.now() + key.expires * 1000 + graceMs;
    const phone: Phone = { handle, aor, place, callId: key.callId, until };
    this.#phones.set(handle, phone);
    const mine = this.#ofUser.get(aor) ?? new Set<string>();
    this.#ofUser.set(aor, mine.add(handle));
    const [oldestOfUser] = mine;
    if (mine.size > mostOfUser && oldestOfUser !== undefined) this.drop(oldestOfUser);
    const [oldest] = this.#phones.keys();
    if (this.#phones.size > mostOfAll && oldest !== undefined) this.drop(oldest);
    return phone;
  }

  /** null where it is unknown, or has run out. */
  of(handle: string): Phone | null {
    const phone = this.#phones.get(handle);
    if (phone === undefined) return null;
    if (phone.until > this.#clock.now()) return phone;
    this.drop(handle);
    return null;
  }

  ofUser(aor: Aor): readonly Phone[] {
    return [...(this.#ofUser.get(aor) ?? [])].map((handle) => this.of(handle)).filter((phone) => phone !== null);
  }

  drop(handle: string): void {
    const phone = this.#phones.get(handle);
    if (phone === undefined) return;
    this.#phones.delete(handle);
    const mine = this.#ofUser.get(phone.aor);
    mine?.delete(handle);
    if (mine?.size === 0) this.#ofUser.delete(phone.aor);
  }

  /** This subscription is in a name that is not its own. */
  bar(place: Place, expires: number): void {
    const now = this.#clock.now();
    for (const [name, until] of this.#barred) if (until <= now) this.#barred.delete(name);
    const name = placeName(place);
    const until = now + expires * 1000 + graceMs;
    if (this.#barred.size < mostOfAll) this.#barred.set(name, Math.max(until, this.#barred.get(name) ?? 0));
  }

  /** True where telling all phones of this place would tell a stranger too. */
  hasStranger(place: Place): boolean {
    return (this.#barred.get(placeName(place)) ?? 0) > this.#clock.now();
  }

  /** FreeSWITCH was started again: it knows no subscription any more. */
  clear(): void {
    this.#phones.clear();
    this.#ofUser.clear();
    this.#barred.clear();
  }
}

/** What `Phones.ask` wrote; null for anything else. */
export function readQuestion(text: string): Question | null {
  const [, number, about = '', handle = ''] = /^(\d+) ([a-z,]*) (.*)$/.exec(text) ?? [];
  if (number === undefined) return null;
  return { handle, number: Number(number), about: featureNames.filter((it) => about.split(',').includes(it)) };
}

export function handleOf(place: Place, callId: string | null): string {
  return `${placeName(place)} ${callId ?? ''}`;
}

/** One text for one place. */
export function placeName({ profile, user, host }: Place): string {
  return `${profile} ${user}@${host}`;
}
