import type { Clock } from '../model/clock.ts';
import type { LinkState } from '../model/pbx-event.ts';
import type { LinkView } from '../model/views.ts';

/** The reason of a link that has not said anything since the start. */
export const neverTried = 'not connected yet';

/** The last word on a PBX that was taken out of the configuration. */
const notConfigured = 'not configured any more';

/** The link of each PBX, `down` until it says otherwise. */
export class Links {
  readonly #clock: Clock;
  readonly #views = new Map<string, LinkView>();

  constructor(sources: readonly string[], clock: Clock) {
    this.#clock = clock;
    this.order(sources);
  }

  /** The PBXs there are from now on, and their order. Answers what those that go are told as. */
  order(sources: readonly string[]): readonly LinkView[] {
    const before = new Map(this.#views);
    const since = this.#clock.now();
    this.#views.clear();
    for (const source of sources) {
      this.#views.set(source, before.get(source) ?? { source, state: 'down', reason: neverTried, since });
      before.delete(source);
    }
    return [...before.keys()].map((source) => ({ source, state: 'down', reason: notConfigured, since }));
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
