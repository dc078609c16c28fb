import { hostPort, isLocal } from '../../src/model/host-port.ts';
import { dialled, Findings, type HostFiles, type WantedLines, whyNot } from '../discovery.ts';
import { ConfFile, type ConfValue } from './conf-file.ts';
import { account, amiAccount, ariUser, opening } from './wanted-lines.ts';

/** Where an Asterisk keeps its configuration, the usual place first. */
export const asteriskFolders: readonly string[] = [
  '/etc/asterisk',
  '/usr/local/etc/asterisk',
  '/opt/asterisk/etc/asterisk',
];

/** What says that a FreePBX, or a fork of it, owns the configuration. */
const freepbxFiles: readonly string[] = [
  '/etc/freepbx.conf',
  '/etc/amportal.conf',
  '/etc/issabel.conf',
  '/etc/elastix.conf',
];

/** Every file that setup may ever have added lines to. */
export const asteriskEditable: readonly string[] = [
  'manager.conf',
  'manager_custom.conf',
  'http.conf',
  'http_custom.conf',
  'ari.conf',
  'ari_additional_custom.conf',
];

/** The rights without which it is blind or may not write (README.md of this folder); `agent` is for queues only. */
const needed = ['system', 'call', 'reporting'] as const;

export interface FoundAsterisk {
  readonly type: 'asterisk';
  readonly flavour: 'asterisk' | 'freepbx';
  readonly folder: string;
  readonly findings: Findings;
  readonly wanted: readonly WantedLines[];
  /** How it is reached. A password of null is one that does not exist yet. */
  readonly ami: { readonly host: string; readonly port: number; readonly password: string | null };
  readonly ari: { readonly url: string; readonly password: string | null };
  /** Ports that its own SIP has. */
  readonly sipPorts: readonly number[];
  /** What makes it read its files again: commands, word by word. */
  readonly reload: readonly (readonly string[])[];
}

/** null: there is no Asterisk in this folder. Touches nothing, runs nothing. */
export function discoverAsterisk(files: HostFiles, folder: string): FoundAsterisk | null {
  if (!files.list(folder).some((name) => /^(?:asterisk|manager|pjsip|extensions|sip)\.conf$/.test(name))) return null;
  const findings = new Findings();
  const owner = freepbxFiles.find((path) => files.read(path).ok || isForbidden(files, path)) ?? null;
  const isFreepbx = owner !== null && files.list(folder).includes('extensions_additional.conf');
  const flavour = isFreepbx ? 'freepbx' : 'asterisk';
  findings.fact('configuration', folder, { file: folder, line: null });
  if (isFreepbx) {
    const version = freepbxVersion(files);
    findings.fact('FreePBX', version?.value ?? 'found', version?.at ?? { file: owner ?? '', line: null });
  }
  const look = new Look(files, folder, isFreepbx, findings);
  const ami = look.ami();
  const ari = look.ari();
  look.dangers();
  return {
    type: 'asterisk',
    flavour,
    folder,
    findings,
    wanted: look.wanted,
    ami,
    ari,
    sipPorts: look.sipPorts(),
    reload: ['manager', 'http', 'res_ari'].map((module) => ['asterisk', '-rx', `module reload ${module}`]),
  };
}

/** One look at one folder. */
class Look {
  readonly wanted: WantedLines[] = [];
  readonly #files: HostFiles;
  readonly #folder: string;
  readonly #isFreepbx: boolean;
  readonly #findings: Findings;
  /** Files that are there and cannot be read, or not understood: nothing is known of them, nothing is added to them. */
  readonly #closed = new Set<string>();

  constructor(files: HostFiles, folder: string, isFreepbx: boolean, findings: Findings) {
    this.#files = files;
    this.#folder = folder;
    this.#isFreepbx = isFreepbx;
    this.#findings = findings;
  }

  ami(): FoundAsterisk['ami'] {
    const conf = this.#read('manager.conf');
    const on = isTrue(conf?.last('general', 'enabled') ?? null);
    const port = Number(conf?.last('general', 'port')?.value ?? 5038) || 5038;
    const bind = conf?.last('general', 'bindaddr') ?? null;
    const address = on ? (bind?.value ?? '0.0.0.0') : '127.0.0.1';
    if (this.#closed.has('manager.conf')) return { host: '127.0.0.1', port, password: null };
    this.#findings.fact(
      'AMI',
      on ? `on, ${hostPort(address, port)}` : 'off',
      conf?.last('general', 'enabled')?.at ?? null,
    );
    if (!on) {
      this.#findings.problem(
        'fail',
        'ami-disabled',
        'AMI is switched off',
        this.#cure(),
        place(conf, 'general', 'enabled'),
      );
    } else if (!isLocal(address)) {
      const fix = `bindaddr = 127.0.0.1 in [general] of ${bind?.at.file ?? `${this.#folder}/manager.conf`}, if nobody else logs in from outside`;
      this.#findings.problem(
        'warn',
        'ami-open',
        `AMI listens on ${address}, other hosts can reach it`,
        fix,
        bind?.at ?? null,
      );
    }
    const others = new Set(
      conf?.sections.filter(({ name, template }) => !template && name !== 'general').map(({ name }) => name),
    );
    others.delete(account);
    if (others.size > 0) this.#findings.fact('AMI accounts of others, left alone', some([...others]));
    const has = conf?.has(account) ?? false;
    if (has && conf !== null) this.#rights(conf);
    const file = this.#fileFor('manager.conf', 'manager_custom.conf');
    const general = on ? [] : opening(conf, ['enabled = yes', 'bindaddr = 127.0.0.1', `port = ${port}`]);
    if (!on || !has) {
      this.wanted.push({
        file,
        why: has ? 'switches AMI on, for this host' : 'an AMI account that may do what Lamplighter needs, and no more',
        syntax: 'conf',
        before: null,
        create: true,
        lines: ({ ami }) => [...general, ...(has ? [] : amiAccount(ami, dialled(address)))],
      });
    }
    return { host: dialled(address), port, password: conf?.last(account, 'secret')?.value ?? null };
  }

  /** What the account may; `all` is all. */
  #rights(conf: ConfFile): void {
    const at = conf.named(account)[0]?.at ?? null;
    this.#findings.fact('AMI account', account, at);
    for (const way of ['read', 'write'] as const) {
      const given = conf.last(account, way);
      const words = (given?.value ?? '').split(',').map((word) => word.trim().toLowerCase());
      const missing = words.includes('all') ? [] : needed.filter((right) => !words.includes(right));
      if (missing.length === 0) continue;
      this.#findings.problem(
        'fail',
        'rights-too-small',
        `the AMI account ${account} has no right to ${way} ${missing.join(', ')}`,
        `write there: ${way} = ${needed.join(',')},agent`,
        given?.at ?? at,
      );
    }
    if (conf.last(account, 'secret') !== null) return;
    this.#findings.problem(
      'fail',
      'no-secret',
      `the AMI account ${account} has no secret`,
      'give it a line `secret = …`',
      at,
    );
  }

  ari(): FoundAsterisk['ari'] {
    const http = this.#read('http.conf');
    const bind = http?.last('general', 'bindaddr') ?? null;
    // COMPAT(Asterisk): without a bindaddr the web server does not run, whatever `enabled` says
    const on = isTrue(http?.last('general', 'enabled') ?? null) && bind !== null;
    const port = Number(http?.last('general', 'bindport')?.value ?? 8088) || 8088;
    const address = on ? (bind?.value ?? '') : '127.0.0.1';
    const at = place(http, 'general', 'enabled');
    if (this.#closed.has('http.conf')) return { url: `http://127.0.0.1:${port}`, password: this.#ariAccount() };
    this.#findings.fact('HTTP server', on ? `on, ${hostPort(address, port)}` : 'off', at);
    if (!on) {
      this.#findings.problem(
        'fail',
        'http-disabled',
        "Asterisk's HTTP server, which ARI needs, is switched off",
        this.#cure(),
        at,
      );
      this.#http(http, port);
    } else if (!isLocal(address)) {
      const fix = 'bindaddr = 127.0.0.1, if no browser phones and no other programs use it from outside; or a firewall';
      this.#findings.problem(
        'warn',
        'http-open',
        `the HTTP server listens on ${address}, other hosts can reach ARI`,
        fix,
        bind?.at,
      );
    }
    const prefix = http?.last('general', 'prefix') ?? null;
    if (prefix !== null && prefix.value !== '') {
      const fix = 'take the line out: Lamplighter asks at /ari and nowhere else';
      this.#findings.problem('fail', 'http-prefix', `the HTTP server has the prefix ${prefix.value}`, fix, prefix.at);
    }
    const host = dialled(address);
    const url = `http://${hostPort(host, port)}`;
    return { url, password: this.#ariAccount() };
  }

  #http(http: ConfFile | null, port: number): void {
    // whatever address stood there: it was off, so nobody used it
    const lines = opening(http, ['enabled = yes', 'bindaddr = 127.0.0.1', `bindport = ${port}`]);
    this.wanted.push({
      file: this.#fileFor('http.conf', 'http_custom.conf'),
      why: "switches Asterisk's own HTTP server on, which ARI needs",
      syntax: 'conf',
      before: null,
      create: true,
      lines: () => lines,
    });
  }

  #ariAccount(): string | null {
    const conf = this.#read('ari.conf');
    if (this.#closed.has('ari.conf')) return null;
    // COMPAT(Asterisk): `enabled` of ari.conf is on where nothing is said
    const enabled = conf?.last('general', 'enabled') ?? null;
    const on = conf !== null && (enabled === null || isTrue(enabled));
    const has = conf?.has(account) ?? false;
    this.#findings.fact('ARI', on ? 'on' : 'off', enabled?.at ?? null);
    if (!on) this.#findings.problem('fail', 'ari-disabled', 'ARI is switched off', this.#cure(), enabled?.at ?? null);
    const vars = conf?.last('general', 'channelvars') ?? null;
    if (vars !== null && /CHANNEL\s*\(\s*pjsip/i.test(vars.value)) {
      const fix = 'take CHANNEL(pjsip,…) out of channelvars';
      this.#findings.problem(
        'fail',
        'channelvars',
        'this line of ari.conf makes Asterisk hang at a call',
        fix,
        vars.at,
      );
    }
    if (has && conf !== null) this.#ariRights(conf);
    if (!(on && has)) {
      const general = on && conf?.has('general') ? [] : opening(conf, ['enabled = yes']);
      this.wanted.push({
        file: this.#fileFor('ari.conf', 'ari_additional_custom.conf'),
        why: has ? 'switches ARI on' : 'an ARI user; it writes nothing, but its subscriptions count as a write',
        syntax: 'conf',
        before: null,
        create: true,
        lines: ({ ari }) => [...general, ...(has ? [] : ariUser(ari))],
      });
    }
    const format = conf?.last(account, 'password_format')?.value.toLowerCase() ?? 'plain';
    return format === 'plain' ? (conf?.last(account, 'password')?.value ?? null) : null;
  }

  #ariRights(conf: ConfFile): void {
    const at = conf.named(account)[0]?.at ?? null;
    this.#findings.fact('ARI user', account, at);
    const readOnly = conf.last(account, 'read_only');
    if (isTrue(readOnly)) {
      const text = `the ARI user ${account} may only read, and may not subscribe`;
      this.#findings.problem('fail', 'ari-read-only', text, 'write there: read_only = no', readOnly?.at ?? at);
    }
    const format = conf.last(account, 'password_format');
    if (format !== null && format.value.toLowerCase() !== 'plain') {
      const text = `the password of the ARI user ${account} stands there encrypted`;
      const fix = 'put the password itself into the file that `ari.passwordFile` of the configuration names';
      this.#findings.problem('warn', 'ari-crypt', text, fix, format.at);
    }
  }

  /** Ports of PJSIP and of chan_sip, where they are configured. */
  sipPorts(): readonly number[] {
    const ports = new Set<number>();
    // FreePBX has these in a file of their own, and megabytes of endpoints in another
    const own = this.#files.list(this.#folder).filter((name) => /^pjsip\.transports.*\.conf$/.test(name));
    const names = this.#isFreepbx && own.length > 0 ? own : ['pjsip.conf'];
    for (const section of names.flatMap((name) => this.#read(name, 'warn')?.sections ?? [])) {
      if (section.template || section.variables.findLast(({ name }) => name === 'type')?.value !== 'transport')
        continue;
      const bind = section.variables.findLast(({ name }) => name === 'bind');
      const protocol = section.variables.findLast(({ name }) => name === 'protocol')?.value ?? 'udp';
      if (bind === undefined || protocol.startsWith('ws')) continue;
      const port = Number(/:(\d+)$/.exec(bind.value)?.[1] ?? (protocol === 'tls' ? 5061 : 5060));
      ports.add(port);
      this.#findings.fact('SIP (PJSIP)', `${protocol} ${bind.value}`, bind.at);
    }
    if (ports.size === 0) {
      const fix = 'Lamplighter finds extensions of PJSIP; those of chan_sip it does not see';
      this.#findings.problem('warn', 'no-pjsip', 'no PJSIP transport was found', fix, {
        file: `${this.#folder}/pjsip.conf`,
        line: null,
      });
    }
    return [...ports];
  }

  dangers(): void {
    const asterisk = this.#read('asterisk.conf', 'warn');
    const danger = asterisk?.last('options', 'live_dangerously') ?? null;
    if (!isTrue(danger)) return;
    const text = 'live_dangerously is on: who may set a variable may run programs on this host';
    this.#findings.problem('warn', 'live-dangerously', text, 'switch it off; Lamplighter never needs it', danger?.at);
  }

  /** null: it is not there, or not to be read, which has been said. */
  #read(name: string, level: 'warn' | 'fail' = 'fail'): ConfFile | null {
    const path = `${this.#folder}/${name}`;
    const conf = ConfFile.read(this.#files, this.#folder, name);
    if (conf === null) {
      const found = this.#files.read(path);
      if (found.ok || found.why === 'missing') return null;
      this.#closed.add(name);
      const fix =
        found.why === 'forbidden'
          ? 'run setup as root: sudo lamplighter setup'
          : 'look at that file: Asterisk cannot use it either';
      this.#findings.problem(level, `unreadable-${found.why}`, `${path} ${whyNot(found.why)}`, fix, {
        file: path,
        line: null,
      });
      return null;
    }
    const [fault] = conf.faults;
    if (fault !== undefined) {
      this.#closed.add(name);
      const fix = 'correct it: Asterisk refuses such a file as a whole. Until then setup changes nothing in it';
      this.#findings.problem(level, 'unparsable', fault.reason, fix, fault.at);
    }
    return conf;
  }

  /** FreePBX writes its files anew from its database; what ends in _custom.conf is the admin's. */
  #fileFor(plain: string, custom: string): string {
    return `${this.#folder}/${this.#isFreepbx ? custom : plain}`;
  }

  #cure(): string {
    return this.#isFreepbx
      ? 'setup --apply adds lines to the _custom.conf file; or FreePBX, Settings, Advanced Settings'
      : 'setup --apply adds the lines shown';
  }
}

/** COMPAT(Asterisk): ast_true of utils.c. */
function isTrue(value: ConfValue | null): boolean {
  return value !== null && /^(?:yes|true|y|t|1|on)$/i.test(value.value);
}

function place(conf: ConfFile | null, section: string, name: string): ConfValue['at'] | null {
  if (conf === null) return null;
  return conf.last(section, name)?.at ?? conf.named(section)[0]?.at ?? { file: conf.path, line: null };
}

function some(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}

function isForbidden(files: HostFiles, path: string): boolean {
  const found = files.read(path);
  return !found.ok && found.why === 'forbidden';
}

function freepbxVersion(files: HostFiles): ConfValue | null {
  for (const file of [
    '/var/www/html/admin/modules/framework/module.xml',
    '/usr/share/freepbx/admin/modules/framework/module.xml',
  ]) {
    const found = files.read(file);
    if (!found.ok) continue;
    const at = found.text.search(/<version>[0-9][0-9.]{0,30}<\/version>/);
    if (at < 0) continue;
    const value = /<version>([0-9.]+)</.exec(found.text.slice(at))?.[1] ?? '';
    return { value, at: { file, line: found.text.slice(0, at).split('\n').length } };
  }
  return null;
}
