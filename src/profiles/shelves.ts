import type { ProfileDelivery, ProfileDocument, ProfileKey } from '../model/profile-document.ts';

/** Where a document stands; the first hides the others. */
const profileSources = ['api', 'file'] as const;

export type ProfileSource = (typeof profileSources)[number];

const noModels: ReadonlyMap<string, ProfileDocument> = new Map();

/** One text for a key: none of its parts has a line break. */
export function keyText({ kind, domain, name }: ProfileKey): string {
  return `${kind}\n${domain}\n${name}`;
}

/**
 * All profile documents, by where they stand: one put by the API hides a file of the same name, which is there again when
 * it is deleted. In memory; who keeps them is not its business.
 */
export class Shelves {
  #delivery: ProfileDelivery;
  readonly #documents: Readonly<Record<ProfileSource, Map<string, ProfileDocument>>> = {
    api: new Map(),
    file: new Map(),
  };
  /** Domain to the documents of models that count there; made when asked for. */
  #models = new Map<string, ReadonlyMap<string, ProfileDocument>>();
  #empty: boolean;
  readonly #listeners = new Set<(keys: readonly ProfileKey[]) => void>();

  constructor(delivery: ProfileDelivery) {
    this.#delivery = delivery;
    this.#empty = delivery.url === null;
  }

  get delivery(): ProfileDelivery {
    return this.#delivery;
  }

  /** Documents are delivered otherwise from now on; none is different, and listeners hear of none. */
  deliver(delivery: ProfileDelivery): void {
    this.#delivery = delivery;
    this.#change(() => undefined, []);
    for (const listener of this.#listeners) listener([]);
  }

  /** The document that counts. */
  get(key: ProfileKey): ProfileDocument | null {
    return this.#find(keyText(key))?.document ?? null;
  }

  /** The document of one source, whether it counts or not. */
  of(source: ProfileSource, key: ProfileKey): ProfileDocument | null {
    return this.#documents[source].get(keyText(key)) ?? null;
  }

  /** Nothing at all can be told to anybody. Asked for each NOTIFY. */
  get empty(): boolean {
    return this.#empty;
  }

  size(source: ProfileSource): number {
    return this.#documents[source].size;
  }

  /** Those that count, with the place where each stands; by kind, domain and name. */
  list(): readonly { readonly source: ProfileSource; readonly document: ProfileDocument }[] {
    const texts = new Set(profileSources.flatMap((source) => [...this.#documents[source].keys()]));
    return [...texts].sort().flatMap((text) => this.#find(text) ?? []);
  }

  models(domain: string): ReadonlyMap<string, ProfileDocument> {
    const known = this.#models.get(domain);
    if (known !== undefined) return known;
    const found = new Map<string, ProfileDocument>();
    for (const source of [...profileSources].reverse()) {
      for (const document of this.#documents[source].values()) {
        if (document.kind === 'model' && document.domain === domain) found.set(document.name, document);
      }
    }
    const models = found.size === 0 ? noModels : found;
    this.#models.set(domain, models);
    return models;
  }

  /** Puts or, with null, takes away; listeners hear of it where what counts is different. */
  set(source: ProfileSource, key: ProfileKey, document: ProfileDocument | null): void {
    this.#change(() => {
      if (document === null) this.#documents[source].delete(keyText(key));
      else this.#documents[source].set(keyText(key), document);
    }, [key]);
  }

  /** All of a source at once. */
  replace(source: ProfileSource, documents: readonly ProfileDocument[]): void {
    const kept = this.#documents[source];
    const keys = new Map([...kept.values(), ...documents].map((key) => [keyText(key), key]));
    this.#change(() => {
      kept.clear();
      for (const document of documents) kept.set(keyText(document), document);
    }, [...keys.values()]);
  }

  /** Hears which documents are different, came or went; answers how to stop. */
  onChange(listener: (keys: readonly ProfileKey[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #change(act: () => void, keys: readonly ProfileKey[]): void {
    const before = keys.map((key) => this.get(key)?.etag);
    act();
    this.#models = new Map();
    const none = profileSources.every((source) => this.#documents[source].size === 0);
    this.#empty = none && this.#delivery.url === null;
    const changed = keys.filter((key, at) => this.get(key)?.etag !== before[at]);
    if (changed.length > 0) for (const listener of this.#listeners) listener(changed);
  }

  #find(text: string): { readonly source: ProfileSource; readonly document: ProfileDocument } | null {
    for (const source of profileSources) {
      const document = this.#documents[source].get(text);
      if (document !== undefined) return { source, document };
    }
    return null;
  }
}
