import assert from 'node:assert/strict';
import test from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import type { ProvisionWish } from '../../src/model/provision.ts';
import { type ProvisionSources, provisionDesk } from '../../src/wiring/provision.ts';

const wish: ProvisionWish = {
  aor: aorOf('1001', 'pbx.example.com'),
  lamps: [{ name: '1002', label: 'Ada' }],
  list: null,
  pickup: '**',
};

interface Setup {
  readonly listeners?: readonly (readonly [transport: string, address: string, port: number])[];
  readonly upstream?: boolean;
  readonly engine?: 'embedded' | 'drachtio';
  readonly advertise?: string;
}

function sources({ listeners = [['udp', '0.0.0.0', 5070]], upstream = true, engine, advertise }: Setup) {
  const upstreams = upstream ? [{ uri: 'sip:127.0.0.1:5060', state: 'up' as const, reason: null, since: null }] : [];
  return {
    domains: [
      { name: 'pbx.example.com', aliases: ['192.0.2.10'] },
      { name: 'tenant.example', aliases: ['192.0.2.20'] },
    ],
    config: { sip: { advertise } as ProvisionSources['config']['sip'] },
    ways: () => ({
      engine: { kind: engine ?? 'embedded', up: true, reason: null },
      upstreams,
      listeners: listeners.map(([transport, address, port]) => ({
        transport,
        address,
        port,
        requests: {},
        lastRequestAt: null,
      })),
    }),
    ownAddress: () => '192.0.2.77',
  } satisfies ProvisionSources;
}

async function snippet(setup: Setup, more: Partial<ProvisionWish> = {}, vendor = 'yealink') {
  const written = (await provisionDesk(sources(setup))).snippet(vendor, { ...wish, ...more });
  assert.ok(written.ok, written.ok ? '' : written.refusal.message);
  return written.value;
}

async function refusal(setup: Setup, more: Partial<ProvisionWish> = {}, vendor = 'yealink') {
  const written = (await provisionDesk(sources(setup))).snippet(vendor, { ...wish, ...more });
  assert.ok(!written.ok);
  return written.refusal;
}

test('phones are sent to where the daemon listens, on the transport it listens on first', async () => {
  const { text, way, notes } = await snippet({ listeners: [['tcp', '192.0.2.10', 5071]] });
  assert.equal(way, 'inline');
  assert.match(text, /outbound_proxy\.1\.address = 192\.0\.2\.10\naccount\.1\.outbound_proxy\.1\.port = 5071\n/);
  assert.match(text, /transport_type = 1\n/);
  assert.ok(!notes.some((note) => /sip\.advertise/.test(note)));
});

test('a listener on all addresses stands for one of this host, which is said', async () => {
  const { text, notes } = await snippet({});
  assert.match(text, /address = 192\.0\.2\.77\n/);
  assert.match(notes[0]!, /192\.0\.2\.77 .* sip\.advertise/);
});

test('what is advertised goes before, its port only for plain SIP', async () => {
  const listeners = [
    ['tls', '0.0.0.0', 5061],
    ['udp', '0.0.0.0', 5070],
  ] as const;
  const setup = { listeners, advertise: 'sip.example.com:15070' };
  assert.match((await snippet(setup, { transport: 'udp' })).text, /sip\.example\.com\n.*port = 15070\n/);
  assert.match((await snippet(setup)).text, /sip\.example\.com\n.*port = 5061\n/);
  assert.match((await snippet({ advertise: '2001:db8::1' })).text, /address = \[2001:db8::1\]\n.*port = 5070\n/);
});

test('where the daemon listens on the loopback alone no phone gets there, which is said first', async () => {
  const { notes } = await snippet({ listeners: [['udp', '127.0.0.1', 5070]] });
  assert.match(notes[0]!, /no phone gets here/);
});

test('the way is that of the daemon, or the one that is wished for', async () => {
  assert.equal((await snippet({ upstream: false })).way, 'sidecar');
  assert.equal((await snippet({ engine: 'drachtio', upstream: false })).way, 'proxy');
  assert.equal((await snippet({}, { way: 'proxy' })).way, 'proxy');
});

test('a tenant is told that the address of the daemon means another domain, where his keys would name it', async () => {
  const aor = aorOf('1001', 'tenant.example');
  const strange = /means the domain pbx\.example\.com: for phones of tenant\.example/;
  const told = async (address: string, more: Partial<ProvisionWish>) =>
    (await snippet({ listeners: [['udp', address, 5070]] }, { way: 'sidecar', ...more }, 'snom')).notes.some((note) =>
      strange.test(note),
    );
  assert.equal(await told('192.0.2.10', { aor }), true);
  assert.equal(await told('0.0.0.0', { aor }), true);
  assert.equal(await told('192.0.2.20', { aor }), false);
  assert.equal(await told('192.0.2.10', {}), false);
  assert.equal(await told('192.0.2.10', { aor, way: 'inline' }), false);
});

test('a transport that nothing listens on is refused, and browsers are no phones', async () => {
  assert.equal((await refusal({}, { transport: 'tls' })).code, 'no-listener');
  assert.equal((await refusal({ listeners: [['wss', '0.0.0.0', 443]] })).code, 'no-listener');
  assert.equal((await refusal({ listeners: [] })).code, 'no-listener');
});

test('an unknown make is refused with those there are; letter case means nothing', async () => {
  const { code, status, message } = await refusal({}, {}, 'yaelink');
  assert.deepEqual([code, status], ['unknown-vendor', 404]);
  assert.match(message, /yaelink.*poly.*yealink.*cisco-spa/);
  assert.equal((await snippet({}, {}, 'Yealink')).vendor, 'yealink');
});

test('the list has each make once, with a name for people', async () => {
  const list = (await provisionDesk(sources({}))).vendors();
  assert.equal(new Set(list.map(({ vendor }) => vendor)).size, list.length);
  for (const { name } of list) assert.match(name, /^[A-Z]/);
});
