import type { RefusedLogin } from '../model/refused-login.ts';

/** More than this many are not kept: whoever was silent for longest is forgotten. */
const most = 500;
const longestUser = 64;

/** Whose logins were refused since the start, for whoever seeks why a phone stays dark. Bounded, whatever comes. */
export class LoginTally {
  /** The one of longest ago first. */
  readonly #kept = new Map<string, RefusedLogin>();

  note(event: string, source: string, user: string | undefined, now: number): void {
    const name = user === undefined ? null : user.slice(0, longestUser).replaceAll(/[^\x20-\x7e]/g, '?');
    const key = `${event} ${source} ${name ?? ''}`;
    const count = (this.#kept.get(key)?.count ?? 0) + 1;
    this.#kept.delete(key);
    this.#kept.set(key, { event, source, user: name, count, lastAt: now });
    if (this.#kept.size <= most) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  /** The one of longest ago first. */
  list(): readonly RefusedLogin[] {
    return [...this.#kept.values()];
  }
}
