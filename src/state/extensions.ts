import { type Aor, domainOf, userOf } from '../model/aor.ts';
import { type FeatureName, featureNames } from '../model/feature.ts';
import type { ExtensionInfo } from '../model/pbx-event.ts';

const naturally = new Intl.Collator('en', { numeric: true });

/** 9 before 10, then by domain. */
function byNumber(a: Aor, b: Aor): number {
  return naturally.compare(userOf(a), userOf(b)) || naturally.compare(domainOf(a), domainOf(b)) || (a < b ? -1 : 1);
}

/** Which PBX has which extension. */
export class Extensions {
  readonly #sources: readonly string[];
  readonly #told = new Map<string, ReadonlyMap<Aor, ExtensionInfo>>();
  /** Features that a hook keeps from users. */
  readonly #hidden = new Map<Aor, ReadonlySet<FeatureName>>();
  #sorted: readonly Aor[] | null = null;
  #users: readonly Aor[] | null = null;

  /** @param sources the first has precedence; read again each time, as PBXs come and go. */
  constructor(sources: readonly string[]) {
    this.#sources = sources;
  }

  /** Every source has told a snapshot since start. */
  get synced(): boolean {
    return this.#told.size === this.#sources.length;
  }

  hasTold(source: string): boolean {
    return this.#told.has(source);
  }

  /** Some PBX said that it has this extension. */
  has(aor: Aor): boolean {
    return this.#holder(aor) !== null;
  }

  /**
   * The PBX that owns an extension: the first that has it; else the first that has not said yet which it has; null when
   * all have told and none has it.
   */
  owner(aor: Aor): string | null {
    return this.#holder(aor) ?? this.#sources.find((source) => !this.#told.has(source)) ?? null;
  }

  info(aor: Aor): ExtensionInfo | null {
    const source = this.#holder(aor);
    return source === null ? null : (this.#told.get(source)?.get(aor) ?? null);
  }

  /** What the user has: all that his PBX says, but for what a hook hides. */
  featuresOf(aor: Aor): readonly FeatureName[] {
    const told = this.info(aor)?.features ?? featureNames;
    const hidden = this.#hidden.get(aor);
    return hidden === undefined ? told : told.filter((feature) => !hidden.has(feature));
  }

  /** A hook's word. */
  assign(aor: Aor, feature: FeatureName, assigned: boolean): void {
    const hidden = new Set(this.#hidden.get(aor));
    if (assigned) hidden.delete(feature);
    else hidden.add(feature);
    if (hidden.size === 0) this.#hidden.delete(aor);
    else this.#hidden.set(aor, hidden);
  }

  /** What one PBX has; empty before it told. */
  of(source: string): ReadonlyMap<Aor, ExtensionInfo> {
    return this.#told.get(source) ?? new Map<Aor, ExtensionInfo>();
  }

  replace(source: string, infos: readonly ExtensionInfo[]): void {
    this.#told.set(source, new Map(infos.map((info) => [info.aor, info])));
    this.renew();
  }

  /** The PBX is not there any more, and is not waited for. */
  forget(source: string): void {
    this.#told.delete(source);
    this.renew();
  }

  /** Users from whom a hook keeps features. */
  hidden(): readonly Aor[] {
    return [...this.#hidden.keys()];
  }

  /** What was made of the sources and their order is made anew. */
  renew(): void {
    this.#sorted = null;
    this.#users = null;
  }

  /** All that may be watched: users, and lamps that are none. */
  list(): readonly Aor[] {
    this.#sorted ??= sortAors([...this.#told.values()].flatMap((infos) => [...infos.keys()]));
    return this.#sorted;
  }

  /** Without lamps that are no users. */
  users(): readonly Aor[] {
    this.#users ??= this.list().filter((aor) => !this.isLamp(aor));
    return this.#users;
  }

  isLamp(aor: Aor): boolean {
    return this.info(aor)?.lamp === true;
  }

  #holder(aor: Aor): string | null {
    // asked of each SUBSCRIBE, so without a function of its own
    for (const source of this.#sources) if (this.#told.get(source)?.has(aor) === true) return source;
    return null;
  }
}

/** Without doubles, in natural order. */
export function sortAors(aors: Iterable<Aor>): readonly Aor[] {
  return [...new Set(aors)].sort(byNumber);
}

/** True where two reports say the same of an extension. */
export function sameInfo(a: ExtensionInfo | undefined, b: ExtensionInfo | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.displayName === b.displayName && a.features?.join() === b.features?.join() && a.lamp === b.lamp;
}
