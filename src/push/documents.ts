import { accountUri } from '../event-packages/account-uri.ts';
import type { Rendered } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { Random } from '../model/random.ts';
import type { ResourceView } from '../model/views.ts';
import type { Debt, Lane } from './lane.ts';
import type { Versions } from './versions.ts';

export interface DocumentTools {
  readonly random: Random;
  readonly state: { view(aor: Aor): ResourceView };
  readonly versions: Versions;
  readonly profileFor: (userAgent: string | null) => PhoneProfile;
  readonly mayPickUp: (watcher: Aor | null, resource: Aor) => boolean;
}

/** RFC 3261 18.1.1: 1,300 bytes of a datagram, less the headers that a PBX writes. */
const roomBytes = 600;

/** What pushed NOTIFYs say: the documents of the packages, as a subscription of that phone would get them. */
export class Documents {
  readonly #tools: DocumentTools;
  /** Profiles as they are used here. */
  readonly #profiles = new WeakMap<PhoneProfile, PhoneProfile>();

  constructor(tools: DocumentTools) {
    this.#tools = tools;
  }

  /** No body: there is nothing to say. */
  render(lane: Lane, resource: Aor, { scope, occasion }: Debt): Rendered {
    const { state, versions, mayPickUp, random } = this.#tools;
    const { phone, wanted } = lane;
    const { pkg } = wanted;
    const rendered = pkg.render(state.view(resource), {
      entity: accountUri(resource),
      contentType: pkg.contentTypes[0],
      profile: this.#profileOf(lane),
      scope,
      occasion,
      version: versions.take(1),
      shown: lane.shown(resource),
      roomBytes,
      watcher: phone,
      own: resource === phone,
      mayPickUp: mayPickUp(phone, resource),
      boundary: random.bytes(12).toString('hex'),
      watchers: [],
      params: {},
    });
    return { ...rendered, bodies: rendered.bodies.filter(({ contentType }) => contentType !== null) };
  }

  /** COMPAT(all of them): nothing is put together that can be sent apart; a multipart body would have to pass through a PBX. */
  #profileOf({ wanted, phone }: Lane): PhoneProfile {
    const { state, profileFor } = this.#tools;
    const userAgent = state.view(phone).devices?.[0]?.userAgent ?? null;
    const usual = wanted.rule.profile ?? profileFor(userAgent);
    const there = this.#profiles.get(usual);
    if (there !== undefined) return there;
    const profile: PhoneProfile = { ...usual, initialNotify: 'sequential' };
    this.#profiles.set(usual, profile);
    return profile;
  }
}
