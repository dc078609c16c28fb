import { type Aor, userOf } from '../../../src/model/aor.ts';
import type { Clock } from '../../../src/model/clock.ts';
import { type FeatureName, type FeatureValue, featureNames, type Wish } from '../../../src/model/feature.ts';
import type { Logger } from '../../../src/model/logger.ts';
import type { Tell } from '../../adapter.ts';
import type { EslCommands } from '../esl/commands.ts';
import type { Features, NoticeStyle } from './notice.ts';
import type { KeyRequest, Notice, PhoneKey, Place } from './phone-feature.ts';
import { handleOf, Phones } from './phones.ts';
import { Speaker } from './speaker.ts';
import { contactAddress, printable } from './words.ts';

/** What must be known of the PBX to judge a phone's word. */
export interface Directory {
  /** The user that is meant; null: a domain that is not served here. */
  aorOf(user: string, host: string): Aor | null;
  has(aor: Aor): boolean;
  /** The contacts that are registered for him now. */
  contacts(aor: Aor): readonly string[];
  /** Whose registered contact this address (`contactAddress`) is. */
  holders(address: string): readonly Aor[];
  /** What the PBX holds for him, as last read. */
  value(aor: Aor, feature: FeatureName): FeatureValue | null;
  /** Where phones of his may be subscribed of which nobody has heard since the start. */
  places(aor: Aor): readonly Place[];
}

export interface NativeTools {
  /** The PBX's name in the configuration. */
  readonly source: string;
  readonly esl: EslCommands;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly directory: Directory;
  readonly style: NoticeStyle;
  readonly tell: Tell;
  /** A phone pressed a key and another script answers it: its user is to be read. */
  readonly pressedElsewhere: (aor: Aor) => void;
}

/** Keys that are kept while the PBX is being read. */
const mostKept = 5_000;
/** The same complaint is said again after this time; milliseconds. */
const quietMs = 60_000;
const mostComplaints = 1_000;

/**
 * Phones that stay subscribed to FreeSWITCH itself. A key that is pressed goes up as a `phone-key`; `tellFeatures` brings
 * back how things stand. Switches itself to `observe` where another script turns out to answer the phones as well.
 */
export class NativePhones {
  readonly #tools: NativeTools;
  readonly #phones: Phones;
  readonly #speaker: Speaker;
  readonly #complaints = new Map<string, number>();
  #mode: 'native' | 'observe' = 'native';
  #ready = false;
  #kept: PhoneKey[] = [];

  constructor(tools: NativeTools) {
    this.#tools = tools;
    this.#phones = new Phones(tools.clock);
    const { esl, clock, logger, style, directory } = tools;
    const places = (aor: Aor) => directory.places(aor);
    this.#speaker = new Speaker({
      esl,
      clock,
      logger,
      style,
      phones: this.#phones,
      places,
      complain: (...it) => this.#complain(...it),
    });
  }

  /** `observe` once a foreign script has been heard to tell phones. */
  get mode(): 'native' | 'observe' {
    return this.#mode;
  }

  /** The PBX has been read: what phones said meanwhile is taken, and who could not be told is told. */
  ready(): void {
    this.#ready = true;
    const kept = this.#kept;
    this.#kept = [];
    for (const key of kept) this.take(key);
    this.#speaker.again();
  }

  /** The PBX is away, or being read. `restarted`: it is another life of FreeSWITCH, which knows no subscription. */
  away(restarted = false): void {
    this.#ready = false;
    this.#speaker.pause();
    if (!restarted) return;
    this.#phones.clear();
    this.#speaker.forget();
  }

  /** The connection is gone: a key that could not be granted before is not pressed later, when much may have changed. */
  lost(): void {
    this.away();
    this.#kept = this.#kept.map((key) => ({ ...key, request: { ask: 'state' } }));
  }

  /** A phone subscribed, asked again, pressed a key or went. */
  take(key: PhoneKey): void {
    if (!this.#ready) {
      if (this.#kept.length < mostKept) this.#kept.push(key);
      return;
    }
    const { place, request } = key;
    if (place === null) {
      this.#complain('unusable', { says: key.says }, 'a phone with a name that must not be repeated: nothing is done');
      return;
    }
    const aor = this.#tools.directory.aorOf(place.user, place.host);
    if (aor === null || !this.#tools.directory.has(aor)) {
      // COMPAT(FreeSWITCH 1.11): `As-Feature-Event` passes unauthenticated where auth-subscriptions is off.
      this.#complain('unknown-user', { says: key.says }, 'a phone of nobody: nothing is done');
      return;
    }
    if (this.#mode === 'observe') {
      if (request.ask !== 'state') this.#tools.pressedElsewhere(aor);
      return;
    }
    if (this.#isStranger(aor, key)) {
      this.#phones.bar(place, key.expires);
      this.#phones.drop(handleOf(place, key.callId));
      const fields = { aor, says: key.says, contact: printable(key.contact, 120) };
      this.#complain('spoofed', fields, "a phone of another user in this user's name: refused, and it is told nothing");
      return;
    }
    this.#heard(aor, place, key);
  }

  /** Somebody registered a phone of this user: what could not be told before is told now. */
  registered(aor: Aor): void {
    if (!this.#ready || this.#mode === 'observe') return;
    for (const { handle } of this.#phones.ofUser(aor)) this.#ask(aor, [], handle);
  }

  /** A PHONE_FEATURE went out: our own, or that of somebody who answers the phones too. */
  noticed(notice: Notice): void {
    if (notice.mark === this.#tools.style.mark || this.#mode === 'observe') return;
    if (notice.mark !== null) {
      this.#complain('second', {}, 'a second Lamplighter tells the phones of this PBX: stop one, phones get all twice');
      return;
    }
    this.#mode = 'observe';
    this.#phones.clear();
    this.#speaker.forget();
    this.#tools.logger.error(
      { pbx: this.#tools.source, user: printable(notice.user, 32), host: printable(notice.host, 64) },
      'another script tells phones their features too (FusionPBX: the line with feature_event in lua.conf.xml). ' +
        'Lamplighter only observes from now on; take that line out and start Lamplighter again, or set mode: observe',
    );
  }

  /** See `PbxAdapter.tellFeatures`. */
  tellFeatures(aor: Aor, features: Features, phone: string | null): void {
    if (this.#mode === 'native') this.#speaker.tell(aor, features, phone);
  }

  #heard(aor: Aor, place: Place, key: PhoneKey): void {
    const { directory } = this.#tools;
    const wishes = this.#wishesOf(aor, place, key.request);
    if (wishes.length > 0 && directory.contacts(aor).length === 0) {
      this.#complain('unregistered', { aor, says: key.says }, 'a key of a user who has no phone registered: refused');
      wishes.length = 0;
    }
    if (key.expires === 0) {
      this.#phones.drop(handleOf(place, key.callId));
      if (wishes.length > 0) this.#ask(aor, wishes, handleOf(place, key.callId));
      return;
    }
    const { handle } = this.#phones.take(aor, place, key);
    // Who is not registered is told when he is: whoever asks before may be anybody.
    if (directory.contacts(aor).length > 0) this.#ask(aor, wishes, handle);
  }

  /** About what it wishes, or about everything. */
  #ask(aor: Aor, wishes: readonly Wish[], handle: string): void {
    const { tell, source } = this.#tools;
    const about = wishes.map(({ feature }) => feature);
    tell({ source, type: 'phone-key', aor, wishes, phone: this.#phones.ask(handle, about) });
  }

  #wishesOf(aor: Aor, { user, profile }: Place, request: KeyRequest): Wish[] {
    const origin = { kind: 'phone', who: user, from: `freeswitch:${profile}`, userAgent: null } as const;
    switch (request.ask) {
      case 'state':
        return [];
      case 'nonsense':
        this.#complain('nonsense', { aor, why: request.why }, 'a key that wishes nothing that could be done');
        return [];
      case 'some-forward': {
        // Off without a number is how most phones say off. Where one forward is on, that one is meant; else nobody knows.
        const on = featureNames.filter((it) => it !== 'dnd' && this.#tools.directory.value(aor, it)?.enabled);
        const [only, ...others] = on;
        return only === undefined || others.length > 0 ? [] : [{ aor, feature: only, enabled: false, origin }];
      }
      case 'set': {
        const { ask: _, ...wish } = request;
        return [{ ...wish, aor, origin }];
      }
    }
  }

  /**
   * COMPAT(FreeSWITCH 1.11): it authenticates the To and reports the From. A contact that is registered for another user,
   * and not for this one, belongs to a phone that calls itself what it is not. The rest cannot be seen from here.
   */
  #isStranger(aor: Aor, { contact }: PhoneKey): boolean {
    const address = contactAddress(contact);
    if (address === null) return false;
    const { directory } = this.#tools;
    if (directory.contacts(aor).some((it) => contactAddress(it) === address)) return false;
    return directory.holders(address).some((it) => it !== aor);
  }

  /** Once a minute for each kind and user, or a flood of keys would be a flood of lines. */
  #complain(kind: string, fields: { readonly aor?: Aor; readonly [name: string]: unknown }, message: string): void {
    const { clock, logger, source } = this.#tools;
    const name = `${kind} ${fields.aor === undefined ? '' : userOf(fields.aor)}`;
    const now = clock.now();
    if (now - (this.#complaints.get(name) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    if (this.#complaints.size >= mostComplaints) this.#complaints.clear();
    this.#complaints.set(name, now);
    logger.warn({ pbx: source, code: kind, ...fields }, message);
  }
}
