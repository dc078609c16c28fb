import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { AdapterTools } from '../../adapters/adapter.ts';
import { asteriskEditable, asteriskFolders, discoverAsterisk } from '../../adapters/asterisk/discover.ts';
import type { HostFiles, Secrets } from '../../adapters/discovery.ts';
import { discoverFreeswitch, freeswitchEditable, freeswitchFolders } from '../../adapters/freeswitch/discover.ts';
import type { Finding } from '../model/check.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import type { PbxAccess, SetupEdit, SetupProblem, SetupReport, SetupWish, SetupWritten } from '../model/setup.ts';
import { configText } from './config-text.ts';
import { RootFiles } from './host.ts';
import { keptBy } from './kept.ts';
import { testLive } from './live.ts';
import { type Given, nextSteps } from './next.ts';
import { OverlayFiles } from './overlay.ts';
import { leadsAstray, type Ownership, ownershipOf } from './own-files.ts';
import { type Password, passwordFor, type SecretName, throwaway, writePasswords } from './passwords.ts';
import { additions, carryOut, type FileChange, removals, reversed } from './pbx-files.ts';
import { blocked, editOf, type Found, type HostFacts, makePlans, type Plan, planFor, typed } from './plan.ts';
import { type ConfigDone, type ConfigWish, tryOut, writeConfig } from './write-config.ts';

/** Where packages keep it beside the one that admins change (config/deb/postinst). */
const shippedFile = '/usr/share/lamplighter/lamplighter.yaml';

/** Runs a program, and answers what it printed; null: it is not there, or failed. */
export type Run = (words: readonly string[]) => Promise<string | null>;

export interface SetupOptions {
  /** Where the PBX's system lies: `/`. */
  readonly root: string;
  /** Where to look for the PBX's configuration first; null: the usual places only. */
  readonly folder: string | null;
  /** The configuration file that is written. */
  readonly file: string;
  /** The configuration that packages bring, the demo: while it is as it came, it may be replaced. Default: theirs. */
  readonly shipped?: string;
  /** Ports that Lamplighter itself has at the moment. */
  readonly ownPorts: readonly number[];
  readonly host: HostFacts;
  /** null: no program is run. */
  readonly run: Run | null;
  readonly tools: AdapterTools;
}

export interface Changed {
  readonly file: string;
  /** Where what was there is kept; null: nothing was, or nothing is. */
  readonly backup: string | null;
}

export interface Applied {
  readonly changed: readonly Changed[];
  /** The files of the PBX and the passwords as they were: for who cannot write the configuration. Refusals of `carryOut`. */
  readonly takeBack: () => Outcome<null>;
}

type Passwords = Partial<Record<SecretName, Password>>;

/** Finds PBXs, writes a configuration for one, adds what it needs to its files, and takes that out again. */
export class Setup {
  readonly #options: SetupOptions;
  readonly #files: RootFiles;

  /** Throws where there is no such root. */
  constructor(options: SetupOptions) {
    this.#options = { ...options, file: followed(resolve(options.file)) };
    this.#files = new RootFiles(options.root);
  }

  get file(): string {
    return this.#options.file;
  }

  /** Touches nothing. @param domain null: as found. */
  async look(domain: string | null = null): Promise<{ readonly report: SetupReport; readonly plans: readonly Plan[] }> {
    const { folder } = this.#options;
    const said = (found: Found) => this.#said(found);
    const { plans, looked } = await makePlans({ ...this.#planning(domain), folder, said });
    const problems = plans.length > 0 ? [] : [nothingFound(looked)];
    const fileExists = ownershipOf(this.file) !== null;
    return { plans, report: { pbxs: plans.map(({ pbx }) => pbx), looked, file: this.file, fileExists, problems } };
  }

  /** For a PBX that was not found here. */
  planFor(access: PbxAccess, domain: string | null): Plan {
    return planFor(access, this.#planning(domain));
  }

  /** Logs in as Lamplighter will. Passwords that were not given are those of an earlier setup. */
  test(access: PbxAccess, domain: string | null): Promise<readonly Finding[]> {
    const known = withPasswords(access, (name) => this.#kept(name));
    return testLive(known, domain ?? '127.0.0.1', this.#options.tools);
  }

  /** The configuration and the password files; no file of the PBX. Refusals: `unknown-pbx`, `access-needed`, `blocked`, those of `writeConfig`. */
  async write({ pbx, access, domain, replace }: SetupWish): Promise<Outcome<SetupWritten>> {
    const plan = await this.#wished(pbx, access, domain);
    if (!plan.ok) return plan;
    const written = this.writeFor(plan.value, replace);
    if (!written.ok) return written;
    const next = this.next(plan.value, { domain, pbx, replace: false });
    return granted({ file: this.file, backup: written.value.backup, next });
  }

  /**
   * The plan as it is to be carried out. What an admin has written is never replaced unless he says so: a configuration that
   * is there and is not to the byte what would be written stays, and the PBX gets the passwords that it logs in with.
   * Refusals: `config-differs`: it would not be let in.
   */
  settled(plan: Plan, replace: boolean): Outcome<Plan> {
    const found = new RootFiles('/').bytes(this.file);
    const isOurs = found instanceof Buffer && found.toString() === configText(plan.facts);
    if (replace || found === 'missing' || isOurs || this.#isAsShipped()) return granted({ ...plan, kept: null });
    const kept = keptBy(this.file, plan.access);
    if (!kept.ok) return refused(kept.refusal.code, `${this.file} stays as it is: ${kept.refusal.message}`);
    const { access, domain } = kept.value;
    return granted({
      ...plan,
      access,
      facts: { ...plan.facts, domain: domain ?? plan.facts.domain },
      kept: kept.value,
    });
  }

  /** As `write`, for who has the plan; where the configuration stays, the passwords that it lacks. Refusals of `writeConfig`. */
  writeFor(plan: Plan, replace: boolean): Outcome<ConfigDone> {
    const passwords = this.#passwords(plan);
    const owner = this.#owner();
    const folder = dirname(this.file);
    if (plan.kept !== null) {
      const written = writePasswords(folder, passwords, owner);
      return written.ok ? granted({ backup: null, changed: false }) : written;
    }
    return writeConfig(this.#configWish(plan, passwords, replace), () => writePasswords(folder, passwords, owner));
  }

  /**
   * Adds what is missing to the files of the PBX, with a copy of each, and writes the passwords; nothing where the configuration
   * that is to come would be refused. Refusals: `elsewhere`, `blocked`, `not-safe`, those of `additions`, `tryOut` and `carryOut`.
   */
  apply(plan: Plan): Outcome<Applied> {
    const problem = blocked(plan);
    if (problem !== null) return refused('blocked', placed(problem));
    if (plan.found === null)
      return refused('elsewhere', 'the PBX is on another host: its files cannot be changed from here');
    const passwords = this.#passwords(plan);
    const secrets = { ...texts(plan, passwords), sip: throwaway(this.#options.tools.random) };
    const changes = additions(this.#files, plan.wanted, secrets);
    if (!changes.ok) return changes;
    const wrong = this.#stillWrong(plan.found, changes.value);
    if (wrong !== null) return refused('not-safe', `nothing is changed: with the lines added, ${wrong}`);
    const right = plan.kept === null ? tryOut(this.#configWish(plan, passwords, false)) : granted(null);
    if (!right.ok) return right;
    const written = writePasswords(dirname(this.file), passwords, this.#owner());
    if (!written.ok) return written;
    const done = carryOut(changes.value);
    if (!done.ok) {
      written.value();
      return done;
    }
    const takeBack = (): Outcome<null> => {
      const undone = carryOut(reversed(changes.value));
      // a line that stays in a file needs its password
      if (undone.ok) written.value();
      return undone;
    };
    return granted({ changed: changes.value.map(({ file, backup }) => ({ file, backup })), takeBack });
  }

  /** The lines that are missing, as they are to be pasted: they hold the passwords, which are written first. */
  editsWithPasswords(plan: Plan): readonly SetupEdit[] {
    const { random } = this.#options.tools;
    const secrets = { ...texts(plan, this.#passwords(plan)), sip: throwaway(random) };
    return plan.wanted.map((wanted) => editOf(wanted, secrets));
  }

  /** Takes all of ours out of the files of every PBX. Refusals of `removals` and `carryOut`. */
  undo(): Outcome<readonly Changed[]> {
    const own = this.#options.folder === null ? [] : [this.#options.folder];
    const below = (folders: readonly string[], names: readonly string[]) =>
      [...own, ...folders].flatMap((folder) => names.map((name) => `${folder}/${name}`));
    const files = [...below(asteriskFolders, asteriskEditable), ...below(freeswitchFolders, freeswitchEditable)];
    const changes = removals(this.#files, [...new Set(files)]);
    if (!changes.ok) return changes;
    const done = carryOut(changes.value);
    return done.ok ? granted(changes.value.map(({ file }) => ({ file, backup: null }))) : done;
  }

  /** Makes the PBX read its files again. Answers the commands that failed. */
  async reload({ reload }: Found): Promise<readonly string[]> {
    const failed: string[] = [];
    for (const words of reload) {
      if (((await this.#options.run?.(words)) ?? null) === null) failed.push(typed(words));
    }
    return failed;
  }

  /** What to do after the configuration has been written, a line each. @param given what else setup was told. */
  next(plan: Plan, given: Pick<Given, 'domain' | 'pbx' | 'replace'>): readonly string[] {
    const { file, root, folder } = this.#options;
    return nextSteps(plan, { file, root, folder, ...given });
  }

  #planning(domain: string | null) {
    const { file, host, ownPorts } = this.#options;
    return { files: this.#files, file, domain, host, ownPorts: [...ownPorts, ...this.#portsInFile()] };
  }

  #configWish({ facts }: Plan, passwords: Passwords, replace: boolean): ConfigWish {
    return {
      file: this.file,
      text: configText(facts),
      replace: replace || this.#isAsShipped(),
      owner: this.#owner(),
      secrets: Object.keys(passwords).map((name) => `${dirname(this.file)}/${name}`),
      random: this.#options.tools.random,
    };
  }

  async #wished(id: string | null, access: PbxAccess | null, domain: string | null): Promise<Outcome<Plan>> {
    if (id === null) {
      if (access === null) return refused('access-needed', 'name a PBX that was found, or say how one is reached');
      return granted(this.planFor(access, domain));
    }
    const { plans } = await this.look(domain);
    const plan = plans.find(({ pbx }) => pbx.id === id);
    if (plan === undefined) return refused('unknown-pbx', 'there is no such PBX on this host');
    if (access !== null) return granted({ ...plan, access, facts: { ...plan.facts, access } });
    const problem = blocked(plan);
    return problem === null ? granted(plan) : refused('blocked', placed(problem));
  }

  /** With the lines in place nothing may be missing any more, and nothing unreadable. */
  #stillWrong(found: Found, changes: readonly FileChange[]): string | null {
    const files: HostFiles = new OverlayFiles(this.#files, changes);
    const after = (found.type === 'asterisk' ? discoverAsterisk : discoverFreeswitch)(files, found.folder);
    const fault = after?.findings.problems.find(({ code }) => code === 'unparsable');
    if (fault !== undefined) return placed(fault);
    const [left] = after?.wanted ?? [];
    return left === undefined ? null : `they would not be read in ${left.file}`;
  }

  /** Those of the files beside the configuration. */
  #passwords({ access, found, kept }: Plan): Passwords {
    const { random } = this.#options.tools;
    const make = (name: SecretName, given: string | undefined): Passwords =>
      kept?.own.includes(name) ? {} : { [name]: passwordFor(given ?? null, this.#kept(name), random) };
    if (access.type === 'asterisk') {
      return { ...make('ami', access.ami.password), ...make('ari', access.ari.password) };
    }
    // FusionPBX has no account of ours: what is not known cannot be made up
    const isTheirs = found?.flavour === 'fusionpbx' && access.esl.password === undefined;
    return isTheirs ? {} : make('esl', access.esl.password);
  }

  /** What the password file of an earlier setup holds. */
  #kept(name: SecretName): string | null {
    const found = new RootFiles('/').read(`${dirname(this.file)}/${name}`);
    const text = found.ok ? found.text.trim() : '';
    return text === '' || /\s/.test(text) ? null : text;
  }

  /** Nobody has written it: it only lets the service of a package start. */
  #isAsShipped(): boolean {
    const host = new RootFiles('/');
    const [own, shipped] = [this.file, this.#options.shipped ?? shippedFile].map((file) => host.read(file));
    return own?.ok === true && shipped?.ok === true && own.text === shipped.text;
  }

  /** Ports of a configuration that is there already: Lamplighter itself may have them at this moment. */
  #portsInFile(): readonly number[] {
    const found = new RootFiles('/').read(this.file);
    if (!found.ok) return [];
    return [...found.text.matchAll(/(?:udp|tcp|tls|listen)\S*[:\s]['"]?[\w.[\]:]*:(\d{2,5})\b/g)].map(([, port]) =>
      Number(port),
    );
  }

  /** Of the daemon's user where packages made one, else of who runs setup. */
  #owner(): Ownership {
    const own = { mode: 0o640, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    if (own.uid !== 0) return own;
    const passwd = new RootFiles('/').read('/etc/passwd');
    const [, uid, gid] = /^lamplighter:[^:]*:(\d+):(\d+):/m.exec(passwd.ok ? passwd.text : '') ?? [];
    return uid === undefined || gid === undefined ? own : { mode: 0o640, uid: Number(uid), gid: Number(gid) };
  }

  /** Of the PBX that runs on this very host. */
  async #said({ type }: Found): Promise<{ readonly version: string | null; readonly domain: string | null }> {
    const { run, root } = this.#options;
    if (run === null || root !== '/') return { version: null, domain: null };
    if (type === 'asterisk') {
      const said = await run(['asterisk', '-rx', 'core show version']);
      return { version: /^Asterisk (\S+)/m.exec(said ?? '')?.[1] ?? null, domain: null };
    }
    const said = await run(['fs_cli', '-x', 'version']);
    const domain = said === null ? null : await run(['fs_cli', '-x', 'global_getvar domain']);
    const name = domain?.trim() ?? '';
    return {
      version: /Version (\S+)/.exec(said ?? '')?.[1] ?? null,
      domain: /^[\w.-]{1,253}$/.test(name) ? name : null,
    };
  }
}

/** A link stays one: what it leads to is written, unless that is not the business of who made the link. */
function followed(file: string): string {
  try {
    return leadsAstray(file) ? file : realpathSync(file);
  } catch {
    return file;
  }
}

function nothingFound(looked: readonly string[]): SetupProblem {
  return {
    level: 'fail',
    code: 'no-pbx',
    text: `no Asterisk and no FreeSWITCH was found in ${looked.join(', ')}`,
    fix: 'a PBX on another host: setup --asterisk HOST, or --freeswitch HOST; one with its configuration elsewhere: setup --folder DIR; not readable for you: run setup as root',
    at: null,
  };
}

function placed({ text, at }: SetupProblem): string {
  return at === null ? text : `${at.file}${at.line === null ? '' : `:${at.line}`}: ${text}`;
}

/** What goes into the lines: of an account the password of its file, or the admin's own. */
function texts({ access }: Plan, { ami, ari, esl }: Passwords): Omit<Secrets, 'sip'> {
  const own = access.type === 'asterisk' ? access : null;
  const socket = access.type === 'freeswitch' ? access.esl.password : undefined;
  return {
    ami: ami?.text ?? own?.ami.password ?? '',
    ari: ari?.text ?? own?.ari.password ?? '',
    esl: esl?.text ?? socket ?? '',
  };
}

function withPasswords(access: PbxAccess, kept: (name: SecretName) => string | null): PbxAccess {
  const filled = <T extends { readonly password?: string | undefined }>(one: T, name: SecretName): T => ({
    ...one,
    password: one.password ?? kept(name) ?? undefined,
  });
  if (access.type === 'freeswitch') return { ...access, esl: filled(access.esl, 'esl') };
  return { ...access, ami: filled(access.ami, 'ami'), ari: filled(access.ari, 'ari') };
}
