import type { Aor } from '../../src/model/aor.ts';

/**
 * Whose phone has registered without being known as a user: a directory that cannot be listed shows him by that, and his phone
 * subscribes right after it.
 */
export class Newcomers {
  readonly #waiting = new Set<Aor>();
  /** Each is looked up once on a connection. */
  readonly #lookedUp = new Set<Aor>();

  add(aor: Aor): void {
    this.#waiting.add(aor);
  }

  /** True: another reading may show one of them. `isKnown`: what the last one showed. */
  take(isKnown: (aor: Aor) => boolean): boolean {
    const unknown = [...this.#waiting].filter((aor) => !isKnown(aor) && !this.#lookedUp.has(aor));
    this.#waiting.clear();
    for (const aor of unknown) this.#lookedUp.add(aor);
    return unknown.length > 0;
  }

  /** Another connection. */
  forget(): void {
    this.#waiting.clear();
    this.#lookedUp.clear();
  }
}
