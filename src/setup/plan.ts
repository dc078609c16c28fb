import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { asteriskFolders, discoverAsterisk, type FoundAsterisk } from '../../adapters/asterisk/discover.ts';
import { asteriskElsewhere } from '../../adapters/asterisk/wanted-lines.ts';
import type { Secrets, WantedLines } from '../../adapters/discovery.ts';
import { freeswitchElsewhere } from '../../adapters/freeswitch/account.ts';
import { discoverFreeswitch, type FoundFreeswitch, freeswitchFolders } from '../../adapters/freeswitch/discover.ts';
import { isLocal } from '../model/host-port.ts';
import type { PbxAccess, SetupEdit, SetupPbx, SetupProblem } from '../model/setup.ts';
import { type ConfigFacts, configText } from './config-text.ts';
import type { RootFiles } from './host.ts';
import type { Kept } from './kept.ts';
import { boundPorts, freePort, isRunning } from './listeners.ts';
import { hidden } from './passwords.ts';

export type Found = FoundAsterisk | FoundFreeswitch;

/** What is known of the host that setup runs on. */
export interface HostFacts {
  readonly hostname: string;
  /** IPv4 addresses that others reach it by. */
  readonly addresses: readonly string[];
}

/** One PBX, what it needs, and the configuration it leads to. */
export interface Plan {
  readonly pbx: SetupPbx;
  /** null: it is on another host. */
  readonly found: Found | null;
  /** Lines that are missing there. */
  readonly wanted: readonly WantedLines[];
  readonly access: PbxAccess;
  readonly facts: ConfigFacts;
  /** What a configuration that is there and stays logs in with; null: it is written, or nobody has looked yet. */
  readonly kept: Kept | null;
}

export interface PlanOptions {
  readonly files: RootFiles;
  /** Where to look first; null: the usual places only. */
  readonly folder: string | null;
  /** The configuration that is to be written. */
  readonly file: string;
  /** null: as found. */
  readonly domain: string | null;
  readonly host: HostFacts;
  /** Ports that Lamplighter itself has, or is to have: they are free for it. */
  readonly ownPorts: readonly number[];
  /** What the running PBX says of itself, where it was asked: version, domain. */
  readonly said: (found: Found) => Promise<{ readonly version: string | null; readonly domain: string | null }>;
}

/** Whatever would make an addition a gamble: files that nobody can read to the end. */
const blocking = /^(?:unparsable|unreadable)/;

/** Looks for PBXs and says what each needs. Touches nothing. */
export async function makePlans(
  options: PlanOptions,
): Promise<{ readonly plans: readonly Plan[]; readonly looked: readonly string[] }> {
  const { files, folder } = options;
  const own = folder === null ? [] : [folder];
  const asterisk = [...new Set([...own, ...asteriskFolders])];
  const freeswitch = [...new Set([...own, ...freeswitchFolders])];
  const found: Found[] = [
    ...asterisk.flatMap((path) => discoverAsterisk(files, path) ?? []),
    ...freeswitch.flatMap((path) => discoverFreeswitch(files, path) ?? []),
  ];
  const plans: Plan[] = [];
  for (const one of found) plans.push(await planOf(one, options));
  return { plans, looked: [...new Set([...asterisk, ...freeswitch])] };
}

/** Why nothing may be made of what is known of this PBX; null: it may. */
export function blocked({ pbx }: Plan): SetupProblem | null {
  return pbx.problems.find(({ level, code }) => level === 'fail' && blocking.test(code)) ?? null;
}

async function planOf(found: Found, options: PlanOptions): Promise<Plan> {
  const { files, file } = options;
  const { version, domain: told } = await options.said(found);
  const { facts: seen, problems } = found.findings;
  const { domain, aliases } = names(found, told, options);
  const access = accessOf(found, domain);
  const facts: ConfigFacts = {
    access,
    flavour: found.flavour,
    folder: found.folder,
    domain,
    aliases,
    domains: found.type === 'freeswitch' ? found.domains : [],
    sipPort: sipPortFor(found.sipPorts, options),
    pbxSipPorts: found.sipPorts,
    httpPort: httpPortFor(options),
    profiles: found.type === 'freeswitch' ? found.profiles : [],
    store: storeFor(file),
    secrets: dirname(file),
  };
  const pbx: SetupPbx = {
    id: `${found.type}:${found.folder}`,
    type: found.type,
    flavour: found.flavour,
    folder: found.folder,
    version,
    running: isRunning(files, found.type),
    facts: [...seen, { what: 'for Lamplighter', value: ownPlaces(facts), at: null }],
    problems,
    edits: found.wanted.map((wanted) => editOf(wanted)),
    reload: found.wanted.length === 0 ? [] : found.reload.map(typed),
    config: configText(facts),
  };
  return { pbx, found, wanted: found.wanted, access, facts, kept: null };
}

/** For a PBX that is reached as the admin says, wherever it is. */
export function planFor(access: PbxAccess, options: Omit<PlanOptions, 'said' | 'folder'>): Plan {
  const { file, host } = options;
  const { host: away, port } = access.type === 'asterisk' ? access.ami : access.esl;
  const isHere = isLocal(away);
  const [first = '127.0.0.1', ...others] = host.addresses;
  const domain = (options.domain ?? (isHere || isIP(away) !== 4 ? first : away)).toLowerCase();
  const flavours = {
    freepbx: 'freepbx',
    astdb: 'asterisk',
    fusionpbx: 'fusionpbx',
    db: 'freeswitch',
    hash: 'freeswitch',
  } as const;
  const facts: ConfigFacts = {
    access,
    flavour: flavours[access.features],
    folder: null,
    domain,
    aliases: [...new Set([first, ...others.slice(0, 7), '127.0.0.1'])].filter((name) => name !== domain),
    domains: [],
    sipPort: sipPortFor([], options),
    pbxSipPorts: [5060],
    httpPort: httpPortFor(options),
    profiles: ['internal'],
    store: storeFor(file),
    secrets: dirname(file),
  };
  const wanted = access.type === 'asterisk' ? asteriskElsewhere(first) : freeswitchElsewhere();
  const pbx: SetupPbx = {
    id: `${access.type}:${away}:${port}`,
    type: access.type,
    flavour: facts.flavour,
    folder: away,
    version: null,
    running: null,
    facts: [],
    problems: [],
    edits: isHere ? [] : wanted.map((one) => editOf(one)),
    reload: [],
    config: configText(facts),
  };
  return { pbx, found: null, wanted: isHere ? [] : wanted, access, facts, kept: null };
}

/** Where it will listen, and why there. */
function ownPlaces({ sipPort, pbxSipPorts, httpPort }: ConfigFacts): string {
  const why = pbxSipPorts.length > 0 ? ` (the PBX has ${pbxSipPorts.join(' and ')})` : '';
  return `SIP port ${sipPort}${why}, panel at 127.0.0.1:${httpPort}`;
}

function accessOf(found: Found, domain: string): PbxAccess {
  if (found.type === 'freeswitch') {
    const { host, port, user, password } = found.esl;
    const login = user === null ? {} : { user: `${user}@${domain}` };
    return {
      type: 'freeswitch',
      features: found.flavour === 'fusionpbx' ? 'fusionpbx' : 'db',
      esl: { host, port, ...login, ...known(password) },
    };
  }
  const { ami, ari } = found;
  return {
    type: 'asterisk',
    features: found.flavour === 'freepbx' ? 'freepbx' : 'astdb',
    ami: { host: ami.host, port: ami.port, username: 'lamplighter', ...known(ami.password) },
    ari: { url: ari.url, username: 'lamplighter', ...known(ari.password) },
  };
}

function known(password: string | null): { readonly password?: string } {
  return password === null ? {} : { password };
}

/** Whether phones can have it as SIP server: a name, or an IPv4 address. */
export function isDomain(text: string): boolean {
  return /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text);
}

/** The domain of the users, and whatever else means it. */
function names(
  found: Found,
  told: string | null,
  { domain, host }: PlanOptions,
): { readonly domain: string; readonly aliases: readonly string[] } {
  const own = host.hostname.includes('.') && !host.hostname.startsWith('localhost') ? [host.hostname] : [];
  const inPbx =
    found.type === 'freeswitch'
      ? [found.domain, ...found.domains, told, ...host.addresses]
      : [...own, ...host.addresses];
  const first = [domain, ...inPbx, '127.0.0.1'].find((name) => name !== null && isDomain(name)) ?? '127.0.0.1';
  const tenants = found.type === 'freeswitch' ? found.domains : [];
  const all = [...own, ...host.addresses.slice(0, 8), '127.0.0.1'].map((name) => name.toLowerCase());
  const chosen = first.toLowerCase();
  return { domain: chosen, aliases: [...new Set(all)].filter((name) => name !== chosen && !tenants.includes(name)) };
}

/** Never the PBX's own, and never one that somebody has. */
function sipPortFor(taken: readonly number[], { files, ownPorts }: Pick<PlanOptions, 'files' | 'ownPorts'>): number {
  return freePort([5070, 5072, 5074, 5076, 5078, 5090], taken, without(boundPorts(files), ownPorts));
}

function httpPortFor({ files, ownPorts }: Pick<PlanOptions, 'files' | 'ownPorts'>): number {
  return freePort([8090, 8091, 8092, 8093], [], without(boundPorts(files), ownPorts));
}

function without(bound: ReadonlySet<string>, ports: readonly number[]): ReadonlySet<string> {
  return new Set([...bound].filter((one) => !ports.includes(Number(one.split(':')[1]))));
}

/** Where packages keep it; elsewhere beside the configuration. */
function storeFor(file: string): string {
  const folder = dirname(file);
  return folder === '/etc/lamplighter' ? '/var/lib/lamplighter/lamplighter.db' : join(folder, 'lamplighter.db');
}

export function editOf(wanted: WantedLines, secrets: Secrets = hidden): SetupEdit {
  const { file, why, before } = wanted;
  return { file, why, before, lines: wanted.lines(secrets) };
}

/** A command as one types it: whatever a shell would not leave alone is quoted. */
export function typed(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
