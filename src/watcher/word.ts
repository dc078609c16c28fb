import { continued } from '../compositor/continued.ts';
import type { EventPackage, PhoneWish } from '../event-packages/event-package.ts';
import type { Clock } from '../model/clock.ts';
import type { Published } from '../model/publication.ts';
import type { HeardNotify, NotifyReply } from '../sip/front.ts';
import { Versions } from './versions.ts';

/** A package that understands what a phone says. */
export type Audible = EventPackage & Required<Pick<EventPackage, 'publish'>>;

/** What became of a NOTIFY's body. */
export interface Taken {
  readonly reply: NotifyReply;
  /** What the phone wishes by it, in its order. */
  readonly wishes: readonly PhoneWish[];
  /** The document leaves something out: everything is wanted again. */
  readonly gap: boolean;
}

const defaultMaxBytes = 16_384;
const ok: NotifyReply = { status: 200 };

/**
 * What one phone says in one package, from NOTIFY to NOTIFY. A phone repeats itself with each refresh, so only what differs
 * from what it said before is a wish. Of a phone that begins to talk, "on" is one, and "off" is not: it would switch off
 * what was set elsewhere while nobody listened to this phone.
 */
export class Word {
  readonly #pkg: Audible;
  readonly #clock: Clock;
  #said: Published | null = null;
  /** What it said last, in this dialog or the one before: so a new dialog does not make old words new. */
  #before: Published | null = null;
  #versions = new Versions();
  readonly #wished = new Map<string, string>();

  constructor(pkg: Audible, clock: Clock) {
    this.#pkg = pkg;
    this.#clock = clock;
  }

  /** What holds now; null: nothing. */
  get said(): Published | null {
    return this.#said;
  }

  take({ contentType, body }: Pick<HeardNotify, 'contentType' | 'body'>): Taken {
    const { publish, publishTypes, contentTypes, maxPublishBytes = defaultMaxBytes, event } = this.#pkg;
    if (body.length === 0) return only(ok); // RFC 6665 4.1.3: the state of the subscription, and no news
    const accepted = publishTypes ?? contentTypes;
    if (contentType === null || !accepted.includes(mediaType(contentType))) {
      return only({ status: 415, headers: [['Accept', accepted.join(', ')]] });
    }
    if (body.length > maxPublishBytes) return only({ status: 413 });
    const verdict = event === 'dialog' ? this.#versions.judge(body) : 'take';
    if (verdict !== 'take') return { reply: ok, wishes: [], gap: verdict === 'gap' };
    const read = publish(body, contentType, this.#before);
    if (!read.ok) return only({ status: read.refusal.status ?? 400, reason: read.refusal.message });
    this.#said = continued(this.#said, read.value.said, this.#clock.now());
    this.#before = this.#said;
    return { reply: ok, wishes: read.value.wishes.filter((wish) => this.#isNews(wish)), gap: false };
  }

  /** The dialog ended: what the phone said there holds no longer. What it wished was done, and is no news in the next one. */
  forget(): void {
    this.#said = null;
    if (this.#before?.kind === 'dialogs') this.#before = null; // they begin with a full document
    this.#versions = new Versions();
  }

  #isNews(wish: PhoneWish): boolean {
    const text = JSON.stringify(wish);
    const before = this.#wished.get(wish.feature);
    this.#wished.set(wish.feature, text);
    if (before !== undefined) return before !== text;
    return wish.feature !== 'agent' && wish.enabled;
  }
}

function only(reply: NotifyReply): Taken {
  return { reply, wishes: [], gap: false };
}

function mediaType(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
