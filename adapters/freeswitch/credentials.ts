import { type Aor, aorOf, domainOf } from '../../src/model/aor.ts';
import type { Credentials, DigestFacts } from '../adapter.ts';
import { userData } from './directory.ts';
import type { EslCommands } from './esl/commands.ts';

/**
 * SIP passwords as the directory keeps them. Asked for at every need, so that a change counts at once; nothing of them is
 * kept but whether some are only there as MD5, and nothing is logged.
 *
 * The realm is the user's domain: mod_sofia challenges with the host of From or of To (`challenge-realm` auto_from,
 * auto_to), which are both his domain, and `a1-hash` is made of it.
 */
export class CredentialReader {
  readonly #esl: EslCommands;
  /** Users whose kind of password is known; true: MD5 only. */
  #md5 = new Map<Aor, boolean>();
  /** Those of them who were asked about on this connection. */
  readonly #asked = new Set<Aor>();
  #read = false;

  constructor(esl: EslCommands) {
    this.#esl = esl;
  }

  /** `domain`: one of ours. null before the first reading: nobody knows yet which digest his users can answer. */
  digest(domain: string): DigestFacts | null {
    if (!this.#read) return null;
    const md5Only = [...this.#md5].some(([aor, only]) => only && domainOf(aor) === domain);
    return { realm: domain, md5Only };
  }

  /** A new connection: what was known may have changed with the directory. It counts until it is read again. */
  forget(): void {
    this.#asked.clear();
  }

  /** Learns how the passwords of these users are kept; of each once for a connection. */
  async refresh(users: readonly Aor[]): Promise<void> {
    const kept = new Map<Aor, boolean>();
    for (const aor of users) {
      const known = this.#asked.has(aor) ? this.#md5.get(aor) : undefined;
      kept.set(aor, known ?? isMd5(await this.#ask(aor)));
      this.#asked.add(aor);
    }
    this.#md5 = kept;
    this.#read = true;
  }

  /** `domain`: one of ours; `user` is written by strangers. */
  async of(user: string, domain: string): Promise<Credentials | null> {
    const aor = aorOf(user, domain);
    const found = await this.#ask(aor);
    if (found !== null && this.#md5.has(aor)) this.#md5.set(aor, isMd5(found));
    return found;
  }

  /** As many questions for a user nobody knows as for one who is there: the time must not tell them apart. */
  async #ask(aor: Aor): Promise<Credentials | null> {
    const password = await userData(this.#esl, aor, 'param', 'password');
    const hash = await userData(this.#esl, aor, 'param', 'a1-hash');
    const realm = domainOf(aor);
    if (password !== null) return { realm, password };
    return hash !== null && /^[0-9a-f]{32}$/i.test(hash) ? { realm, ha1: hash.toLowerCase() } : null;
  }
}

function isMd5(found: Credentials | null): boolean {
  return found !== null && found.password === undefined;
}
