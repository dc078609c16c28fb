import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { asteriskFiles, asteriskLog, certificateFile, secretFiles } from '../../src/cli/doctor/host/files.ts';
import { freeswitchDialplan, freeswitchHook } from '../../src/cli/doctor/host/freeswitch.ts';
import { portShared, portsFree, secondLamplighter } from '../../src/cli/doctor/host/ports.ts';
import type { HostCheck, HostSeen } from '../../src/cli/doctor/host/seen.ts';
import { clock, firewall, socketBuffers } from '../../src/cli/doctor/host/system.ts';
import { certificatePath } from '../support/certificate.ts';
import { lastingPort } from '../support/ports.ts';
import { configOf } from './seen.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lamplighter-host-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A file of the host. */
function put(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** A process that listens at a port. */
function listens(pid: number, comm: string, words: readonly string[], inode: number): void {
  put(`proc/${pid}/comm`, `${comm}\n`);
  put(`proc/${pid}/cmdline`, `${words.join('\0')}\0`);
  mkdirSync(join(root, `proc/${pid}/fd`), { recursive: true });
  symlinkSync(`socket:[${inode}]`, join(root, `proc/${pid}/fd/7`));
}

/** Rows of /proc/net/udp (proc(5)). */
function udpTable(...rows: readonly { readonly port: number; readonly inode: number }[]): void {
  const lines = rows.map(
    ({ port, inode }, index) =>
      `  ${index}: 00000000:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 ${inode} 2 0000000000000000 0`,
  );
  put(
    'proc/net/udp',
    `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n${lines.join('\n')}\n`,
  );
}

const usual = configOf('sip: { listen: [ udp:0.0.0.0:5070 ] }\nhttp: { listen: "127.0.0.1:0" }');

async function said(check: HostCheck, more: Partial<HostSeen> = {}): Promise<readonly string[]> {
  const seen: HostSeen = {
    config: usual,
    file: null,
    running: true,
    root,
    now: Date.now(),
    ask: async () => null,
    ...more,
  };
  const found = await check.look(seen);
  assert.ok(found.every(({ level, fix }) => (fix === null) === (level === 'ok')));
  return found.map(({ level, text }) => `${level}: ${text}`);
}

describe('ports of the host', () => {
  test('without a daemon each is tried, and who has it is named', async () => {
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    const tcp = createServer().listen(0, '127.0.0.1');
    await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
    const port = udp.address().port;
    const http = (tcp.address() as { port: number }).port;
    const free = await lastingPort();
    listens(4711, 'asterisk', ['/usr/sbin/asterisk'], 99);
    udpTable({ port, inode: 99 }, { port: port + 1, inode: 98 });
    const config = configOf(
      `sip: { listen: [ "udp:127.0.0.1:${port}", "udp:127.0.0.1:${free}", "udp:192.0.2.77:5070" ] }\nhttp: { listen: "127.0.0.1:${http}" }`,
    );
    try {
      assert.deepEqual(await said(portsFree, { config, running: false }), [
        `fail: udp:127.0.0.1:${port}: asterisk (4711) has it`,
        'fail: udp:192.0.2.77:5070: this host has no such address (EADDRNOTAVAIL)',
        `fail: http.listen 127.0.0.1:${http}: another program has it`,
      ]);
      assert.deepEqual(await said(portsFree, { config, running: true }), []);
    } finally {
      udp.close();
      tcp.close();
    }
    const alone = configOf(`sip: { listen: [ "udp:127.0.0.1:${free}" ] }\nhttp: { listen: "127.0.0.1:0" }`);
    assert.deepEqual(await said(portsFree, { config: alone, running: false }), [`ok: free: udp:127.0.0.1:${free}`]);
  });

  test('with a daemon, another program on its port is named', async () => {
    listens(100, 'node', ['/usr/bin/node', '/opt/lamplighter/dist/src/main.js', 'start'], 1);
    udpTable({ port: 5070, inode: 1 });
    assert.deepEqual(await said(portShared), []);
    listens(4711, 'asterisk', ['/usr/sbin/asterisk'], 2);
    udpTable({ port: 5070, inode: 1 }, { port: 5070, inode: 2 });
    assert.match(
      (await said(portShared))[0]!,
      /^fail: asterisk \(4711\) listens on the port of udp:0\.0\.0\.0:5070 too/,
    );
  });

  test('two Lamplighters are noticed; their other commands, and the fd of somebody else, are not', async () => {
    listens(100, 'node', ['node', '/usr/bin/lamplighter', 'start'], 1);
    listens(101, 'node', ['node', '/usr/bin/lamplighter', 'trace', '1001'], 2);
    listens(102, 'vi', ['vi', '/etc/lamplighter/lamplighter.yaml'], 3);
    assert.deepEqual(await said(secondLamplighter), []);
    listens(103, 'node', ['node', 'dist/src/main.js'], 4);
    assert.match((await said(secondLamplighter))[0]!, /^warn: 2 Lamplighters run on this host \(100, 103\)/);
  });

  test('a Lamplighter under sudo, timeout or strace is one, not two', async () => {
    const words = ['node', '/usr/bin/lamplighter', 'start'];
    listens(100, 'sudo', ['sudo', '-u', 'lamplighter', ...words], 1);
    listens(101, 'timeout', ['timeout', '20', ...words], 2);
    listens(102, 'strace', ['/usr/bin/strace', '-f', ...words], 3);
    listens(103, 'node', ['/usr/bin/node', '--v8-pool-size=1', ...words.slice(1)], 4);
    assert.deepEqual(await said(secondLamplighter), []);
  });

  test('nothing is said on a host without /proc', async () => {
    for (const check of [portShared, secondLamplighter, socketBuffers]) assert.deepEqual(await said(check), []);
  });
});

describe('the system', () => {
  test('a clock that follows nobody, one whose server is silent, and one of another time', async () => {
    const told = (text: string | null) => said(clock, { ask: async () => text });
    assert.deepEqual(await told(null), []);
    assert.deepEqual(await told('NTP=yes\nNTPSynchronized=yes\n'), []);
    assert.match((await told('NTP=no\nNTPSynchronized=no\n'))[0]!, /^warn: /);
    assert.match((await told('NTP=yes\nNTPSynchronized=no\n'))[0]!, /^warn: /);
    assert.match((await said(clock, { now: 0 }))[0]!, /^fail: this host believes it is 1970-01-01/);
  });

  test('small buffers of the kernel', async () => {
    put('proc/sys/net/core/rmem_max', '212992\n');
    assert.match((await said(socketBuffers))[0]!, /^warn: net\.core\.rmem_max is 212992/);
    put('proc/sys/net/core/rmem_max', '4194304\n');
    assert.deepEqual(await said(socketBuffers), []);
  });

  test('a firewall that lets nobody in', async () => {
    put('etc/ufw/ufw.conf', 'ENABLED=yes\nLOGLEVEL=low\n');
    put(
      'etc/ufw/user.rules',
      '### RULES ###\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n-A ufw-user-input -p tcp --dport 5070 -j ACCEPT\n',
    );
    assert.deepEqual(await said(firewall), ['warn: ufw is on, and no rule of it lets phones reach udp port 5070']);
    const rules = [
      '-A ufw-user-input -p udp --dport 5070 -j ACCEPT',
      '-A ufw-user-input -p udp -m multiport --dports 5060:5080 -j ACCEPT',
      '-A ufw-user-input -s 192.0.2.0/24 -j ACCEPT',
    ];
    for (const rule of rules) {
      put('etc/ufw/user.rules', `${rule}\n`);
      assert.deepEqual(await said(firewall), [], rule);
    }
    put('etc/ufw/user.rules', '');
    put('etc/ufw/ufw.conf', 'ENABLED=no\n');
    assert.deepEqual(await said(firewall), []);
    put('etc/ufw/ufw.conf', 'ENABLED=yes\n');
    assert.deepEqual(await said(firewall, { config: configOf('sip: { listen: [ udp:127.0.0.1:5070 ] }') }), []);
  });
});

test('firewalld', async () => {
  const zone = (ports: string, target = 'default') =>
    `public (active)\n  target: ${target}\n  services: ssh\n  ports: ${ports}\n`;
  const told = (text: string) => said(firewall, { ask: async () => text });
  assert.deepEqual(await told(zone('5070/tcp 443/tcp')), [
    'warn: firewalld is on, and its zone does not let phones reach udp port 5070',
  ]);
  for (const open of [zone('5070/udp'), zone('5000-5100/udp'), zone('', 'ACCEPT')])
    assert.deepEqual(await told(open), []);
});

describe('a FreeSWITCH on the host', () => {
  const esl = 'esl: { password: sixteen-characters }';
  const pbx = (more: string) => ({ config: configOf(`pbx: [ { name: main, type: freeswitch, ${esl}, ${more} } ]`) });

  test('a dialplan that does not know of the features', async () => {
    const seen = pbx('features: db');
    assert.deepEqual(await said(freeswitchDialplan, seen), [], 'none is here');
    put('etc/freeswitch/dialplan/default.xml', '<!-- lamplighter::changed --><include/>');
    assert.match((await said(freeswitchDialplan, seen))[0]!, /^warn: no dialplan .* fires lamplighter::changed/);
    assert.deepEqual(await said(freeswitchDialplan, pbx('features: fusionpbx')), []);
    put('etc/freeswitch/dialplan/default/10_codes.xml', '<action data="Event-Subclass=lamplighter::changed"/>');
    assert.deepEqual(await said(freeswitchDialplan, seen), []);
  });

  test('a hook that is off where it is needed, and on where it is in the way', async () => {
    const hook = '<hook event="PHONE_FEATURE_SUBSCRIBE" subclass="" script="app.lua feature_event"/>';
    put('etc/freeswitch/autoload_configs/lua.conf.xml', `<settings><!-- ${hook} --></settings>`);
    assert.match((await said(freeswitchHook, pbx('features: fusionpbx')))[0]!, /^fail: .* is off/);
    assert.deepEqual(await said(freeswitchHook, pbx('mode: native')), []);
    put('etc/freeswitch/autoload_configs/lua.conf.xml', `<settings>${hook}</settings>`);
    assert.deepEqual(await said(freeswitchHook, pbx('features: fusionpbx')), []);
    assert.match((await said(freeswitchHook, pbx('mode: native')))[0]!, /^fail: mode: native/);
  });
});

describe('files of the host', () => {
  test('secrets that every user can read', async () => {
    const secret = put('ami', 'x');
    const file = put('l.yaml', `pbx:\n  - { ami: { passwordFile: '${secret}' } }\n`);
    for (const path of [root, secret, file]) chmodSync(path, path === root ? 0o755 : 0o640);
    assert.deepEqual(await said(secretFiles, { file }), []);
    chmodSync(secret, 0o644);
    assert.deepEqual(await said(secretFiles, { file }), [
      `fail: every user of this host can read ${secret}, which holds a secret`,
    ]);
    const inline = put('inline.yaml', 'http: { token: sixteen-characters }\n');
    chmodSync(inline, 0o644);
    assert.match((await said(secretFiles, { file: inline }))[0]!, /inline\.yaml/);
    const none = put('none.yaml', '# token: is in a file\nhttp: { listen: "127.0.0.1:8090" }\n');
    chmodSync(none, 0o644);
    assert.deepEqual(await said(secretFiles, { file: none }), []);
    chmodSync(secret, 0o644);
    chmodSync(root, 0o700);
    assert.deepEqual(await said(secretFiles, { file }), [], 'nobody comes to it');
  });

  test('a certificate, where no daemon shows one', async () => {
    const at = (cert: string) =>
      ({
        running: false,
        config: {
          ...usual,
          sip: { ...usual.sip, tls: { cert, key: cert, clientCert: 'none', minVersion: 'TLSv1.2' } },
        },
      }) as const;
    const far = Date.UTC(2200, 0, 1);
    assert.match(
      (await said(certificateFile, { ...at(certificatePath('server.pem')), now: far }))[0]!,
      /^fail: the certificate expired/,
    );
    assert.match((await said(certificateFile, at(put('x.pem', 'no certificate'))))[0]!, /^fail: .*is no certificate/);
    assert.deepEqual(await said(certificateFile, { ...at(certificatePath('server.pem')), running: true }), []);
  });

  test('489s in the log of Asterisk, by package and phone', async () => {
    const line = (event: string, who: string) =>
      `[2026-11-20 10:00:00] WARNING[123]: res_pjsip_pubsub.c:765 subscription_get_handler_from_rdata: No registered subscribe handler for event ${event} from ${who}\n`;
    put(
      'var/log/asterisk/full',
      `${'x'.repeat(3_000_000)}\n${line('as-feature-event', '1001').repeat(3)}${line('as-feature-event', '1002')}${line('ua-profile', '1001')}`,
    );
    const found = await said(asteriskLog);
    assert.equal(found.length, 2);
    assert.match(found[0]!, /^warn: .*refused 4 SUBSCRIBEs for as-feature-event \(489\), of 1001, 1002/);
    put('var/log/asterisk/full', 'all is well\n');
    assert.deepEqual(await said(asteriskLog), []);
  });

  test('a setting of ari.conf that hangs every call', async () => {
    const config = configOf('pbx: [ { name: main, type: asterisk, ami: { username: a, password: b } } ]');
    put('etc/asterisk/ari.conf', '[general]\n;channelvars = CHANNEL(pjsip,call-id)\nchannelvars = CHANNEL(linkedid)\n');
    assert.deepEqual(await said(asteriskFiles, { config }), []);
    put('etc/asterisk/ari.conf', '[general]\nchannelvars = CHANNEL(onhold), CHANNEL( pjsip,call-id)\n');
    assert.match((await said(asteriskFiles, { config }))[0]!, /^fail: .*hangs every call/);
    assert.deepEqual(await said(asteriskFiles), [], 'there is no Asterisk');
  });
});
