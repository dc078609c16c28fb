import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { natAddress } from '../../src/examination/address.ts';
import { certificate, judgeCertificate } from '../../src/examination/certificates.ts';
import type { Expect } from '../../src/examination/knock.ts';
import { listeners } from '../../src/examination/listeners.ts';
import type { DaemonSeen } from '../../src/examination/seen.ts';
import type { Check } from '../../src/model/check.ts';
import type { ListenerView, WaysView } from '../../src/model/ways.ts';
import { configOf } from '../cli/seen.ts';
import { certificatePath, certificate as pem } from '../support/certificate.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { Phone } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { healthy, look, said } from './seen.ts';

const unheard: Expect = () => ({ came: false, end: () => undefined });

function waysAt(...listeners: readonly Pick<ListenerView, 'transport' | 'address' | 'port'>[]): WaysView {
  return { ...healthy.ways, listeners: listeners.map((one) => ({ ...one, requests: {}, lastRequestAt: null })) };
}

function check(one: Check<DaemonSeen>, more: Partial<DaemonSeen>): Promise<readonly string[]> {
  return look(one, more).then(said);
}

describe('listeners of a running daemon', () => {
  const home = new Home();
  let daemon: Daemon;

  before(async () => {
    const cert = home.write('cert.pem', pem('server.pem'));
    const tls = `tls: { cert: ${cert}, key: ${certificatePath('server.key')} }`;
    const [http, wss] = [await lastingPort(), await lastingPort()];
    daemon = await Daemon.start(
      home.write(
        'l.yaml',
        `sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0', 'tls:127.0.0.1:0', 'ws:127.0.0.1:0', 'wss:127.0.0.1:${wss}'], ${tls} }
store: { path: ${home.path('l.db')} }
http: { listen: '127.0.0.1:${http}' }
pbx: [ { name: sim, type: simulated } ]
`,
      ),
    );
    await daemon.ready();
  });

  after(async () => {
    await daemon.kill();
    home.remove();
  });

  test('each is asked by its own transport, nothing of it stays, and it is no phone', async () => {
    const findings = await daemon.api<{ check: string; level: string; text: string }[]>('/api/v1/checks');
    const found = findings.body.find((one) => one.check === 'listeners');
    assert.equal(found?.level, 'ok', found?.text);
    for (const transport of ['udp', 'tcp', 'tls', 'ws', 'wss'])
      assert.match(found?.text ?? '', new RegExp(`\\b${transport}:127`));
    const ways = await daemon.api<WaysView>('/api/v1/ways');
    assert.deepEqual(
      ways.body.listeners.map(({ requests, lastRequestAt }) => [requests, lastRequestAt]),
      Array.from({ length: 5 }, () => [{}, null]),
    );
    assert.deepEqual((await daemon.api('/api/v1/subscriptions')).body, []);
    assert.ok(!daemon.output.join('\n').includes('lamplighter-doctor'), 'nor is it in the log');
  });

  test('the certificate that phones are shown is judged, and compared with its file', async () => {
    const told = async () => {
      const { body } = await daemon.api<{ check: string; level: string; text: string }[]>('/api/v1/checks');
      return body.filter((one) => one.check === 'certificate').map(({ level, text }) => `${level}: ${text}`);
    };
    assert.deepEqual(
      (await told()).map((text) => text.replace(/ [^ ]*(?:,.*)?, and none/, ' …, and none')),
      ['warn: the certificate is for …, and none of lamplighter.test is among them'],
    );
    home.write('cert.pem', pem('stranger.pem'));
    const more = await told();
    assert.match(more.at(-1) ?? '', /^warn: phones are shown another certificate than .*cert\.pem holds$/);
    home.write('cert.pem', 'no certificate');
    assert.match((await told()).at(-1) ?? '', /^fail: the certificate's file cannot be read/);
    home.write('cert.pem', pem('server.pem'));
  });

  test('who asks during an examination is told the same', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => daemon.api('/api/v1/checks')));
    assert.deepEqual(one, other);
  });

  test('a phone with a wrong password is named', async () => {
    const server = { host: '127.0.0.1', port: daemon.udpPort, transport: 'udp' } as const;
    const phone = await Phone.open({ user: '1001', password: 'wrong', domain: 'lamplighter.test', server });
    try {
      await phone.subscribe({ event: 'dialog', resource: '1002' });
    } finally {
      await phone.close();
    }
    const { body } = await daemon.api<{ check: string; text: string }[]>('/api/v1/checks');
    assert.match(
      body.find((one) => one.check === 'refused-logins')?.text ?? '',
      /^1001 at 127\.0\.0\.1 was refused \d+ times?: wrong password/,
    );
  });
});

describe('ports that are not ours', () => {
  const answer = (status: string, server: string, request: string): string => {
    const header = (name: string) => new RegExp(`^${name}:.*$`, 'im').exec(request)?.[0] ?? '';
    const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map(header).join('\r\n');
    return `SIP/2.0 ${status}\r\n${copied}\r\nServer: ${server}\r\nContent-Length: 0\r\n\r\n`;
  };

  test('another server that answers there has stolen them, by UDP and by TCP', async () => {
    const udp = createSocket('udp4');
    udp.on('message', (bytes, from) => {
      udp.send(answer('100 Trying', 'x', String(bytes)), from.port, from.address);
      udp.send(answer('489 Bad Event', 'Asterisk PBX 22.10.1', String(bytes)), from.port, from.address);
    });
    udp.bind(0, '127.0.0.1');
    const tcp = createServer((socket) =>
      socket.on('data', (bytes) => socket.write(answer('401 No', 'FreeSWITCH', String(bytes)))),
    );
    tcp.listen(0, '127.0.0.1');
    await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
    const [first, second] = [udp.address().port, (tcp.address() as { port: number }).port];
    try {
      const ways = waysAt(
        { transport: 'udp', address: '127.0.0.1', port: first },
        { transport: 'tcp', address: '127.0.0.1', port: second },
      );
      assert.deepEqual(await check(listeners, { ways, expect: unheard }), [
        `fail: Asterisk PBX 22.10.1 answers at udp:127.0.0.1:${first}, not Lamplighter: phones that subscribe there reach it`,
        `fail: FreeSWITCH answers at tcp:127.0.0.1:${second}, not Lamplighter: phones that subscribe there reach it`,
      ]);
    } finally {
      udp.close();
      tcp.close();
    }
  });

  test('nobody there, silence, a hang-up and a page are failures with their reasons', async () => {
    const [refused, silent] = [await lastingPort(), createSocket('udp4')];
    silent.bind(0, '127.0.0.1');
    const open = new Set<Socket>();
    const hangs = createServer((socket) => socket.on('error', () => undefined).destroy());
    const page = createServer((socket) => {
      open.add(socket);
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
    });
    for (const server of [hangs, page]) server.listen(0, '127.0.0.1');
    await Promise.all([once(silent, 'listening'), once(hangs, 'listening'), once(page, 'listening')]);
    const portOf = (server: typeof hangs) => (server.address() as { port: number }).port;
    try {
      const at = (transport: string, port: number) =>
        check(listeners, { ways: waysAt({ transport, address: '127.0.0.1', port }), expect: unheard });
      assert.match((await at('tcp', refused))[0]!, /^fail: .*ECONNREFUSED/);
      assert.match((await at('udp', refused))[0]!, /^fail: .*ECONNREFUSED/);
      assert.match((await at('udp', silent.address().port))[0]!, /^fail: .*no answer within 3 s/);
      assert.match((await at('tcp', portOf(hangs)))[0]!, /^fail: .*(closed|ECONNRESET)/);
      assert.match((await at('ws', portOf(page)))[0]!, /^fail: .*no WebSocket: HTTP\/1\.1 200/);
      assert.match((await at('tls', portOf(page)))[0]!, /^fail: /);
    } finally {
      silent.close();
      for (const socket of open) socket.destroy();
      hangs.close();
      page.close();
    }
  });

  test('with drachtio the listeners are those of its server', async () => {
    const ways = {
      ...waysAt({ transport: 'udp', address: '127.0.0.1', port: 1 }),
      engine: { kind: 'drachtio', up: true, reason: null } as const,
    };
    assert.deepEqual(await check(listeners, { ways }), []);
  });
});

describe('a certificate', () => {
  const one = new X509Certificate(pem('server.pem'));
  const [from, to] = [Date.parse(one.validFrom), Date.parse(one.validTo)];
  const day = 86_400_000;
  const name = /DNS:([^,\s]+)/.exec(one.subjectAltName ?? '')?.[1] ?? assert.fail(one.subjectAltName);
  const levels = (now: number, names = [name]) => judgeCertificate(one, names, now).map(({ level }) => level);

  test('is judged by its age', () => {
    assert.deepEqual(levels((from + to) / 2), []);
    assert.deepEqual(levels(to - 29 * day), ['warn']);
    assert.deepEqual(levels(to + day), ['fail']);
    assert.deepEqual(levels(from - day), ['fail']);
  });

  test('is judged by the names that phones have us by', () => {
    const now = (from + to) / 2;
    assert.deepEqual(levels(now, ['other.example.com', '192.0.2.77']), ['warn']);
    assert.deepEqual(levels(now, ['other.example.com', name]), []);
  });

  test('nothing is said without TLS', async () => {
    assert.deepEqual(await check(certificate, {}), []);
  });
});

describe('the address that phones are told', () => {
  const at = (advertise: string, more: Partial<DaemonSeen> = {}) =>
    check(natAddress, {
      config: configOf(`sip: { listen: [ udp:0.0.0.0:5070 ], advertise: "${advertise}" }`),
      ...more,
    });
  const far = { ways: { ...healthy.ways, sources: [{ address: '198.51.100.7', subscriptions: 1, users: 1 }] } };

  test('that of an interface, and that of the router before it, are well', async () => {
    assert.deepEqual(await at('192.0.2.10'), ['ok: phones are told 192.0.2.10']);
    assert.deepEqual(await at('203.0.113.5:5062', { addresses: ['10.0.0.4'], ...far }), [
      'ok: phones are told 203.0.113.5:5062',
    ]);
  });

  test("a name without an address, loopback, a private one for phones from afar, and somebody else's", async () => {
    assert.match((await at('no-such-host.invalid'))[0]!, /^fail: .*has no address/);
    assert.match((await at('127.0.0.1', far))[0]!, /^fail: phones are told 127\.0\.0\.1/);
    assert.match(
      (await at('10.0.0.4', { addresses: ['10.0.0.4'], ...far }))[0]!,
      /^warn: phones at 198\.51\.100\.7 are told 10\.0\.0\.4/,
    );
    assert.match((await at('203.0.113.5'))[0]!, /^warn: .*this host has 192\.0\.2\.10/);
  });
});
