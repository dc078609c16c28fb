import { hostPort, isLocal } from '../../src/model/host-port.ts';
import type { Place } from '../../src/model/setup.ts';
import { dialled, Findings, type HostFiles, type WantedLines, whyNot } from '../discovery.ts';
import { account, accountLines } from './account.ts';
import { ConfXml, unescaped } from './conf-xml.ts';
import { fusionpbxConfig, fusionpbxDomains } from './discover-fusionpbx.ts';

/** Where a FreeSWITCH keeps its configuration, the usual place of packages first. */
export const freeswitchFolders: readonly string[] = [
  '/etc/freeswitch',
  '/usr/local/freeswitch/conf',
  '/usr/local/freeswitch/etc/freeswitch',
  '/opt/freeswitch/conf',
];

/** Every file that setup may ever have added lines to. */
export const freeswitchEditable: readonly string[] = [
  'directory/default/lamplighter.xml',
  'autoload_configs/lua.conf.xml',
];

export interface FoundFreeswitch {
  readonly type: 'freeswitch';
  readonly flavour: 'freeswitch' | 'fusionpbx';
  readonly folder: string;
  readonly findings: Findings;
  readonly wanted: readonly WantedLines[];
  readonly esl: {
    readonly host: string;
    readonly port: number;
    /** Of the directory, without its domain; null: the socket's own password is used. */
    readonly user: string | null;
    /** null: one that does not exist yet. */
    readonly password: string | null;
  };
  /** Of its users; null: only the running FreeSWITCH knows. */
  readonly domain: string | null;
  /** Further domains that somebody has voicemail or recordings in (FusionPBX). */
  readonly domains: readonly string[];
  readonly profiles: readonly string[];
  readonly sipPorts: readonly number[];
  /** What makes it read its files again: commands, word by word. */
  readonly reload: readonly (readonly string[])[];
}

/** null: there is no FreeSWITCH in this folder. Touches nothing, runs nothing. */
export function discoverFreeswitch(files: HostFiles, folder: string): FoundFreeswitch | null {
  const main = `${folder}/freeswitch.xml`;
  if (!files.list(folder).includes('freeswitch.xml')) return null;
  const findings = new Findings();
  findings.fact('configuration', folder, { file: folder, line: null });
  const fusion = fusionpbxConfig(files);
  if (fusion !== null) findings.fact('FusionPBX', 'found', { file: fusion, line: null });
  const look = new Look(files, folder, new ConfXml(files, main), findings);
  const closed = look.closed(main);
  const socket = look.socket();
  const isFusion = fusion !== null;
  const domain = isFusion ? null : look.domain();
  const own = isFusion || closed ? null : look.account();
  if (isFusion) look.hook();
  const { profiles, ports } = look.profiles();
  return {
    type: 'freeswitch',
    flavour: isFusion ? 'fusionpbx' : 'freeswitch',
    folder,
    findings,
    wanted: look.wanted,
    esl: {
      host: socket.host,
      port: socket.port,
      user: isFusion ? null : account,
      password: isFusion ? socket.password : own,
    },
    domain,
    domains: fusion === null ? [] : fusionpbxDomains(files, fusion, findings),
    profiles,
    sipPorts: ports,
    reload: [isFusion ? ['fs_cli', '-x', 'reload mod_lua'] : ['fs_cli', '-x', 'reloadxml']],
  };
}

class Look {
  readonly wanted: WantedLines[] = [];
  readonly #files: HostFiles;
  readonly #folder: string;
  readonly #conf: ConfXml;
  readonly #findings: Findings;

  constructor(files: HostFiles, folder: string, conf: ConfXml, findings: Findings) {
    this.#files = files;
    this.#folder = folder;
    this.#conf = conf;
    this.#findings = findings;
  }

  /** Says which files may not be read; true: there are some. */
  closed(main: string): boolean {
    const found = this.#files.read(main);
    const closed = found.ok ? this.#conf.closed : [main];
    const [first] = closed;
    if (first === undefined) return false;
    const text = `${first} ${found.ok || found.why === 'forbidden' ? whyNot('forbidden') : whyNot(found.why)}`;
    const more = closed.length > 1 ? `, nor may ${closed.length - 1} others` : '';
    const fix = 'run setup as root: sudo lamplighter setup';
    this.#findings.problem('fail', 'unreadable-forbidden', `${text}${more}`, fix, { file: first, line: null });
    return true;
  }

  socket(): { readonly host: string; readonly port: number; readonly password: string | null } {
    const file = /\/event_socket\.conf\.xml$/;
    const param = (name: string) => {
      const tag = this.#conf.inFile(file, 'param').findLast(({ attributes }) => attributes['name'] === name);
      if (tag === undefined) return null;
      return { value: this.#conf.resolve(tag.attributes['value'] ?? '') ?? '', at: tag.at };
    };
    const at: Place = { file: `${this.#folder}/autoload_configs/event_socket.conf.xml`, line: null };
    const ip = param('listen-ip');
    const port = Number(param('listen-port')?.value ?? 8021) || 8021;
    const password = param('password');
    if (![...this.#conf.files].some((path) => file.test(path))) {
      const text = 'there is no event_socket.conf.xml: the event socket listens with the password that everybody knows';
      this.#findings.problem('fail', 'no-event-socket', text, 'make one: config/freeswitch/event_socket.conf.xml', at);
      return { host: '127.0.0.1', port, password: null };
    }
    const address = ip?.value ?? '127.0.0.1';
    this.#findings.fact('event socket', hostPort(address, port), ip?.at ?? at);
    if (!isLocal(address)) {
      const acl = param('apply-inbound-acl');
      const fix = 'listen-ip 127.0.0.1, then fs_cli -x "reload mod_event_socket"';
      const who = acl === null ? 'any host that its default list lets' : `whom the list ${acl.value} lets`;
      this.#findings.problem(
        'warn',
        'esl-open',
        `the event socket listens on ${hostPort(address, port)}: ${who}`,
        fix,
        ip?.at ?? at,
      );
    }
    if (password?.value === 'ClueCon') {
      const text = 'the event socket has the password that everybody knows (ClueCon); it may do anything';
      this.#findings.problem('warn', 'esl-default-password', text, 'choose another, for all who use it', password.at);
    }
    const loads = this.#conf.inFile(/\/modules\.conf\.xml$/, 'load').map(({ attributes }) => attributes['module']);
    if (loads.length > 0 && !loads.includes('mod_event_socket')) {
      const where = { file: `${this.#folder}/autoload_configs/modules.conf.xml`, line: null };
      const fix = 'add <load module="mod_event_socket"/> there, then fs_cli -x "load mod_event_socket"';
      this.#findings.problem('fail', 'esl-not-loaded', 'mod_event_socket is not loaded', fix, where);
    }
    return { host: dialled(address), port, password: password?.value ?? null };
  }

  domain(): string | null {
    const tag = this.#conf.inFile(/\/directory\/[^/]+\.xml$/, 'domain').at(0);
    const named = tag?.attributes['name'] ?? '$${domain}';
    const value = this.#conf.resolve(named);
    this.#findings.fact('domain of its users', value ?? 'the address of this host', tag?.at ?? null);
    return value;
  }

  /** The password of the account, where there is one already. */
  account(): string | null {
    const file = `${this.#folder}/directory/default/${account}.xml`;
    const found = this.#files.read(file);
    if (found.ok) {
      const [, password] = /<param\s+name="esl-password"\s+value="([^"]*)"/.exec(found.text) ?? [];
      this.#findings.fact('account', account, { file, line: null });
      if (password === undefined) {
        const fix = 'compare it with config/freeswitch/lamplighter.xml';
        this.#findings.problem('fail', 'no-secret', `the user ${account} has no esl-password`, fix, {
          file,
          line: null,
        });
      }
      return password === undefined ? null : unescaped(password);
    }
    const pattern = `${this.#folder}/directory/default/*.xml`;
    if (!this.#conf.includes.has(pattern)) {
      const text = 'the directory does not take in its folder `default`: it is made by something else';
      const fix = 'add the user of config/freeswitch/lamplighter.xml where your users come from';
      this.#findings.problem('fail', 'no-directory', text, fix, { file: `${this.#folder}/directory`, line: null });
      return null;
    }
    this.wanted.push({
      file,
      why: 'an account at the event socket that may do what Lamplighter needs, and no more',
      syntax: 'xml',
      before: null,
      create: true,
      lines: ({ esl, sip }) => accountLines(esl, sip),
    });
    return null;
  }

  /** FusionPBX's script, by which Lamplighter writes: the line is shipped commented out. */
  hook(): void {
    const isOurs = /\/lua\.conf\.xml$/;
    const hook = this.#conf
      .inFile(isOurs, 'hook')
      .find(({ attributes }) => attributes['event'] === 'PHONE_FEATURE_SUBSCRIBE');
    const file = [...this.#conf.files].find((path) => isOurs.test(path));
    this.#findings.fact('hook for feature keys', hook === undefined ? 'off' : 'on', hook?.at ?? null);
    if (hook !== undefined || file === undefined) return;
    const fix = 'setup --apply adds it';
    const text = "FusionPBX's script for feature keys does not listen: nothing can be written";
    this.#findings.problem('warn', 'no-hook', text, fix, { file, line: null });
    this.wanted.push({
      file,
      why: "FusionPBX's own script writes the features that Lamplighter wishes",
      syntax: 'xml',
      before: '</settings>',
      create: false,
      lines: () => ['    <hook event="PHONE_FEATURE_SUBSCRIBE" subclass="" script="app.lua feature_event"/>'],
    });
  }

  /** Those that phones register with, and every port that its SIP has. */
  profiles(): { readonly profiles: readonly string[]; readonly ports: readonly number[] } {
    const files = /\/sip_profiles\/[^/]+\.xml$/;
    const names: string[] = [];
    const ports = new Set<number>();
    for (const { attributes, at } of this.#conf.inFile(files, 'profile')) {
      const name = attributes['name'] ?? '';
      if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) continue;
      names.push(name);
      const params = this.#conf.tags.filter((tag) => tag.name === 'param' && tag.at.file === at.file);
      const value = params.findLast((tag) => tag.attributes['name'] === 'sip-port')?.attributes['value'] ?? '';
      const port = Number(this.#conf.resolve(value) ?? Number.NaN);
      if (Number.isInteger(port) && port > 0) ports.add(port);
      this.#findings.fact('sofia profile', `${name}${port > 0 ? `, port ${port}` : ''}`, at);
    }
    // IPv4 and IPv6 of one kind of phone; the external ones are for trunks
    const phones = names.filter((name) => !/^external/.test(name) && !/ipv6$/.test(name));
    return { profiles: phones.length > 0 ? phones : ['internal'], ports: [...ports] };
  }
}
