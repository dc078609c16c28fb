import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { checkTls, lookMs, type TlsSettings } from '../../../src/sip/embedded/tls-keys.ts';
import { certificate, certificatePath, testTls } from '../../support/certificate.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { notify, subscribe } from '../message/sample.ts';
import { answerTo, headerOf, TcpPeer, until } from './raw-peer.ts';
import { openTls, WsPeer } from './stream-peers.ts';
import { StreamStage } from './stream-stage.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function opened(tls: Partial<TlsSettings> = {}, clock = new FakeClock()): Promise<StreamStage> {
  const stage = await StreamStage.open(['tls', 'wss'], { tls: { ...testTls, ...tls } }, '127.0.0.1', clock);
  cleanups.push(() => stage.close());
  return stage;
}

/** A certificate in a folder of its own, to be exchanged. */
class Pair {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lamplighter-tls-'));
  readonly cert = join(this.#folder, 'cert.pem');
  readonly key = join(this.#folder, 'key.pem');

  constructor(name: string) {
    this.put(name);
    cleanups.push(() => rmSync(this.#folder, { recursive: true }));
  }

  put(cert: string, key = cert): void {
    copyFileSync(certificatePath(`${cert}.pem`), this.cert);
    copyFileSync(certificatePath(`${key}.key`), this.key);
  }
}

const serialOf = (socket: TLSSocket) => socket.getPeerCertificate().serialNumber;
const shown = async (stage: StreamStage) => {
  const socket = await openTls(stage.at('tls'));
  const serial = serialOf(socket);
  socket.destroy();
  return serial;
};

describe('TLS', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${version} is spoken`, async () => {
      const stage = await opened();
      const socket = await openTls(stage.at('tls'), { minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      const peer = stage.keep(new TcpPeer(socket));
      peer.send(subscribe());
      await until(() => peer.text !== '', 'an answer');
    });
  }

  test('TLS 1.1 is refused whatever the client allows, and 1.2 where 1.3 is asked for', async () => {
    const rows = [
      ['TLSv1.2', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }],
      ['TLSv1.3', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
    ] as const;
    for (const [minVersion, client] of rows) {
      const stage = await opened({ minVersion });
      await assert.rejects(openTls(stage.at('tls'), client));
      await until(() => stage.said(/TLS handshake failed/) === 1, 'the line in the log');
      assert.equal(stage.seen.length, 0);
    }
  });

  test('what is no TLS at all is one line in the log a minute, and others are served', async () => {
    const stage = await opened();
    for (let i = 0; i < 5; i++) {
      const plain = stage.keep(await TcpPeer.open(stage.at('tls')));
      plain.send(subscribe());
      await until(() => plain.closed, 'the close');
    }
    assert.equal(stage.said(/TLS handshake failed.*ERR_SSL_WRONG_VERSION_NUMBER/), 1);
    assert.equal(stage.seen.length, 0);
    const peer = stage.keep(new TcpPeer(await openTls(stage.at('tls'))));
    peer.send(subscribe());
    await until(() => peer.text !== '', 'an answer');
  });

  test('a client that leaves in the middle of its handshake costs nothing but a line in the log', async () => {
    const stage = await opened();
    const peer = await TcpPeer.open(stage.at('tls'));
    peer.send(Buffer.from('160301', 'hex'));
    peer.close();
    await until(() => stage.said(/handshake/) === 1, 'the line in the log');
    assert.equal(await shown(stage), '02');
  });

  test('a client that asks to shake hands again loses its connection', async () => {
    const stage = await opened();
    const socket = await openTls(stage.at('tls'), { maxVersion: 'TLSv1.2' });
    const peer = stage.keep(new TcpPeer(socket));
    peer.send(subscribe());
    await until(() => peer.text !== '', 'an answer');
    socket.renegotiate({}, () => undefined);
    await until(() => peer.closed, 'the close');
  });

  test('a NOTIFY is written before its answer in the same connection, Via says TLS', async () => {
    const stage = await opened();
    const peer = stage.keep(new TcpPeer(await openTls(stage.at('tls'))));
    peer.send(subscribe());
    await until(() => stage.seen.length === 1, 'the request');
    const done = stage.engine.request(notify(stage.seen[0]!.request.flow));
    await until(() => peer.text.includes('NOTIFY '), 'the NOTIFY');
    const sent = peer.text.slice(peer.text.indexOf('NOTIFY '));
    assert.ok(headerOf(sent, 'Via')?.startsWith('SIP/2.0/TLS 127.0.0.1:'));
    peer.send(answerTo(sent, 200));
    assert.equal((await done).status, 200);
  });
});

describe('client certificates', () => {
  const phone = { cert: certificate('phone.pem'), key: certificate('phone.key') };
  const stranger = { cert: certificate('stranger.pem'), key: certificate('stranger.key') };
  const clientCa = certificatePath('ca.pem');
  const rows = [
    { clientCert: 'none', who: 'without', client: {}, welcome: true },
    { clientCert: 'none', who: 'with a strange', client: stranger, welcome: true },
    { clientCert: 'request', who: 'without', client: {}, welcome: true },
    { clientCert: 'request', who: 'with a good', client: phone, welcome: true },
    { clientCert: 'request', who: 'with a strange', client: stranger, welcome: false },
    { clientCert: 'require', who: 'without', client: {}, welcome: false },
    { clientCert: 'require', who: 'with a good', client: phone, welcome: true },
    { clientCert: 'require', who: 'with a strange', client: stranger, welcome: false },
  ] as const;

  for (const { clientCert, who, client, welcome } of rows) {
    test(`clientCert: ${clientCert}: a phone ${who} certificate is ${welcome ? 'served' : 'refused'} by TLS and WSS`, async () => {
      const stage = await opened({ clientCert, clientCa });
      // TLS 1.3: the client is through its handshake before the server has looked at the certificate
      const socket = await openTls(stage.at('tls'), client).catch(() => null);
      const peer = socket === null ? null : stage.keep(new TcpPeer(socket));
      peer?.send(subscribe());
      await until(() => peer === null || peer.closed || peer.text !== '', 'an answer or the end');
      assert.equal(peer !== null && peer.text !== '', welcome);
      const web = WsPeer.open('wss', stage.at('wss'), 'sip', client);
      if (welcome) stage.keep(await web);
      else await assert.rejects(web);
      assert.equal(stage.seen.length, welcome ? 1 : 0);
      if (!welcome) assert.ok(stage.said(/TLS handshake failed.*client certificate/) > 0);
    });
  }
});

describe('exchange of the certificate', () => {
  /** Lets the files be looked at until `holds`. */
  const looking = async (stage: StreamStage, holds: () => boolean, what: string) => {
    await until(() => {
      stage.clock.advance(lookMs);
      return holds();
    }, what);
  };

  test('a new pair is taken without restart; connections that stand go on, new ones see it', async () => {
    const pair = new Pair('server');
    const stage = await opened({ cert: pair.cert, key: pair.key });
    assert.equal(await shown(stage), '02');
    const old = stage.keep(new TcpPeer(await openTls(stage.at('tls'))));
    old.send(subscribe());
    await until(() => old.text !== '', 'an answer');
    pair.put('server-next');
    await looking(stage, () => stage.said(/new TLS certificate in use/) === 1, 'the exchange');
    assert.equal(await shown(stage), '03');
    const web = stage.keep(await WsPeer.open('wss', stage.at('wss')));
    web.send(subscribe());
    await until(() => web.text !== '', 'an answer');
    old.send('\r\n\r\n');
    await until(() => old.text.endsWith('\r\n\r\n\r\n'), 'a pong on the old connection');
  });

  test('a broken pair is told once and the old one stays, until a good one comes', async () => {
    const pair = new Pair('server');
    const stage = await opened({ cert: pair.cert, key: pair.key });
    pair.put('server-next', 'server');
    await looking(stage, () => stage.said(/cannot be used, the old one stays/) === 1, 'the warning');
    assert.equal(stage.said(/is not the key of the certificate/), 1);
    for (let i = 0; i < 5; i++) {
      stage.clock.advance(lookMs);
      assert.equal(await shown(stage), '02');
    }
    assert.equal(stage.said(/cannot be used/), 1);
    rmSync(pair.cert);
    await looking(stage, () => stage.said(/no such file/) === 1, 'the second warning');
    execFileSync('mkfifo', [pair.cert]);
    await looking(stage, () => stage.said(/cert\.pem: is a pipe or a device, not a file/) === 1, 'the third warning');
    rmSync(pair.cert);
    pair.put('server-next');
    await looking(stage, () => stage.said(/new TLS certificate in use/) === 1, 'the exchange');
    assert.equal(await shown(stage), '03');
  });

  test('a reload takes it at once, from other files too, and is refused for a bad one', async () => {
    const pair = new Pair('server');
    const other = new Pair('server-next');
    const stage = await opened({ cert: pair.cert, key: pair.key });
    const settings = { cert: other.cert, key: other.key, clientCert: 'none', minVersion: 'TLSv1.3' } as const;
    const commit = await stage.engine.prepareCertificate(settings);
    assert.equal(await shown(stage), '02');
    commit();
    assert.equal(await shown(stage), '03');
    await assert.rejects(openTls(stage.at('tls'), { maxVersion: 'TLSv1.2' }));
    writeFileSync(other.key, 'nonsense');
    const refused = stage.engine.prepareCertificate(settings);
    await assert.rejects(refused, /sip\.tls\.key: .*expected a private key in PEM/);
    assert.equal(await shown(stage), '03');
  });

  test('its days are told at start, with a warning in the last month and after its end', async () => {
    const rows = [
      ['2123-01-01', 365, 'info', /"daysLeft":365/],
      ['2123-12-20', 12, 'warn', /expires soon/],
      ['2124-01-03', -2, 'warn', /has expired/],
    ] as const;
    for (const [day, daysLeft, level, words] of rows) {
      const stage = await opened({}, new FakeClock(Date.parse(`${day}T00:00:00Z`)));
      assert.equal(stage.said(words), 1);
      const line = stage.logger.lines.find(({ fields }) => (fields as { daysLeft?: number }).daysLeft === daysLeft);
      assert.equal(line?.level, level);
    }
  });

  test('its age is looked at every day', async () => {
    const stage = await opened({}, new FakeClock(Date.parse('2123-11-30T12:00:00Z')));
    assert.equal(stage.said(/expires soon/), 0);
    stage.clock.advance(24 * 3_600_000);
    assert.equal(stage.said(/expires soon/), 1);
  });
});

describe('files of sip.tls that are wrong', () => {
  const rows: readonly (readonly [what: string, settings: Partial<TlsSettings>, message: RegExp])[] = [
    ['a file that is not there', { cert: '/nowhere/cert.pem' }, /^sip\.tls\.cert: \/nowhere\/cert\.pem: no such file$/],
    [
      'one that is named without its folder',
      { cert: 'cert.pem' },
      /^sip\.tls\.cert: cert\.pem: no such file; from the folder where this was started it is \/.*\/cert\.pem$/,
    ],
    ['a folder', { key: 'test/fixtures' }, /^sip\.tls\.key: test\/fixtures: is a folder, not a file$/],
    [
      'a key instead of the certificate',
      { cert: certificatePath('server.key') },
      /^sip\.tls\.cert: .*expected a certificate in PEM/,
    ],
    [
      'a certificate instead of the key',
      { key: certificatePath('server.pem') },
      /^sip\.tls\.key: .*expected a private key in PEM/,
    ],
    [
      'the key of another certificate',
      { key: certificatePath('phone.key') },
      /^sip\.tls\.key: .*is not the key of the certificate .*server\.pem$/,
    ],
    [
      'an authority that is none',
      { clientCa: certificatePath('README.md') },
      /^sip\.tls\.clientCa: .*expected a certificate in PEM/,
    ],
  ];
  for (const [what, settings, message] of rows) {
    test(`${what} is said with its setting and path before anything listens`, () => {
      assert.throws(() => checkTls({ ...testTls, ...settings }), { code: 'config-invalid', message });
    });
  }

  test('a pipe that nobody writes to, and a device that never ends, are refused and not read', () => {
    const pipe = join(mkdtempSync(join(tmpdir(), 'lamplighter-tls-')), 'pipe');
    cleanups.push(() => rmSync(dirname(pipe), { recursive: true }));
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero']) {
      for (const name of ['cert', 'key', 'clientCa'] as const) {
        const message = `sip.tls.${name}: ${path}: is a pipe or a device, not a file`;
        assert.throws(() => checkTls({ ...testTls, [name]: path }), { code: 'config-invalid', message });
      }
    }
  });

  test('good ones pass', () => checkTls({ ...testTls, clientCa: certificatePath('ca.pem') }));
});
