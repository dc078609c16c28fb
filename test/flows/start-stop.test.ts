import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Daemon, type Home, withHome } from '../support/daemon.ts';
import { Phone } from '../support/phone.ts';
import { simulatedConfig } from './simulated.ts';

const main = new URL('../../src/main.js', import.meta.url).pathname;

/** What an admin must never see. */
function noStack(output: string): void {
  assert.doesNotMatch(output, /\n\s+at .*:\d+:\d+\)?/, output);
}

test('a wrong configuration ends with exit code 2 and names path, line and nearest key', () =>
  withHome(async (home) => {
    const config = home.write('bad.yaml', 'version: 1\nsip:\n  lisen: []\n');
    for (const command of [
      ['start', '--config', config],
      ['check-config', config],
    ]) {
      const { code, output } = await Daemon.run(...command);
      assert.equal(code, 2);
      assert.match(output, /bad\.yaml:3: sip\.lisen: .*did you mean listen\?/);
      noStack(output);
    }
  }));

test('check-config says when there is nothing to say, and a file that is not there is exit code 2', () =>
  withHome(async (home) => {
    const good = await Daemon.run('check-config', simulatedConfig(home));
    assert.deepEqual([good.code, /no errors/.test(good.output)], [0, true]);
    const none = await Daemon.run('start', '--config', home.path('none.yaml'));
    assert.equal(none.code, 2);
    noStack(none.output);
  }));

test('check-config knows what the start would refuse: a policy pattern that could run for ever', () =>
  withHome(async (home) => {
    const config = home.write('slow.yaml', "features: { policy: { allow: ['^(a+)+$'] } }\n");
    for (const command of [
      ['start', '--config', config],
      ['check-config', config],
    ]) {
      const { code, output } = await Daemon.run(...command);
      assert.equal(code, 2);
      assert.match(output, /features\.policy/);
      noStack(output);
    }
  }));

test('a SIP port in use ends with exit code 3, the port and the fix', () =>
  withHome(async (home) => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const config = home.write(
      'lamplighter.yaml',
      `sip: { listen: ['udp:127.0.0.1:${port}'] }\nstore: { path: ${home.path('x.db')} }\nhttp: { listen: '127.0.0.1:0' }\n`,
    );
    const { code, output } = await Daemon.run('start', '--config', config);
    socket.close();
    assert.equal(code, 3);
    assert.match(output, new RegExp(`udp:127\\.0\\.0\\.1:${port}`));
    assert.match(output, /choose another address/);
    noStack(output);
  }));

test('an HTTP port in use ends with exit code 3', () =>
  withHome(async (home) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const config = home.write(
      'lamplighter.yaml',
      `sip: { listen: ['udp:127.0.0.1:0'] }\nstore: { path: ${home.path('x.db')} }\nhttp: { listen: '127.0.0.1:${port}' }\n`,
    );
    const { code, output } = await Daemon.run('start', '--config', config);
    server.close();
    assert.equal(code, 3);
    assert.match(output, new RegExp(`:${port}`));
    noStack(output);
  }));

test('an address this host has not ends with exit code 3, whatever timer was forgotten', () =>
  withHome(async (home) => {
    const config = home.write(
      'lamplighter.yaml',
      `sip: { listen: ['udp:192.0.2.1:5070'] }\nstore: { path: ${home.path('x.db')} }\nhttp: { listen: '127.0.0.1:0' }\n`,
    );
    process.env['NODE_OPTIONS'] = '--import data:text/javascript,setInterval(()=>undefined,1000)';
    try {
      const { code, output } = await Daemon.run('start', '--config', config);
      assert.equal(code, 3);
      noStack(output);
    } finally {
      delete process.env['NODE_OPTIONS'];
    }
  }));

/** A daemon that has its database, and rehearses: it is in the middle of its start. */
async function starting(home: Home) {
  const env = { ...process.env, LAMPLIGHTER_SIP__WARMUP: 'true' };
  const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
  const child = spawn(process.execPath, [main, 'start', '--config', simulatedConfig(home)], { env, stdio });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = once(child, 'close');
  while (child.exitCode === null && !existsSync(home.path('lamplighter.db.lock'))) await pause();
  return { child, lines, ended };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

test('SIGTERM and SIGINT in the middle of a start stop it in order, with exit code 0', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    await withHome(async (home) => {
      const { child, lines, ended } = await starting(home);
      child.kill(signal);
      assert.deepEqual(await ended, [0, null], lines.join('\n'));
      assert.match(lines.at(-1) ?? '', /stopping: phones keep their subscriptions/);
    });
  }
});

test('SIGHUP in the middle of a start ends nothing: the configuration is read again once it runs', () =>
  withHome(async (home) => {
    const { child, lines, ended } = await starting(home);
    child.kill('SIGHUP');
    while (child.exitCode === null && child.signalCode === null && !/read again/.test(lines.at(-1) ?? ''))
      await pause();
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null], lines.join('\n'));
  }));

test('a database that cannot be written ends with exit code 4 and the fix', () =>
  withHome(async (home) => {
    home.write('file', '');
    const config = home.write(
      'lamplighter.yaml',
      `sip: { listen: ['udp:127.0.0.1:0'] }\nstore: { path: ${home.path('file/below/x.db')} }\nhttp: { listen: '127.0.0.1:0' }\n`,
    );
    const { code, output } = await Daemon.run('start', '--config', config);
    assert.equal(code, 4);
    assert.match(output, /writable/);
    noStack(output);
  }));

test('a second daemon on one database ends with exit code 4 and leaves the first alone', () =>
  withHome(async (home) => {
    const config = simulatedConfig(home);
    const first = await Daemon.start(config);
    try {
      const second = await Daemon.run('start', '--config', config);
      assert.equal(second.code, 4);
      assert.match(second.output, /in use by another Lamplighter/);
      noStack(second.output);
      await first.ready();
      assert.equal(await first.stop(), 0);
    } finally {
      await first.kill();
    }
  }));

test('a PBX that is down at start, or refuses the password, ends nothing: it is said once with the fix, phones get 503', () =>
  withHome(async (home) => {
    // accepts connections and says nothing a PBX would say: worse than refusing them
    const mute = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as { port: number };
    const daemon = await Daemon.start(
      home.write(
        'lamplighter.yaml',
        `domain: pbx.test
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
store: { path: ${home.path('x.db')} }
http: { listen: '127.0.0.1:0' }
pbx:
  - name: main
    type: asterisk
    ari: { url: 'http://127.0.0.1:1', username: u, password: hidden-1 }
    ami: { host: 127.0.0.1, port: ${port}, username: u, password: hidden-2 }
`,
      ),
    );
    try {
      const ready = await daemon.until<{ checks: { name: string; ok: boolean; reason: string | null }[] }>(
        '/readyz',
        (body, status) =>
          status === 503 && body.checks.some(({ name, reason }) => name === 'pbx main' && reason !== null),
      );
      assert.ok(ready.checks.some(({ name, ok }) => name === 'store' && ok));
      const phone = await Phone.open({
        user: '1001',
        password: 'x',
        domain: 'pbx.test',
        server: { host: '127.0.0.1', port: daemon.udpPort, transport: 'udp' },
      });
      const { response } = await phone.subscribe({ event: 'dialog' });
      assert.equal(response.status, 503);
      assert.match(response.header('Retry-After') ?? '', /^\d+/);
      await phone.close();
      assert.equal(await daemon.stop(), 0);
      noStack(daemon.output.join('\n'));
      assert.doesNotMatch(daemon.output.join('\n'), /hidden-[12]/);
    } finally {
      await daemon.kill();
      mute.close();
    }
  }));

test('an unknown command is refused with help', async () => {
  const { code, output } = await Daemon.run('lamp');
  assert.notEqual(code, 0);
  assert.match(output, /Usage|unknown|argument/i);
});
