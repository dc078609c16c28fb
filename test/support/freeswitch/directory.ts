/** A user of the directory. */
export interface DirectoryUser {
  readonly id: string;
  readonly domain: string;
  readonly name: string;
  /** Either the clear password … */
  readonly password?: string;
  /** … or MD5(user:realm:password). */
  readonly a1Hash?: string;
  /** Channel and directory variables; a missing one has no value. */
  readonly variables: Map<string, string>;
}

const columns = 'userid|context|domain|group|contact|callgroup|effective_caller_id_name|effective_caller_id_number';

/** The directory of a fake FreeSWITCH and the commands that read it, in the words of the real one. */
export class Directory {
  readonly #users = new Map<string, DirectoryUser>();
  /** False: a directory made by a script for each question (FusionPBX, mod_xml_curl), which no listing shows. */
  listed = true;

  add(id: string, domain: string, secret: { password?: string; a1Hash?: string }, name = `Ext ${id}`): DirectoryUser {
    const user: DirectoryUser = { id, domain, name, ...secret, variables: new Map() };
    this.#users.set(`${id}@${domain}`, user);
    return user;
  }

  remove(aor: string): void {
    this.#users.delete(aor);
  }

  get(aor: string): DirectoryUser | undefined {
    return this.#users.get(aor);
  }

  /** `user_data 1001@lab.test param password` */
  userData([aor = '', kind = '', name = '']: readonly string[]): string {
    const user = this.#users.get(aor);
    if (user === undefined) return '';
    if (kind === 'var') return this.#variable(user, name);
    if (kind === 'attr') return name === 'id' ? user.id : '';
    if (name === 'password') return user.password ?? '';
    if (name === 'a1-hash') return user.a1Hash ?? '';
    return '';
  }

  /** `user_exists id 1001 lab.test` */
  userExists([kind, id, domain]: readonly string[]): string {
    return String(kind === 'id' && this.#users.has(`${id}@${domain}`));
  }

  domainExists([domain]: readonly string[]): string {
    return String([...this.#users.values()].some((it) => it.domain === domain));
  }

  /** `list_users`; `contact`: what sofia_contact says of a user. */
  list(contact: (aor: string) => string): string {
    if (!this.listed || this.#users.size === 0) return '';
    const rows = [...this.#users.values()].map(({ id, domain, name }) =>
      [id, 'default', domain, 'default', contact(`${id}@${domain}`), '', name, id].join('|'),
    );
    return `${[columns, ...rows].join('\n')}\n\n+OK\n`;
  }

  /** `find_user_xml id 1001 lab.test` */
  userXml([kind, id, domain]: readonly string[]): string {
    const user = kind === 'id' ? this.#users.get(`${id}@${domain}`) : undefined;
    if (user === undefined) return '-ERR no reply\n';
    const { password, a1Hash } = user;
    const params = [
      ...(password === undefined ? [] : [['password', password]]),
      ...(a1Hash === undefined ? [] : [['a1-hash', a1Hash]]),
    ].map(([name, value]) => `        <param name="${name}" value="${escaped(value)}"></param>\n\n`);
    const names = ['domain_name', 'effective_caller_id_name', ...user.variables.keys()];
    const variables = names.map(
      (it) => `        <variable name="${it}" value="${escaped(this.#variable(user, it))}"></variable>\n\n`,
    );
    return [
      `<user id="${user.id}" domain-name="${user.domain}">\n`,
      `    <params>\n${params.join('')}  </params>\n\n`,
      `    <variables>\n${variables.join('')}  </variables>\n\n</user>\n`,
    ].join('');
  }

  #variable(user: DirectoryUser, name: string): string {
    if (name === 'domain_name') return user.domain;
    if (name === 'effective_caller_id_name') return user.name;
    if (name === 'effective_caller_id_number') return user.id;
    return user.variables.get(name) ?? '';
  }
}

export function escaped(text = ''): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
