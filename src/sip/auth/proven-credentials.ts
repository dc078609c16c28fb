import type { Aor } from '../../model/aor.ts';
import type { CredentialEntry } from './credentials.ts';

/** What the PBX said longer ago is not believed even while it is away; milliseconds. */
const mostAgeMs = 24 * 3600_000;
/** More users than any PBX of ours has; who comes later is not remembered. */
const mostUsers = 200_000;

/**
 * What the PBX last said of users who have shown the right password: for the time in which it is away and cannot be asked,
 * so that the phones that were served go on to be. In memory only: after a restart nobody is known.
 */
export class ProvenCredentials {
  readonly #byUser = new Map<Aor, CredentialEntry>();

  get size(): number {
    return this.#byUser.size;
  }

  /** The password of this one was shown. */
  add(entry: CredentialEntry): void {
    if (this.#byUser.size < mostUsers || this.#byUser.has(entry.user)) this.#byUser.set(entry.user, entry);
  }

  /** The PBX was asked again: what it said before counts no longer. */
  renew(entry: CredentialEntry): void {
    if (!this.#byUser.has(entry.user)) return;
    if (entry.found === null) this.#byUser.delete(entry.user);
    else this.#byUser.set(entry.user, entry);
  }

  /** undefined: nothing that could still be believed. `now`: milliseconds. */
  of(user: Aor, now: number): CredentialEntry | undefined {
    const entry = this.#byUser.get(user);
    return entry === undefined || now - entry.at >= mostAgeMs ? undefined : entry;
  }
}
