import type { Aor } from '../model/aor.ts';

/** One value for each resource and PBX. */
export class PerSource<T> {
  readonly #values = new Map<Aor, Map<string, T>>();

  of(aor: Aor): ReadonlyMap<string, T> | undefined {
    return this.#values.get(aor);
  }

  get(source: string, aor: Aor): T | undefined {
    return this.#values.get(aor)?.get(source);
  }

  set(source: string, aor: Aor, value: T): void {
    const values = this.#values.get(aor);
    if (values === undefined) this.#values.set(aor, new Map([[source, value]]));
    else values.set(source, value);
  }

  delete(source: string, aor: Aor): void {
    const values = this.#values.get(aor);
    values?.delete(source);
    if (values?.size === 0) this.#values.delete(aor);
  }

  aors(): Iterable<Aor> {
    return this.#values.keys();
  }

  heldBy(source: string): readonly Aor[] {
    return [...this.#values].filter(([, values]) => values.has(source)).map(([aor]) => aor);
  }
}
