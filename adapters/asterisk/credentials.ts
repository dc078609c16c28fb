import { Fault } from '../../src/model/errors.ts';
import type { Credentials, DigestFacts } from '../adapter.ts';
import type { AmiLink } from './ami.ts';
import type { AriRest } from './ari-rest.ts';

/** The ways to the PBX; at least one is there. */
export interface Access {
  readonly ari: AriRest | null;
  readonly ami: AmiLink | null;
}

/** An `auth` object of PJSIP. */
interface Auth {
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  /** MD5(username:realm:password), where only that is kept. */
  readonly md5: string;
}

/** Asterisk's own default of `default_realm`. */
const usualRealm = 'asterisk';

/**
 * SIP passwords as the PBX keeps them. Asked for at every need, so that a change counts at once; nothing of them is kept
 * but user names and realms, and nothing is logged.
 */
export class CredentialReader {
  readonly #access: Access;
  #facts: DigestFacts | null = null;
  #defaultRealm = usualRealm;
  /** Digest user name to endpoint, where they differ. */
  #endpoints: ReadonlyMap<string, string> = new Map();

  constructor(access: Access) {
    this.#access = access;
  }

  get facts(): DigestFacts | null {
    return this.#facts;
  }

  /** Learns realm and kinds of passwords; `phones`: endpoint to the names of its auth objects. */
  async refresh(phones: ReadonlyMap<string, readonly string[]>): Promise<void> {
    this.#defaultRealm = await this.#readDefaultRealm();
    const auths = await this.#readAuths(new Set([...phones.values()].flat()));
    const realms = new Map<string, number>();
    const endpoints = new Map<string, string>();
    let md5Only = false;
    for (const [endpoint, names] of phones) {
      const auth = names.map((it) => auths.get(it)).find((it) => it !== undefined && it.username !== '');
      if (auth === undefined) continue;
      const realm = auth.realm || this.#defaultRealm;
      realms.set(realm, (realms.get(realm) ?? 0) + 1);
      if (auth.password === '' && auth.md5 !== '') md5Only = true;
      // Two endpoints with one user name, neither called so: nobody knows whose password is meant.
      if (auth.username !== endpoint) endpoints.set(auth.username, endpoints.has(auth.username) ? '' : endpoint);
    }
    const realm = [...realms].sort((a, b) => b[1] - a[1])[0]?.[0] ?? this.#defaultRealm;
    this.#endpoints = endpoints;
    this.#facts = { realm, md5Only };
  }

  /** By digest user name or by endpoint. Null: no such user, or no password. */
  async of(user: string): Promise<Credentials | null> {
    const own = await this.#authOf(user);
    const endpoint = own === null ? (this.#endpoints.get(user) ?? '') : user;
    const auth = own ?? (await this.#authOf(endpoint));
    if (auth === null) return null;
    const realm = auth.realm || this.#defaultRealm;
    const extension = endpoint === user ? {} : { extension: endpoint };
    if (auth.password !== '') return { realm, password: auth.password, ...extension };
    return auth.md5 === '' ? null : { realm, ha1: auth.md5.toLowerCase(), ...extension };
  }

  /** The first usable auth of an endpoint. */
  async #authOf(endpoint: string): Promise<Auth | null> {
    const { ari, ami } = this.#access;
    // `.` and `..` would walk through the path of a URL
    if (/^\.{0,2}$|[\r\n\0]/.test(endpoint)) return null;
    if (ari !== null) {
      const there = await ari.pjsip('endpoint', endpoint);
      // As many questions for a user nobody knows as for one who is there: the time must not tell them apart.
      if (there === null) await ari.pjsip('auth', endpoint);
      const names = namesIn(there?.get('auth'));
      for (const name of names) {
        const found = await ari.pjsip('auth', name);
        const auth = found === null ? null : authFrom((key) => found.get(key));
        if (auth !== null) return auth;
      }
      return null;
    }
    if (ami === null) throw new Fault('pbx-unreachable', 'no way to the PBX');
    const { rows } = await ami.action('PJSIPShowEndpoint', [['Endpoint', endpoint]]);
    const details = rows.filter((it) => it['Event'] === 'AuthDetail');
    return details.map((it) => authFrom((key) => it[amiName(key)])).find((it) => it !== null) ?? null;
  }

  async #readAuths(names: ReadonlySet<string>): Promise<Map<string, Auth>> {
    const { ari, ami } = this.#access;
    const auths = new Map<string, Auth>();
    if (ami !== null) {
      const { rows } = await ami.action('PJSIPShowAuths');
      for (const row of rows) {
        const auth = authFrom((key) => row[amiName(key)]);
        if (auth !== null) auths.set(row['ObjectName'] ?? '', auth);
      }
      return auths;
    }
    for (const name of names) {
      const found = await ari?.pjsip('auth', name);
      const auth = found ? authFrom((key) => found.get(key)) : null;
      if (auth !== null) auths.set(name, auth);
    }
    return auths;
  }

  async #readDefaultRealm(): Promise<string> {
    const { ari, ami } = this.#access;
    if (ari !== null) return (await ari.pjsip('global', 'global'))?.get('default_realm') || usualRealm;
    const answer = await ami?.action('GetConfigJSON', [['Filename', 'pjsip.conf']]);
    return defaultRealmIn(answer?.fields['JSON'] ?? '') ?? usualRealm;
  }
}

/** The realm in pjsip.conf's section of type `global`, whatever that section is called. */
function defaultRealmIn(json: string): string | null {
  try {
    const sections = Object.values(JSON.parse(json) as Record<string, Record<string, unknown>>);
    const realm = sections.find((it) => it?.['type'] === 'global')?.['default_realm'];
    return typeof realm === 'string' && realm !== '' ? realm : null;
  } catch {
    return null;
  }
}

/** Null: not for digest (OAuth), or without a user. */
function authFrom(field: (name: string) => string | undefined): Auth | null {
  const username = field('username') ?? '';
  const password = field('password') ?? '';
  // COMPAT(Asterisk 22): `password_digest` is `MD5:…`, `md5_cred` its older name.
  const md5 = field('md5_cred') || (/(?:^|,)MD5:([0-9a-fA-F]{32})/.exec(field('password_digest') ?? '')?.[1] ?? '');
  if (username === '' || (password === '' && md5 === '')) return null;
  // auth_type decides which of the two counts where both are set.
  const isMd5 = field('auth_type') === 'md5';
  return { username, realm: field('realm') ?? '', password: isMd5 ? '' : password, md5 };
}

/** `auth_type` → `AuthType`: AMI's spelling. */
function amiName(attribute: string): string {
  return attribute.replaceAll(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

export function namesIn(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '');
}
