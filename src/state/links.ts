import type { Clock } from '../model/clock.ts';
import type { LinkState } from '../model/pbx-event.ts';
import type { LinkView } from '../model/views.ts';

/** The reason of a link that has not said anything since the start. */
export const neverTried = 'not connected yet';

/** The link of each PBX, `down` until it says otherwise. */
export class Links {
  readonly #clock: Clock;
  readonly #views = new Map<string, LinkView>();

  constructor(sources: readonly string[], clock: Clock) {
    this.#clock = clock;
    for (const source of sources) {
      this.#views.set(source, { source, state: 'down', reason: neverTried, since: clock.now() });
    }
  }

  /** In the order of the configuration. */
  list(): readonly LinkView[] {
    return [...this.#views.values()];
  }

  isUp(source: string): boolean {
    return this.#views.get(source)?.state === 'up';
  }

  /** Answers the new view, or null where nothing differs. `since` is the time of the last change of state. */
  set(source: string, state: LinkState, reason: string | null): LinkView | null {
    const before = this.#views.get(source);
    if (before?.state === state && before.reason === reason) return null;
    const since = before?.state === state ? before.since : this.#clock.now();
    const after = { source, state, reason, since };
    this.#views.set(source, after);
    return after;
  }
}
