import type { LeftWatcher, RenderRequest, Scope, WatcherEntry } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { PhoneProfile } from '../model/profile.ts';
import { type Random, token } from '../model/random.ts';
import type { NotifyMessage, NotifySender } from '../sip/front.ts';
import type { Subscription } from './record.ts';
import { noParams } from './terms.ts';

/** A NOTIFY but for its body. */
export type Head = Omit<NotifyMessage, 'content' | 'contentType'>;

export interface RenderTools {
  readonly sender: NotifySender;
  readonly random: Random;
  readonly watchersFor: (sub: Subscription) => readonly WatcherEntry[];
  readonly leftFor: (sub: Subscription) => readonly LeftWatcher[];
  readonly mayPickUp: (watcher: Aor | null, resource: Aor) => boolean;
}

/** What a renderer may know of one subscription. A class: getters of an object literal are made anew for each NOTIFY. */
export class SubscriptionRender implements RenderRequest {
  readonly entity: string;
  readonly contentType: string;
  readonly profile: PhoneProfile;
  readonly scope: Scope;
  readonly occasion: RenderRequest['occasion'];
  readonly version: number;
  readonly shown: readonly string[];
  readonly watcher: Aor | null;
  readonly own: boolean;
  readonly params: RenderRequest['params'];
  readonly #sub: Subscription;
  readonly #head: Head;
  readonly #tools: RenderTools;
  #boundary: string | null = null;

  constructor(sub: Subscription, scope: Scope, head: Head, tools: RenderTools) {
    this.entity = sub.entity;
    this.contentType = sub.contentType;
    this.profile = sub.profile;
    this.scope = scope;
    this.occasion = sub.debt.occasion;
    this.version = sub.version;
    this.shown = sub.shown;
    this.watcher = sub.watcher;
    this.own = sub.watcher === sub.aor;
    this.params = sub.terms?.params ?? noParams;
    this.#sub = sub;
    this.#head = head;
    this.#tools = tools;
  }

  /** Costs microseconds, and most documents do without; so does the boundary. */
  get roomBytes(): number {
    return this.#tools.sender.roomBytes(this.#sub.channel.dialog, this.#head);
  }

  get boundary(): string {
    this.#boundary ??= token(this.#tools.random, 96);
    return this.#boundary;
  }

  get mayPickUp(): boolean {
    return this.#tools.mayPickUp(this.#sub.watcher, this.#sub.aor);
  }

  get watchers(): readonly WatcherEntry[] {
    return this.#tools.watchersFor(this.#sub);
  }

  get left(): readonly LeftWatcher[] {
    return this.#tools.leftFor(this.#sub);
  }
}
