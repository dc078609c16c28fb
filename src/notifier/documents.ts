import type { Body, Rendered, Scope } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Logger } from '../model/logger.ts';
import type { ResourceView } from '../model/views.ts';
import type { NotifyMessage } from '../sip/front.ts';
import { EntityTags } from './entity-tags.ts';
import { listTermsOf, requireEventlist } from './list-terms.ts';
import type { StateReader } from './ports.ts';
import type { Subscription } from './record.ts';
import { type Head, type RenderTools, SubscriptionRender } from './subscription-render.ts';

export interface DocumentTools extends RenderTools {
  readonly logger: Logger;
  readonly state: Pick<StateReader, 'view'>;
  /** What a subscription to a list is told. */
  readonly renderList: (sub: Subscription, scope: Scope, head: Head) => Rendered;
}

export const noDocument: Body = { contentType: null, content: '', covers: 'full' };

/** What NOTIFYs say: the document of a package, or a list of them, and the headers that speak of it. */
export class Documents {
  readonly #tools: DocumentTools;
  readonly #tags: EntityTags;

  constructor(tools: DocumentTools) {
    this.#tools = tools;
    this.#tags = new EntityTags(({ watcher, aor }) => tools.mayPickUp(watcher, aor));
  }

  /** Never throws: RFC 6665 4.2.1.2 wants its NOTIFY all the same, and one without a body claims nothing. */
  rendered(view: ResourceView, sub: Subscription, scope: Scope, head: Head): Rendered {
    try {
      if (listTermsOf(sub) === null) return sub.pkg.render(view, new SubscriptionRender(sub, scope, head, this.#tools));
      return this.#tools.renderList(sub, scope, { ...head, headers: requireEventlist });
    } catch (error) {
      this.#tools.logger.error({ err: error, event: sub.pkg.event, aor: sub.aor }, 'a document could not be written');
      return { bodies: [noDocument], shown: sub.shown };
    }
  }

  /** RFC 4662 4.1, or RFC 5839 6.1. A document that cannot be written has no tag either; `rendered` tells of it. */
  headers(view: ResourceView, sub: Subscription): NotifyMessage['headers'] {
    if (listTermsOf(sub) !== null) return requireEventlist;
    try {
      return this.#tags.headers(view, sub);
    } catch {
      return undefined;
    }
  }

  /** Two are the same where the documents of these resources are, as this phone would read them now. */
  imprint(sub: Subscription, aors: readonly Aor[]): string {
    try {
      return aors.map((aor) => this.#tags.of(this.#tools.state.view(aor), sub) ?? '').join(' ');
    } catch {
      return ''; // `rendered` tells of a document that cannot be written
    }
  }

  /** Of the state as it is now; null: its package has none, nor has a list, which may change while no member does. */
  entityTag(sub: Subscription): string | null {
    return listTermsOf(sub) === null ? this.#tags.of(this.#tools.state.view(sub.aor), sub) : null;
  }
}
