import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { readDocuments } from '../config/documents.ts';
import { mergeDocuments } from '../config/merge.ts';
import { hostPort, isLocal } from '../model/host-port.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import type { PbxAccess } from '../model/setup.ts';
import { isPlain, type SecretName } from './passwords.ts';

/** What a configuration that stays as it is logs in with. */
export interface Kept {
  /** As what was planned, with the passwords that do not stand where setup writes them. */
  readonly access: PbxAccess;
  /** null: it names none. */
  readonly domain: string | null;
  /** Those passwords: they are the admin's, in the configuration or in a file of his. */
  readonly own: readonly SecretName[];
}

/** A way in: where, and as whom. */
interface Door {
  readonly name: SecretName;
  readonly host: string;
  readonly port: number;
  /** null: as nobody, by a password alone. */
  readonly user: string | null;
  /** null: there is none yet. */
  readonly password: string | null;
}

type Settings = Readonly<Record<string, unknown>>;

/**
 * Whether a configuration that stays will be let in where setup is about to make accounts, and by which passwords. Refusals:
 * `config-differs`, which says what is different.
 *
 * @param planned what setup would write.
 */
export function keptBy(file: string, planned: PbxAccess): Outcome<Kept> {
  const tree = settingsOf(file);
  if (tree === null) return differs('it cannot be read; check-config says why');
  const entries = Array.isArray(tree['pbx']) ? tree['pbx'].map(settings) : [];
  const ofType = entries.filter((entry) => entry['type'] === planned.type);
  const outcomes = ofType.map((entry) => keptOf(entry, planned, dirname(file)));
  const domain = typeof tree['domain'] === 'string' ? tree['domain'] : null;
  const first = outcomes.find(({ ok }) => ok) ?? outcomes[0] ?? differs(`it has no pbx of type ${planned.type}`);
  return first.ok ? granted({ domain, ...first.value }) : first;
}

function keptOf(entry: Settings, planned: PbxAccess, folder: string): Outcome<Omit<Kept, 'domain'>> {
  const own = new Map<SecretName, string>();
  const users = new Map<SecretName, string>();
  for (const wanted of doorsOf(planned)) {
    const { name } = wanted;
    if (entry[name] === undefined) continue;
    const door = doorOf(name, settings(entry[name]));
    if (!isSame(door, wanted)) {
      return differs(`it logs in to ${name.toUpperCase()} ${told(door)}, and not ${told(wanted)}`);
    }
    const user = settings(entry[name])['user'];
    if (typeof user === 'string') users.set(name, user);
    const found = passwordOf(settings(entry[name]), join(folder, name));
    if (!found.ok) return found;
    const password = found.value;
    if (password === null) continue;
    if (wanted.password !== null && wanted.password !== password)
      return differs(`its password for ${name.toUpperCase()} is another than that of the account on the PBX`);
    if (wanted.password === null && !isPlain(password))
      return differs(
        `its password for ${name.toUpperCase()} cannot stand in the files of a PBX: 8 to 128 letters, digits, _ . -`,
      );
    own.set(name, password);
  }
  return granted({ access: filled(planned, own, users), own: [...own.keys()] });
}

/** All files as one, passwords not read; null: they cannot be. */
function settingsOf(file: string): Settings | null {
  try {
    const { documents, problems } = readDocuments(file, '');
    const merged = problems.length > 0 ? null : mergeDocuments(documents);
    return merged === null || 'notSettings' in merged ? null : merged.tree;
  } catch {
    return null;
  }
}

/** null: it stands where setup writes it, or is to. */
function passwordOf({ password, passwordFile }: Settings, usual: string): Outcome<string | null> {
  if (typeof passwordFile !== 'string') {
    return typeof password === 'string' ? granted(password) : differs('it has neither a password nor a passwordFile');
  }
  if (real(passwordFile) === real(usual)) return granted(null);
  try {
    return granted(readFileSync(passwordFile, 'utf8').replace(/[\r\n]+$/, ''));
  } catch {
    return differs(`the password file that it names, ${passwordFile}, cannot be read`);
  }
}

function doorsOf(access: PbxAccess): readonly Door[] {
  if (access.type === 'freeswitch') {
    const { host, port, user, password } = access.esl;
    return [{ name: 'esl', host, port, user: userOf(user), password: password ?? null }];
  }
  const { ami, ari } = access;
  return [
    { name: 'ami', host: ami.host, port: ami.port, user: ami.username, password: ami.password ?? null },
    { name: 'ari', ...addressOf(ari.url), user: ari.username, password: ari.password ?? null },
  ];
}

/** As a configuration has it, with what counts where it says nothing. */
function doorOf(name: SecretName, { host, port, url, username, user }: Settings): Door {
  const common = { name, password: null, user: userOf(name === 'esl' ? user : username) };
  if (name === 'ari') return { ...common, ...addressOf(String(url)) };
  return { ...common, host: String(host ?? '127.0.0.1'), port: Number(port ?? (name === 'esl' ? 8021 : 5038)) };
}

/** Of FreeSWITCH's `user@domain` the user: setup names no domain in the file it writes. */
function userOf(user: unknown): string | null {
  return typeof user === 'string' ? (user.split('@')[0] ?? null) : null;
}

function addressOf(url: string): { readonly host: string; readonly port: number } {
  try {
    const { hostname, port, protocol } = new URL(url);
    return { host: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) };
  } catch {
    return { host: url, port: 0 };
  }
}

function isSame(one: Door, other: Door): boolean {
  const isHost = bare(one.host) === bare(other.host) || (isLocal(one.host) && isLocal(other.host));
  return isHost && one.port === other.port && one.user === other.user;
}

function bare(host: string): string {
  return host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
}

function told({ user, host, port }: Door): string {
  return `${user === null ? 'without an account' : `as ${user}`} at ${hostPort(bare(host), port)}`;
}

function filled(
  access: PbxAccess,
  own: ReadonlyMap<SecretName, string>,
  users: ReadonlyMap<SecretName, string>,
): PbxAccess {
  const password = (name: SecretName, given: string | undefined) => own.get(name) ?? given;
  if (access.type === 'freeswitch') {
    const { esl } = access;
    return { ...access, esl: { ...esl, user: users.get('esl') ?? esl.user, password: password('esl', esl.password) } };
  }
  const { ami, ari } = access;
  return {
    ...access,
    ami: { ...ami, password: password('ami', ami.password) },
    ari: { ...ari, password: password('ari', ari.password) },
  };
}

/** Links followed, of the folder where there is no such file. */
function real(path: string): string {
  const whole = resolve(path);
  try {
    return join(realpathSync(dirname(whole)), basename(whole));
  } catch {
    return whole;
  }
}

function settings(value: unknown): Settings {
  return typeof value === 'object' && value !== null ? (value as Settings) : {};
}

function differs(why: string): Outcome<never> {
  return refused('config-differs', why);
}
