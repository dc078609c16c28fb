import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { Domain } from '../../src/model/domain.ts';

/**
 * Which domain a host name means. Strict: what is neither a domain nor an alias is not ours, so that two tenants with
 * the same extension numbers never mix, and no call of one is shown in the other.
 *
 * COMPAT(FreeSWITCH 1.11): on a profile with a forced domain, the phone's own leg and events carry the host it
 * registered with (`1001@127.0.0.1`), the leg that calls it the domain of the directory. Such hosts are the aliases.
 */
export class Domains {
  readonly #canonical = new Map<string, string>();
  readonly names: readonly string[];

  /** The first who claims a name or alias has it. */
  constructor(domains: readonly Domain[]) {
    this.names = [...new Set(domains.map((it) => it.name.toLowerCase()))];
    for (const name of this.names) this.#canonical.set(name, name);
    for (const { name, aliases } of domains) {
      for (const alias of aliases) {
        const key = alias.toLowerCase();
        if (!this.#canonical.has(key)) this.#canonical.set(key, name.toLowerCase());
      }
    }
  }

  /** The domain that `host` means, with or without a port; null = not ours. */
  canonical(host: string): string | null {
    const key = host.toLowerCase();
    return this.#canonical.get(key) ?? this.#canonical.get(key.replace(/:\d{1,5}$/, '')) ?? null;
  }

  /** null: nobody of ours. */
  aor(user: string | null | undefined, host: string | null | undefined): Aor | null {
    if (!user || !host || !sensible.test(user)) return null;
    const domain = this.canonical(host);
    return domain === null ? null : aorOf(user, domain);
  }

  /** From `1001@pbx.example`, with or without `sip:` or `sips:` before it. */
  parse(address: string | null | undefined): Aor | null {
    const bare = (address ?? '').replace(/^sips?:/i, '');
    const at = bare.lastIndexOf('@');
    return at < 1 ? null : this.aor(bare.slice(0, at), bare.slice(at + 1));
  }
}

/** A user part has no control characters, blanks or quotes, and is no novel. */
const sensible = /^[^\p{Cc}\s"<>]{1,128}$/u;
