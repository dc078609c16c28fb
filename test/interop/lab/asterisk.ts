import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, systemClock, within } from '../../../src/model/clock.ts';
import { Phone, type PhoneOptions } from '../../support/phone.ts';
import { type AmiAccount, AmiClient, databasePut } from './ami.ts';
import { type Installation, installed } from './installation.ts';
import { testFile } from './paths.ts';
import { type LabPorts, labPorts } from './ports.ts';

/** The phones of the lab; the password of each is `pw<extension>`. */
const labExtensions = ['1001', '1002', '1003', '1004', '1005', '1006'] as const;

const longestRunFolder = 85; // Asterisk's control socket must fit into a Unix socket's address
const bootMs = 30_000;

/** Asterisk complains about each of these that is missing; empty is right, and leaves a log that only holds what matters. */
const emptyFiles =
  'acl aeap ccss cel chan_websocket cli_aliases features geolocation indications pjproject pjsip_notify pjsip_wizard ' +
  'res_http_media_cache sorcery udptl websocket_client';

const live = new Set<AsteriskLab>();

/** A real Asterisk with FreePBX's conventions, on free loopback ports, in a folder of its own; several may run at once. */
export class AsteriskLab {
  readonly #installation: Installation;
  readonly #folder: string;
  readonly #ports: LabPorts;
  #child: ChildProcess | undefined;

  /** Null: it can run here. Else why not, for `t.skip`. The first call may download about 36 MB. */
  static async available(): Promise<string | null> {
    const found = await installed();
    return 'reason' in found ? found.reason : null;
  }

  /** Resolves when Asterisk is booted and its data base holds FreePBX's rows. `freepbx` is the one dialplan there is. */
  static async start(_options: { readonly features: 'freepbx' } = { features: 'freepbx' }): Promise<AsteriskLab> {
    const found = await installed();
    if ('reason' in found) throw new Error(found.reason);
    for (let attempt = 1; ; attempt += 1) {
      const folder = await mkdtemp(join(tmpdir(), 'lamp-ast-'));
      const lab = new AsteriskLab(found.installation, folder, await labPorts());
      live.add(lab);
      if (live.size === 1) process.on('exit', killAll);
      try {
        await lab.#configure();
        await lab.#boot();
        await lab.#seed();
        return lab;
      } catch (error) {
        const lostPort = /address already in use/i.test(lab.logs);
        await lab.stop();
        if (!lostPort || attempt === 3) throw error;
      }
    }
  }

  private constructor(installation: Installation, folder: string, ports: LabPorts) {
    this.#installation = installation;
    this.#folder = folder;
    this.#ports = ports;
  }

  readonly host = '127.0.0.1';

  /** UDP and TCP. */
  get sipPort(): number {
    return this.#ports.sip;
  }

  get httpPort(): number {
    return this.#ports.http;
  }

  get amiPort(): number {
    return this.#ports.ami;
  }

  get version(): string {
    return this.#installation.asterisk;
  }

  /** The ARI user that the README tells admins to make. */
  get ari(): { readonly url: string; readonly username: string; readonly password: string } {
    return { url: `http://127.0.0.1:${this.#ports.http}`, username: 'lamplighter', password: 'lamplighter-ari' };
  }

  /** The AMI user that the README tells admins to make: system, call, reporting. */
  get ami(): AmiAccount {
    return { host: this.host, port: this.#ports.ami, username: 'lamplighter', secret: 'lamplighter-ami' };
  }

  /** The AMI user of the tests, with all rights. */
  get admin(): AmiAccount {
    return { ...this.ami, username: 'admin', secret: 'admin-ami' };
  }

  /** Folder of its configuration. */
  get etc(): string {
    return join(this.#folder, 'etc');
  }

  /** What `asterisk` is for this one, without the options of a call. */
  get command(): readonly string[] {
    return [this.#installation.loader, ...this.#arguments()];
  }

  /** Everything Asterisk logged so far. */
  get logs(): string {
    return this.#log('messages') + this.#log('console');
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Opens a phone of the lab; not registered yet. */
  phone(
    extension: string,
    options: Partial<PhoneOptions> & { readonly transport?: 'udp' | 'tcp' } = {},
  ): Promise<Phone> {
    const { transport = 'udp', ...others } = options;
    const server = { host: this.host, port: this.sipPort, transport };
    return Phone.open({ user: extension, password: `pw${extension}`, domain: this.host, server, ...others });
  }

  /** One line at Asterisk's console; gives what it prints. */
  cli(command: string): Promise<string> {
    const { loader } = this.#installation;
    return new Promise((resolve, reject) => {
      execFile(loader, [...this.#arguments(), '-rx', command], { timeout: 10_000 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`${command}: ${stdout.trim() || stderr.trim() || error.message}`));
        else resolve(stdout);
      });
    });
  }

  /** How many bridges there are in which two channels talk. */
  async conversations(): Promise<number> {
    const bridges = await this.cli('bridge show all');
    return bridges.split('\n').filter((line) => /^[0-9a-f-]{36} .* 2 +basic /.test(line)).length;
  }

  /** Adds sections to pjsip.conf, from now until the lab stops. */
  async addToPjsip(text: string): Promise<void> {
    const file = join(this.#folder, 'etc', 'pjsip.conf');
    await writeFile(file, `${await readFile(file, 'utf8')}\n${text}`);
    await this.cli('module reload res_pjsip.so');
    await this.cli('module reload res_pjsip_outbound_publish.so');
  }

  /** Another text of one of its files, from the next reload or start on; answers what it was. */
  async editFile(name: string, change: (text: string) => string): Promise<string> {
    const file = join(this.#folder, 'etc', name);
    const before = await readFile(file, 'utf8');
    await writeFile(file, change(before));
    return before;
  }

  /** Another extensions.conf, from now until the lab stops. */
  async setDialplan(text: string): Promise<void> {
    await writeFile(join(this.#folder, 'etc', 'extensions.conf'), text);
    await this.cli('dialplan reload');
  }

  /** The counts of a mailbox, as if callers had left messages; phones and AMI are told. */
  async setMailbox(extension: string, fresh: number, old = 0): Promise<void> {
    for (const [name, count] of [
      ['INBOX', fresh],
      ['Old', old],
    ] as const) {
      const folder = join(this.#folder, 'spool', 'voicemail', 'default', extension, name);
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      for (let index = 0; index < count; index += 1) {
        await writeFile(join(folder, `msg${String(index).padStart(4, '0')}.txt`), '[message]\n');
      }
    }
    await this.#asAdmin((ami) => ami.action({ Action: 'VoicemailRefresh', Context: 'default', Mailbox: extension }));
  }

  /** SIGKILL, as a crash; ports and data stay for `restart`, but AstDB rows of the last second may be lost. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it, if it runs, and starts it again with the same ports, data base and registrations. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    await this.#boot();
  }

  /** Ends it and removes its folder; safe to call twice. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    live.delete(this);
    if (live.size === 0) process.off('exit', killAll);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** For the end of the process, where nothing can be waited for. */
  killNow(): void {
    this.#child?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #configure(): Promise<void> {
    if (this.#folder.length > longestRunFolder) throw new Error(`run folder too long for a socket: ${this.#folder}`);
    for (const name of ['etc', 'lib/keys', 'log', 'run', 'spool/voicemail']) {
      await mkdir(join(this.#folder, name), { recursive: true });
    }
    for (const name of emptyFiles.split(' ')) await writeFile(join(this.#folder, 'etc', `${name}.conf`), '');
    const broken = (await readFile(this.#installation.broken, 'utf8')).split('\n').filter((line) => line !== '');
    const values: Readonly<Record<string, string | number>> = {
      RUN: this.#folder,
      ROOT: this.#installation.root,
      MODULES: this.#installation.modules,
      NOLOAD: broken.map((module) => `noload = ${module}`).join('\n'),
      SIP_PORT: this.#ports.sip,
      HTTP_PORT: this.#ports.http,
      AMI_PORT: this.#ports.ami,
      RTP_START: this.#ports.rtpStart,
      RTP_END: this.#ports.rtpEnd,
      MD5_1005: createHash('md5').update('1005:asterisk:pw1005').digest('hex'),
    };
    const templates = testFile('interop', 'lab', 'etc');
    for (const name of await readdir(templates)) {
      const text = await readFile(join(templates, name), 'utf8');
      const filled = text.replace(/@([A-Z0-9_]+)@/g, (mark, key: string) => String(values[key] ?? mark));
      await writeFile(join(this.#folder, 'etc', name), filled);
    }
  }

  async #boot(): Promise<void> {
    const { loader } = this.#installation;
    const console = openSync(join(this.#folder, 'log', 'console'), 'a');
    const command = [loader, ...this.#arguments(), '-f'];
    // setpriv: Asterisk dies with us even when we are killed; without it only an orderly end is covered
    const tied = canTie() ? ['setpriv', '--pdeathsig', 'KILL', ...command] : command;
    const child = spawn(tied[0] as string, tied.slice(1), { stdio: ['ignore', console, console] });
    closeSync(console);
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    const before = this.#log('messages').length;
    const deadline = systemClock.now() + bootMs;
    while (!(await this.cli('core waitfullybooted').catch(() => '')).includes('fully booted')) {
      if (!this.#child || systemClock.now() > deadline)
        throw new Error(`Asterisk did not boot:\n${this.logs.slice(-2000)}`);
      await sleep(systemClock, 50);
    }
    const refused = /^.*(?:already in use|Unable to bind|Failed to bind).*$/im.exec(
      this.#log('messages').slice(before),
    )?.[0];
    if (refused !== undefined) throw new Error(refused);
  }

  /** The rows FreePBX keeps for each extension. */
  async #seed(): Promise<void> {
    await this.#asAdmin(async (ami) => {
      for (const ext of labExtensions) {
        const rows: readonly (readonly [family: string, key: string, value: string])[] = [
          ['AMPUSER', `${ext}/cidname`, `Phone ${ext}`],
          ['AMPUSER', `${ext}/cidnum`, ext],
          ['AMPUSER', `${ext}/device`, ext],
          ['AMPUSER', `${ext}/ringtimer`, '0'],
          ['AMPUSER', `${ext}/cfringtimer`, '0'],
          ['AMPUSER', `${ext}/voicemail`, 'default'],
          ['AMPUSER', `${ext}/hint`, `PJSIP/${ext}&Custom:DND${ext},CustomPresence:${ext}`],
          ['DEVICE', `${ext}/dial`, `PJSIP/${ext}`],
          ['DEVICE', `${ext}/type`, 'fixed'],
          ['DEVICE', `${ext}/user`, ext],
          ['CW', ext, 'ENABLED'],
        ];
        for (const [family, key, value] of rows) await databasePut(ami, family, key, value);
      }
    });
  }

  async #asAdmin<T>(work: (ami: AmiClient) => Promise<T>): Promise<T> {
    const ami = await AmiClient.connect(this.admin);
    try {
      return await work(ami);
    } finally {
      await ami.close();
    }
  }

  #log(name: string): string {
    return readIfThere(join(this.#folder, 'log', name));
  }

  #arguments(): string[] {
    const { libraries, root } = this.#installation;
    return [
      '--library-path',
      libraries,
      join(root, 'usr/sbin/asterisk'),
      '-C',
      join(this.#folder, 'etc', 'asterisk.conf'),
    ];
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    // a deadlocked Asterisk does not hear SIGTERM
    await within(systemClock, 5000, gone, () => {
      child.kill('SIGKILL');
      return gone;
    });
  }
}

function killAll(): void {
  for (const lab of live) lab.killNow();
}

let tie: boolean | undefined;

function canTie(): boolean {
  tie ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;
  return tie;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
