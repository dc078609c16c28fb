import type { RenderRequest, Scope } from '../event-packages/event-package.ts';
import type { PhoneProfile } from '../model/profile.ts';
import { type Random, token } from '../model/random.ts';
import type { NotifyMessage, NotifySender } from '../sip/front.ts';
import type { Subscription } from './record.ts';

/** A NOTIFY but for its body. */
export type Head = Omit<NotifyMessage, 'content' | 'contentType'>;

/** What a renderer may know of one subscription. A class: getters of an object literal are made anew for each NOTIFY. */
export class SubscriptionRender implements RenderRequest {
  readonly entity: string;
  readonly contentType: string;
  readonly profile: PhoneProfile;
  readonly scope: Scope;
  readonly occasion: RenderRequest['occasion'];
  readonly version: number;
  readonly shown: readonly string[];
  readonly own: boolean;
  readonly #sub: Subscription;
  readonly #head: Head;
  readonly #sender: NotifySender;
  readonly #random: Random;
  #boundary: string | null = null;

  constructor(sub: Subscription, scope: Scope, head: Head, sender: NotifySender, random: Random) {
    this.entity = sub.entity;
    this.contentType = sub.contentType;
    this.profile = sub.profile;
    this.scope = scope;
    this.occasion = sub.debt.occasion;
    this.version = sub.version;
    this.shown = sub.shown;
    this.own = sub.watcher === sub.aor;
    this.#sub = sub;
    this.#head = head;
    this.#sender = sender;
    this.#random = random;
  }

  /** Costs microseconds, and most documents do without; so does the boundary. */
  get roomBytes(): number {
    return this.#sender.roomBytes(this.#sub.channel.dialog, this.#head);
  }

  get boundary(): string {
    this.#boundary ??= token(this.#random, 96);
    return this.#boundary;
  }
}
