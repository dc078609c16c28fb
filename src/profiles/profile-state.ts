import { type Aor, domainOf, userOf } from '../model/aor.ts';
import { deviceName, type ProfileKey, type ProfileShelf } from '../model/profile-document.ts';
import type { Change, ResourceView } from '../model/views.ts';
import type { Shelves } from './shelves.ts';

/** What it is laid over: the truth as the notifier reads it. */
export interface Truths {
  view(aor: Aor): ResourceView;
  has(aor: Aor): boolean;
  onChange(listener: (change: Change) => void): () => void;
}

/** RFC 6080 5.1.3: who asks for the profile of a network and is nobody there. */
const anonymous = 'anonymous';

/**
 * The truth with profile documents. Beside users there are devices (`MAC:001565112233`, `urn:uuid:…`) and `anonymous`, as
 * long as there is anything to be told to them. A view is made once for each of the truth's, and where there are no
 * documents it is the truth's own.
 */
export class ProfileState {
  readonly #truths: Truths;
  readonly #shelves: Shelves;
  readonly #watched: () => Iterable<Aor>;
  /** View to the same with documents, until documents change. */
  #views = new WeakMap<ResourceView, ResourceView>();

  /** @param watched the resources whose profiles somebody watches at this moment. */
  constructor(truths: Truths, shelves: Shelves, watched: () => Iterable<Aor>) {
    this.#truths = truths;
    this.#shelves = shelves;
    this.#watched = watched;
    shelves.onChange(() => {
      this.#views = new WeakMap();
    });
  }

  has(aor: Aor, reads: readonly Change['topic'][] = []): boolean {
    return this.#truths.has(aor) || (reads.includes('profile') && !this.#shelves.empty && isNoUser(aor));
  }

  view(aor: Aor): ResourceView {
    const view = this.#truths.view(aor);
    if (this.#shelves.empty || view.lamp === true) return view;
    const known = this.#views.get(view);
    if (known !== undefined) return known;
    const shelf = this.#shelfFor(aor);
    const stranger = !view.known && isNoUser(aor);
    const whole: ResourceView = stranger
      ? { ...view, known: true, lamp: true, profiles: shelf }
      : { ...view, profiles: shelf };
    this.#views.set(view, whole);
    return whole;
  }

  /** Changes of the truth, and one of topic `profile` for each watched resource that a document may be for. */
  onChange(listener: (change: Change) => void): () => void {
    const stops = [
      this.#truths.onChange(listener),
      this.#shelves.onChange((keys) => {
        for (const aor of this.#watched()) {
          const kinds = new Set(keys.filter((key) => isFor(key, aor)).map(({ kind }) => kind));
          if (kinds.size > 0) listener({ topic: 'profile', aor, aspects: [...kinds] });
        }
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  #shelfFor(aor: Aor): ProfileShelf {
    const domain = domainOf(aor);
    const device = deviceName(userOf(aor));
    return {
      user: this.#shelves.get({ kind: 'user', domain, name: userOf(aor) }),
      device: device === null ? null : this.#shelves.get({ kind: 'device', domain, name: device }),
      localNetwork: this.#shelves.get({ kind: 'local-network', domain, name: 'default' }),
      models: this.#shelves.models(domain),
      deviceName: device,
      delivery: this.#shelves.delivery,
    };
  }
}

function isNoUser(aor: Aor): boolean {
  const user = userOf(aor);
  return user === anonymous || deviceName(user) !== null;
}

function isFor({ kind, domain, name }: ProfileKey, aor: Aor): boolean {
  if (domainOf(aor) !== domain) return false;
  if (kind === 'user') return userOf(aor) === name;
  // Which model a phone is, only its subscription says.
  return kind !== 'device' || deviceName(userOf(aor)) === name;
}
