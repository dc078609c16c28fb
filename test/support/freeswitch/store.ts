/** mod_db or mod_hash in small: the same words, other answers. */
export class KeyStore {
  readonly #kind: 'db' | 'hash';
  readonly #realms = new Map<string, Map<string, string>>();
  /** Commands that changed something, in order. */
  readonly writes: string[] = [];

  constructor(kind: 'db' | 'hash') {
    this.#kind = kind;
  }

  get(realm: string, key: string): string | undefined {
    return this.#realms.get(realm)?.get(key);
  }

  /** As the dialplan does it: nobody is told. */
  set(realm: string, key: string, value: string | null): void {
    const rows = this.#realms.get(realm) ?? new Map<string, string>();
    if (value === null) rows.delete(key);
    else rows.set(key, value);
    this.#realms.set(realm, rows);
    if (rows.size === 0) this.#realms.delete(realm);
  }

  clear(): void {
    this.#realms.clear();
  }

  /** `insert/dnd/1002@lab.test/true`. The value may hold a slash (recorded), the key may not. */
  api(args: string): string {
    const [word = '', realm = '', key = '', ...rest] = args.split('/');
    const value = rest.join('/');
    const isDb = this.#kind === 'db';
    const ok = isDb ? '+OK' : '+OK\n';
    switch (word) {
      case 'insert':
        // COMPAT(FreeSWITCH 1.11): an empty value is refused, and the old one stays.
        if (realm === '' || key === '' || value === '')
          return isDb ? '!err!' : '-USAGE: [insert|delete|select]/<realm>/<key>/<value>\n';
        this.writes.push(`${this.#kind} ${args}`);
        this.set(realm, key, value);
        return ok;
      case 'select':
        return this.get(realm, key) ?? '';
      case 'exists':
        return String(this.get(realm, key) !== undefined);
      case 'delete': {
        const there = this.get(realm, key) !== undefined;
        this.writes.push(`${this.#kind} ${args}`);
        this.set(realm, key, null);
        return isDb || there ? ok : '-ERR Not found\n';
      }
      case 'count':
        return String(realm === '' ? this.#realms.size : (this.#realms.get(realm)?.size ?? 0));
      case 'list':
        if (!isDb) return '';
        // COMPAT(FreeSWITCH 1.11): written into 4,096 bytes, each with a comma, of which the last is taken away.
        return [...(realm === '' ? this.#realms.keys() : (this.#realms.get(realm)?.keys() ?? []))]
          .map((it) => `${it},`)
          .join('')
          .slice(0, 4095)
          .slice(0, -1);
      default:
        return isDb ? '!err!' : '-USAGE: [insert|delete|select]/<realm>/<key>/<value>\n';
    }
  }
}
