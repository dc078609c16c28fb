import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Home } from '../support/daemon.ts';
import { testFile } from './lab/paths.ts';
import { copyRefused, MachineCopy } from './machine-copy.ts';
import { orRequired } from './required.ts';

const etc = '/etc/lamplighter';
const state = '/var/lib/lamplighter';

async function missing(): Promise<string | null> {
  for (const tool of ['dpkg-deb', 'systemd-analyze', 'systemd-notify', 'objdump', 'python3']) {
    if (spawnSync('which', [tool]).status !== 0) return `there is no ${tool}`;
  }
  return await copyRefused();
}

/** Who has the machine to himself: an earlier installation is taken out without its scripts, which would undo its setup. */
const asNew = `
rm -f /var/lib/dpkg/info/lamplighter.prerm /var/lib/dpkg/info/lamplighter.postrm
if dpkg -s lamplighter >/dev/null 2>&1; then dpkg --purge lamplighter; fi
rm -rf ${etc} ${state} /var/log/lamplighter /etc/asterisk
if getent passwd lamplighter >/dev/null; then deluser --quiet --system lamplighter; fi
`;

function run(words: readonly string[], env: Record<string, string> = {}): string {
  const [command = '', ...rest] = words;
  const { status, stdout, stderr } = spawnSync(command, rest, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', ...env },
  });
  assert.equal(status, 0, `${words.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

/** The daemon as the unit starts it: its user, its file, its notices. Ports of the system's choice. */
class Service {
  readonly output: string[] = [];
  readonly #child: ChildProcess;

  constructor(machine: MachineCopy, notify: string) {
    const own = [
      'setpriv',
      '--pdeathsig',
      'KILL',
      '--reuid=lamplighter',
      '--regid=lamplighter',
      '--init-groups',
      '--no-new-privs',
    ];
    const daemon = ['/usr/bin/lamplighter', 'start', '--config', `${etc}/lamplighter.yaml`];
    const [command = '', ...words] = [...machine.enter(state), ...own, ...daemon];
    this.#child = spawn(command, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        NOTIFY_SOCKET: notify,
        WATCHDOG_USEC: '30000000',
        LAMPLIGHTER_HTTP__LISTEN: '127.0.0.1:0',
        LAMPLIGHTER_SIP__LISTEN: '[udp:127.0.0.1:0, tcp:127.0.0.1:0]',
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.output.push(text));
    }
  }

  get url(): string {
    return /Panel and API\s+(http:\S+)/.exec(this.output.join(''))?.[1] ?? '';
  }

  reload(): void {
    this.#child.kill('SIGHUP');
  }

  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      await gone;
    }
    return this.#child.exitCode;
  }
}

/** What systemd would hear: Node has no sockets of that kind. */
const listener = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
print('bound', flush=True)
while True:
    data, ancillary, *_ = s.recvmsg(4096, 4096)
    for level, kind, fds in ancillary:  # a barrier: systemd-notify waits until it is closed
        for at in range(0, len(fds), 4):
            os.close(int.from_bytes(fds[at:at + 4], sys.byteorder))
    print(data.decode().replace('\\n', ' '), flush=True)
`;

async function until(what: () => string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await condition()); ) {
    if (Date.now() > end) throw new Error(`never happened: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the Debian package', { skip: orRequired(await missing()) ?? false }, () => {
  const home = new Home();
  const notices: string[] = [];
  const services: Service[] = [];
  let machine: MachineCopy;
  let ear: ChildProcess;
  let deb = '';

  /** On the copy of this machine. */
  const there = (words: readonly string[], env: Record<string, string> = {}): string =>
    run([...machine.enter('/'), ...words], env);

  before(async () => {
    machine = await MachineCopy.open();
    there(['sh', '-e', '-c', asNew]);
    chmodSync(home.folder, 0o755);
    deb = run([testFile('..', 'config/deb/build.sh'), home.folder], { DEB_COMPRESSION: 'gzip' }).trim();
    ear = spawn('python3', ['-c', listener, home.path('notify')], { stdio: ['ignore', 'pipe', 'inherit'] });
    ear.stdout?.setEncoding('utf8').on('data', (text: string) => notices.push(...text.trim().split('\n')));
    await until(
      () => 'the ear is open',
      () => notices.includes('bound'),
    );
  });
  after(async () => {
    for (const service of services) await service.stop();
    ear?.kill();
    await machine?.close();
    home.remove();
  });

  const feature = async (url: string): Promise<unknown> => {
    const answer = await fetch(`${url}/api/v1/extensions/1001`);
    return ((await answer.json()) as { features: { dnd: { enabled: boolean } } }).features.dnd.enabled;
  };
  const serving = async (): Promise<Service> => {
    const service = new Service(machine, home.path('notify'));
    services.push(service);
    await until(
      () => service.output.join(''),
      async () => service.url !== '' && (await fetch(`${service.url}/readyz`)).ok,
    );
    return service;
  };

  it('holds what the program needs, no tests, no tools, and belongs to root', () => {
    const files = run(['dpkg-deb', '--contents', deb])
      .trim()
      .split('\n')
      .map((line) => {
        const [mode = '', owner = '', , , , path = ''] = line.split(/\s+/);
        return { mode, owner, path: path.slice(1) };
      });
    assert.deepEqual(
      files.filter(({ owner }) => owner !== 'root/root'),
      [],
    );
    assert.deepEqual(
      files.filter(({ mode }) => /^-.......w|^-....w/.test(mode)),
      [],
      'nobody but root can write them',
    );
    const paths = new Set(files.map(({ path }) => path));
    for (const path of [
      '/usr/bin/lamplighter',
      '/usr/lib/lamplighter/node',
      '/lib/systemd/system/lamplighter.service',
      '/usr/share/man/man1/lamplighter.1.gz',
      '/usr/share/bash-completion/completions/lamplighter',
      '/usr/share/zsh/vendor-completions/_lamplighter',
      '/usr/share/doc/lamplighter/copyright',
      '/usr/share/doc/lamplighter/sbom.cyclonedx.json',
      '/etc/fail2ban/filter.d/lamplighter.conf',
      '/etc/logrotate.d/lamplighter',
    ]) {
      assert.ok(paths.has(path), path);
    }
    const stray = [...paths].filter((path) =>
      /lamplighter\/dist\/test\/|node_modules\/(typescript|@biomejs|esbuild|preact|fast-check)\//.test(path),
    );
    assert.deepEqual(stray, []);
  });

  it('has a unit that systemd understands, and that lets it do little', () => {
    const unit = home.write(
      'lamplighter.service',
      readFileSync(testFile('..', 'config/systemd/lamplighter.service'), 'utf8')
        // what is not installed yet is no fault of the unit
        .replaceAll('/usr/bin/lamplighter', '/bin/true')
        .replace(/^Documentation=.*$/m, ''),
    );
    run(['systemd-analyze', 'verify', unit]);
    run(['systemd-analyze', 'security', '--offline=true', '--threshold=20', unit]);
  });

  it('is installed by Debian’s own tools: user, folders and a configuration that is right', () => {
    // a checkout that root ran before the package came
    const files = [machine.path(`${etc}/ami`), machine.path(`${state}/lamplighter.db`)];
    for (const file of files) {
      mkdirSync(dirname(file));
      writeFileSync(file, '', { mode: 0o600 });
    }
    there(['apt-get', 'install', '-y', '-q', '--no-install-recommends', deb]);
    for (const file of files) {
      assert.notEqual(statSync(file).uid, 0, `the daemon can use ${file}`);
      assert.equal(statSync(file).mode & 0o777, 0o600);
    }
    assert.equal(there(['dpkg', '--verify', 'lamplighter']), '');
    assert.match(there(['getent', 'passwd', 'lamplighter']), /nologin/);
    assert.match(there(['/usr/bin/lamplighter', 'check-config', `${etc}/lamplighter.yaml`]), /no errors/);
    assert.match(there(['/usr/bin/lamplighter', '--version']), /^\d+\.\d+\.\d+/);
    const config = statSync(machine.path(`${etc}/lamplighter.yaml`));
    assert.equal(config.mode & 0o777, 0o640);
    assert.equal(config.uid, 0, 'the daemon cannot change it');
    assert.equal(statSync(machine.path(state)).mode & 0o777, 0o750);
    assert.match(there(['man', '-P', 'cat', 'lamplighter'], { MANWIDTH: '80' }), /LAMPLIGHTER/i);
  });

  it('tells systemd when it is ready, reloads, lives and stops, and serves as its own user', async () => {
    const service = await serving();
    await until(
      () => notices.join('\n'),
      () => notices.some((line) => line.startsWith('READY=1')) && notices.includes('WATCHDOG=1'),
    );
    service.reload();
    await until(
      () => notices.join('\n'),
      () =>
        notices.some((line) => line.startsWith('RELOADING=1')) &&
        notices.filter((line) => line.startsWith('READY=1')).length === 2,
    );
    there(['/usr/bin/lamplighter', 'set', '1001', 'dnd', 'on', '--url', service.url]);
    assert.equal(await service.stop(), 0);
    assert.ok(notices.some((line) => line.startsWith('STOPPING=1')));
    assert.notEqual(statSync(machine.path(`${state}/lamplighter.db`)).uid, 0);
  });

  it('keeps configuration and database over an upgrade', async () => {
    const config = machine.path(`${etc}/lamplighter.yaml`);
    writeFileSync(config, `${readFileSync(config, 'utf8')}# changed by the admin\n`);
    const unpacked = home.path('newer');
    run(['dpkg-deb', '--raw-extract', deb, unpacked]);
    const control = `${unpacked}/DEBIAN/control`;
    writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, 'Version: 99.0'));
    run(['dpkg-deb', '--root-owner-group', '-Zgzip', '-z1', '--build', unpacked, home.path('newer.deb')]);
    there(['dpkg', '--install', home.path('newer.deb')]);
    assert.match(readFileSync(config, 'utf8'), /# changed by the admin/);
    const service = await serving();
    assert.equal(await feature(service.url), true);
    assert.equal(await service.stop(), 0);
  });

  it('removed, it takes its lines out of the PBX; purged, nothing of it is left', () => {
    const folder = machine.path('/etc/asterisk');
    const own = '[general]\nenabled = yes\nport = 5038\nbindaddr = 127.0.0.1\n';
    mkdirSync(folder);
    for (const [name, text] of [
      ['asterisk.conf', '[directories]\n'],
      ['manager.conf', own],
      ['ari.conf', '[general]\nenabled = no\n'],
      ['http.conf', '[general]\nenabled = no\n'],
    ] as const) {
      writeFileSync(`${folder}/${name}`, text);
    }
    there(['/usr/bin/lamplighter', 'setup', '--apply', '--replace', '--config', `${etc}/lamplighter.yaml`]);
    assert.match(readFileSync(`${folder}/manager.conf`, 'utf8'), /\[lamplighter\]/);
    there(['dpkg', '--remove', 'lamplighter']);
    assert.equal(readFileSync(`${folder}/manager.conf`, 'utf8'), own);
    assert.ok(existsSync(machine.path(`${etc}/lamplighter.yaml`)), 'remove keeps what is the admin’s');
    assert.ok(existsSync(machine.path(`${state}/lamplighter.db`)));
    there(['dpkg', '--purge', 'lamplighter']);
    const left = ['/etc', '/lib/systemd', '/usr/bin', '/usr/lib', '/usr/share', '/var/lib', '/var/log'];
    const found = there(['find', ...left, '-xdev', '-iname', '*lamplighter*', '-not', '-path', '/var/lib/dpkg/*']);
    assert.equal(found, '');
    there(['sh', '-c', '! getent passwd lamplighter']);
  });
});
