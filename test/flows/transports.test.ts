import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { after, before, describe, mock, test } from 'node:test';
import { checkConfig } from '../../src/cli/check-config.ts';
import { answerTo, headerOf, headersOf, TcpPeer, until } from '../sip/embedded/raw-peer.ts';
import { openStream, openTls, type StreamPeer, type StreamTransport } from '../sip/embedded/stream-peers.ts';
import { subscribe } from '../sip/message/sample.ts';
import { certificatePath } from '../support/certificate.ts';
import { Daemon, Home } from '../support/daemon.ts';
import type { PhoneTransport } from '../support/phone/wire.ts';
import { dialogInfo, lamp, Phone, type Subscription } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { domain } from './simulated.ts';

const kinds: readonly PhoneTransport[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];
const streams = ['tcp', 'tls', 'ws', 'wss'] as const;
const hosts = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
  ? ['127.0.0.1', '[::1]']
  : ['127.0.0.1'];

interface Wanted {
  readonly listen: readonly string[];
  /** Below `sip`. */
  readonly sip?: string;
  readonly cert?: string;
  readonly key?: string;
}

function configure(home: Home, wanted: Wanted, name = 'lamplighter.yaml'): string {
  const { listen, sip = '' } = wanted;
  const { cert = certificatePath('server.pem'), key = certificatePath('server.key') } = wanted;
  return home.write(
    name,
    `version: 1
domain: ${domain}
sip:
  listen: [${listen.map((point) => `'${point}'`).join(', ')}]
  tls: { cert: ${cert}, key: ${key} }
${sip}
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
pbx: [{ name: sim, type: simulated }]
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }
`,
  );
}

function phoneAt(daemon: Daemon, transport: PhoneTransport, host = '127.0.0.1', user = '1001'): Promise<Phone> {
  const server = { host: host.replace(/[[\]]/g, ''), port: daemon.port(transport, host), transport };
  return Phone.open({ user, password: `secret${user}`, domain, server });
}

describe('a phone is served whatever it comes by', () => {
  const home = new Home();
  let daemon: Daemon;
  before(async () => {
    const listen = hosts.flatMap((host) => kinds.map((kind) => `${kind}:${host}:0`));
    daemon = await Daemon.start(configure(home, { listen }));
    await daemon.ready();
  });
  after(async () => {
    await daemon.kill();
    home.remove();
  });

  for (const host of hosts) {
    for (const transport of kinds) {
      test(`${transport} at ${host}: subscribe, NOTIFY, refresh, unsubscribe; Contact names the way back`, async () => {
        const phone = await phoneAt(daemon, transport, host);
        try {
          const keys = await phone.subscribe({ event: 'dialog', resource: '1002' });
          const named = transport === 'wss' ? 'ws' : transport;
          const expected = `<sip:lamplighter@${host}:${daemon.port(transport, host)}${named === 'udp' ? '' : `;transport=${named}`}>`;
          assert.equal(keys.response.header('Contact'), expected);
          await keys.next();
          for (const enabled of [true, false]) {
            await daemon.api('/api/v1/extensions/1002/features/dnd', { method: 'PUT', body: { enabled } });
            await keys.next((one) => (lamp(dialogInfo(one)) === 'busy') === enabled);
          }
          assert.equal((await keys.refresh()).status, 200);
          await keys.next();
          await keys.unsubscribe();
          assert.deepEqual(phone.violations, []);
        } finally {
          await phone.close();
        }
      });
    }
  }
});

describe('kill -9', () => {
  const home = new Home();
  const desks = new Map<PhoneTransport, { phone: Phone; watched: string; keys: Subscription; first: number }>();
  let daemon: Daemon;
  before(async () => {
    const ports = await Promise.all(streams.map(() => lastingPort()));
    const listen = [`udp:127.0.0.1:${ports[0]}`, ...streams.map((kind, at) => `${kind}:127.0.0.1:${ports[at]}`)];
    const config = configure(home, { listen });
    daemon = await Daemon.start(config);
    await daemon.ready();
    for (const [at, transport] of streams.entries()) {
      const [phone, watched] = [await phoneAt(daemon, transport), `100${2 + at}`];
      const keys = await phone.subscribe({ event: 'dialog', resource: watched });
      desks.set(transport, { phone, watched, keys, first: (await keys.next()).cseq });
    }
    await daemon.kill();
    for (const { phone } of desks.values()) await phone.nextDisconnect();
    daemon = await Daemon.start(config);
    await daemon.ready();
  });
  after(async () => {
    for (const { phone } of desks.values()) await phone.close();
    await daemon?.kill();
    home.remove();
  });

  for (const transport of streams) {
    test(`after kill -9 a phone on ${transport} that returns on a new connection goes on in its dialog, CSeq above any it saw`, async () => {
      const { phone, watched, keys, first } = desks.get(transport)!;
      assert.equal((await keys.refresh()).status, 200, 'the dialog is still known');
      const notify = await keys.next();
      assert.equal(notify.subscriptionState.state, 'active');
      assert.ok(notify.cseq > first);
      await daemon.api(`/api/v1/extensions/${watched}/features/dnd`, { method: 'PUT', body: { enabled: true } });
      await keys.next((one) => lamp(dialogInfo(one)) === 'busy');
      assert.deepEqual(phone.violations, []);
    });
  }
});

describe('flows', () => {
  const home = new Home();
  let daemon: Daemon;
  before(async () => {
    const listen = kinds.map((kind) => `${kind}:127.0.0.1:0`);
    daemon = await Daemon.start(configure(home, { listen, sip: '  auth: trusted' }));
    await daemon.ready();
  });
  after(async () => {
    await daemon.kill();
    home.remove();
  });

  const opened = (transport: StreamTransport): Promise<StreamPeer> =>
    openStream(transport, { address: '127.0.0.1', port: daemon.port(transport) });
  const requestBy = (transport: string, branch: string, changes: Record<string, string> = {}, uri?: string) =>
    subscribe(
      {
        Via: `SIP/2.0/${transport.toUpperCase()} h.invalid;branch=z9hG4bK${branch}`,
        From: `<sip:1001@${domain}>;tag=1928301774`,
        To: `<sip:1002@${domain}>`,
        Contact: `<sip:1001@h.invalid;transport=${transport}>`,
        ...changes,
      },
      `SUBSCRIBE ${uri ?? `sip:1002@${domain}`} SIP/2.0`,
    );
  const notifies = ({ text }: StreamPeer) => text.split('NOTIFY sip').length - 1;

  for (const transport of streams) {
    test(`T-05 ${transport}: a refresh on a second connection moves the NOTIFYs there; the first may go`, async () => {
      const [old, young] = [await opened(transport), await opened(transport)];
      try {
        const callId = `moves-${transport}`;
        old.send(requestBy(transport, `${transport}1`, { 'Call-ID': callId, CSeq: '1 SUBSCRIBE' }));
        await until(() => notifies(old) === 1, 'the first NOTIFY');
        const to = headerOf(old.text.slice(old.text.indexOf('SIP/2.0 200')), 'To') ?? '';
        young.send(requestBy(transport, `${transport}2`, { 'Call-ID': callId, CSeq: '2 SUBSCRIBE', To: to }));
        await until(() => notifies(young) === 1, 'the NOTIFY on the second connection');
        assert.equal(notifies(old), 1);
        old.close();
        young.send(answerTo(young.text.slice(young.text.indexOf('NOTIFY sip')), 200));
        // an unsubscribe is told over the new flow, too
        young.send(
          requestBy(transport, `${transport}3`, { 'Call-ID': callId, CSeq: '3 SUBSCRIBE', To: to, Expires: '0' }),
        );
        await until(() => /Subscription-State: terminated/.test(young.text), 'the last NOTIFY');
      } finally {
        old.close();
        young.close();
      }
    });
  }

  for (const transport of ['tcp', 'tls'] as const) {
    test(`RFC 3261 18.2.2: over ${transport} a phone that asks and says that it will send no more still gets answer and NOTIFY`, async () => {
      const peer = await opened(transport);
      try {
        assert.ok(peer instanceof TcpPeer);
        peer.send(requestBy(transport, `half-${transport}`, { 'Call-ID': `half-${transport}` }));
        peer.end();
        await until(() => peer.closed, 'the end');
        assert.match(peer.text, /^SIP\/2\.0 200 /);
        assert.equal(notifies(peer), 1);
      } finally {
        peer.close();
      }
    });
  }

  for (const [transport, contact] of [
    ['tls', /^<sips:lamplighter@127\.0\.0\.1:\d+>$/],
    ['wss', /^<sips:lamplighter@127\.0\.0\.1:\d+;transport=ws>$/],
  ] as const) {
    test(`RFC 3261 12.1.1: a sips request over ${transport} gets a sips Contact in answer and NOTIFY`, async () => {
      const peer = await opened(transport);
      try {
        for (const [count, own] of ['sips:1001@h.invalid', 'sip:1001@h.invalid;transport=tls'].entries()) {
          const before = peer.text.length;
          const changes = { 'Call-ID': `sips-${transport}-${count}`, Contact: `<${own}>` };
          peer.send(requestBy(transport, `sips${transport}${count}`, changes, `sips:1002@${domain}`));
          await until(() => notifies(peer) === count + 1, 'the NOTIFY');
          const parts = peer.text.slice(before).split(/(?=SIP\/2\.0 200|NOTIFY sips?:)/);
          assert.equal(parts.length, 2);
          for (const part of parts) assert.match(headersOf(part, 'Contact')[0] ?? '', contact, own);
        }
      } finally {
        peer.close();
      }
    });
  }

  test('with auth: trusted a trusted address may hold more connections than perAddress', async () => {
    const peers: TcpPeer[] = [];
    try {
      for (let i = 0; i < 60; i++) {
        const peer = await TcpPeer.open({ address: '127.0.0.1', port: daemon.port('tcp') });
        peers.push(peer);
        peer.send('\r\n\r\n');
      }
      await until(() => peers.every(({ text }) => text === '\r\n'), 'a pong for each');
    } finally {
      for (const peer of peers) peer.close();
    }
  });
});

test('SIGHUP takes a new certificate; a broken one leaves the old in use and the daemon alive', async () => {
  const home = new Home();
  const [cert, key] = [home.path('cert.pem'), home.path('key.pem')];
  const put = (name: string) => {
    copyFileSync(certificatePath(`${name}.pem`), cert);
    copyFileSync(certificatePath(`${name}.key`), key);
  };
  put('server');
  const listen = ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0', 'tls:127.0.0.1:0'];
  const daemon = await Daemon.start(configure(home, { listen, cert, key }));
  try {
    const serial = async () => {
      const socket = await openTls({ address: '127.0.0.1', port: daemon.port('tls') });
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const said = (words: string) => daemon.log.some(({ message }) => String(message).includes(words));
    assert.equal(await serial(), '02');
    put('server-next');
    daemon.reload();
    await until(() => said('new TLS certificate in use'), 'the exchange');
    assert.equal(await serial(), '03');
    home.write('key.pem', 'nonsense');
    daemon.reload();
    await until(() => said('the old one stays'), 'the warning');
    assert.equal(await serial(), '03');
    assert.equal(await daemon.stop(), 0);
  } finally {
    await daemon.kill();
    home.remove();
  }
});

describe('sip.listen and sip.tls that are wrong', () => {
  /** What the command says and its exit code, without a process for each row. */
  function check(file: string): { code: number; output: string } {
    const said: string[] = [];
    const streams = [process.stdout, process.stderr].map((stream) =>
      mock.method(stream, 'write', (text: string) => said.push(text) > 0),
    );
    try {
      return { code: checkConfig(file), output: said.join('') };
    } finally {
      for (const stream of streams) stream.mock.restore();
    }
  }

  const rows: readonly (readonly [what: string, sip: string, said: RegExp])[] = [
    ['a host name', "listen: ['udp:localhost:5070']", /sip\.listen\.0: expected udp:ADDRESS:PORT.*0\.0\.0\.0/],
    ['a star', "listen: ['udp:*:5070']", /sip\.listen\.0: expected udp:ADDRESS:PORT/],
    ['another transport', "listen: ['sctp:127.0.0.1:5070']", /sip\.listen\.0: expected .*tcp, tls, ws, wss/],
    ['an IPv4 address that is none', "listen: ['udp:10.0.0.300:5070']", /sip\.listen\.0: expected an IPv4 address/],
    ['an IPv6 address that is none', "listen: ['tls:[1:2]:5071']", /sip\.listen\.0: expected an IPv4 address/],
    ['a port beyond 65535', "listen: ['udp:127.0.0.1:70000']", /sip\.listen\.0: expected a port from 0 to 65535/],
    [
      'one address twice',
      "listen: ['tcp:0.0.0.0:5070', 'ws:0.0.0.0:5070']",
      /sip\.listen\.1: .*tcp:0\.0\.0\.0:5070 are taken/,
    ],
    ['TLS without a certificate', "listen: ['wss:0.0.0.0:5071']", /sip\.listen\.0: needs sip\.tls with cert and key/],
    ['half a pair', 'tls: { cert: /x }', /sip\.tls\.key: missing/],
    [
      'client certificates that nobody signs',
      'tls: { cert: /x, key: /y, clientCert: require }',
      /sip\.tls\.clientCa: missing; clientCert: require needs/,
    ],
    [
      'a certificate that is not there',
      'tls: { cert: /nowhere/x, key: /y }',
      /sip\.tls\.cert: \/nowhere\/x: no such file/,
    ],
    ['an origin with a path', "webSocketOrigins: ['https://a.test/x']", /sip\.webSocketOrigins\.0: expected an origin/],
    ['no connections at all', 'connections: { total: 0 }', /sip\.connections\.total: .*>=1/],
  ];
  for (const [what, sip, said] of rows) {
    test(`${what} is exit code 2 with path and what was expected`, () => {
      const home = new Home();
      try {
        const { code, output } = check(home.write('bad.yaml', `sip:\n  ${sip}\n`));
        assert.match(output, said);
        assert.equal(code, 2);
      } finally {
        home.remove();
      }
    });
  }

  test('a zone of a link-local address, many addresses and one port for UDP and TCP are right', () => {
    const home = new Home();
    try {
      const listen =
        "['udp:[fe80::1%eth0]:5070', 'udp:[::]:5070', 'udp:0.0.0.0:5070', 'tcp:0.0.0.0:5070', 'ws:[::1]:0', 'ws:[::1]:0']";
      const { code, output } = check(home.write('good.yaml', `sip: { listen: ${listen} }\n`));
      assert.deepEqual([code, output.includes('no errors')], [0, true], output);
    } finally {
      home.remove();
    }
  });
});
