import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../../src/model/aor.ts';
import { systemRandom } from '../../../src/model/random.ts';
import type { Flow, ListenPoint } from '../../../src/sip/engine.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { Locator } from '../../../src/sip/locate/locator.ts';
import type { NameResolver } from '../../../src/sip/locate/name-resolver.ts';
import { PhonePaths } from '../../../src/sip/watch/phone-paths.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';

const user = aorOf('1001', 'lamplighter.test');
const nothing = { kind: 'none' } as const;
const resolver: NameResolver = {
  naptr: async () => nothing,
  srv: async () => nothing,
  addresses: async (name, family) =>
    family === 4 && name === 'phone.example' ? { kind: 'records', records: ['192.0.2.9'], ttl: null } : nothing,
};

const udp = (address: string, port = 5070): ListenPoint => ({ transport: 'udp', address, port });
const tcp = (address: string, port = 5070): ListenPoint => ({ transport: 'tcp', address, port });

function paths(points: readonly ListenPoint[], own: Flow | null = null, dials = true, learnt: Flow | null = null) {
  const clock = new FakeClock();
  const addresses = new LocalAddresses(clock, () => [
    { address: '192.0.2.1', cidr: '192.0.2.1/24', internal: false },
    { address: '2001:db8::1', cidr: '2001:db8::1/64', internal: false },
  ]);
  const isOwn = (address: string) => addresses.has(address);
  const locator = new Locator({ resolver, clock, random: systemRandom, logger: silentLogger, families: [4, 6], isOwn });
  const connect = async ({ transport, ...remote }: ListenPoint): Promise<Flow | null> =>
    dials ? { transport, remote, local: { address: '192.0.2.1', port: 5070 }, connection: 'c' } : null;
  const made = new PhonePaths({ locator, engine: { connect }, addresses, own: () => own, learnt: () => learnt });
  made.listen(points);
  return async (uri: string, via: string | null = null) => {
    const found = await made.to(user, { uri, via });
    if (!found.ok) return found.refusal.code;
    const { transport, local, remote } = found.value;
    return `${transport} ${local.address}:${local.port} ${remote.address}:${remote.port}`;
  };
}

test('a phone is reached over UDP or TCP, by the listener that faces it', async () => {
  const to = paths([udp('127.0.0.1'), udp('192.0.2.1', 5072), tcp('192.0.2.1'), udp('::', 5074)]);
  assert.equal(await to('sip:1001@192.0.2.7:5062'), 'udp 192.0.2.1:5072 192.0.2.7:5062');
  assert.equal(await to('sip:1001@192.0.2.7'), 'udp 192.0.2.1:5072 192.0.2.7:5060');
  assert.equal(await to('sip:1001@192.0.2.7;transport=tcp'), 'tcp 192.0.2.1:5070 192.0.2.7:5060');
  assert.equal(await to('sip:1001@[2001:db8::9]:5061'), 'udp :::5074 2001:db8::9:5061');
  assert.equal(await to('sip:1001@phone.example:5060'), 'udp 192.0.2.1:5072 192.0.2.9:5060');
  assert.equal(await to('sip:1001@10.0.0.8', 'sip:edge@192.0.2.20:5080;lr'), 'udp 192.0.2.1:5072 192.0.2.20:5080');
});

test('nobody makes us send to ourselves, to many, or to what no phone can be', async () => {
  const to = paths([udp('0.0.0.0'), tcp('0.0.0.0')]);
  for (const host of [
    '192.0.2.1:5070',
    '127.0.0.1:5070',
    '127.0.0.1:8021',
    '224.0.0.1',
    '0.0.0.0',
    '255.255.255.255',
  ]) {
    assert.equal(await to(`sip:x@${host}`), 'address-forbidden', host);
    assert.equal(await to(`sip:x@${host};transport=tcp`), 'address-forbidden', host);
    assert.equal(await to('sip:x@192.0.2.7', `sip:${host}`), 'address-forbidden', `by way of ${host}`);
  }
  for (const uri of ['tel:1', 'x', 'sip:', 'sip:x@192.0.2.7:99999', 'sip:x@192.0.2.7?Route=a\r\nb']) {
    assert.match(await to(uri), /^(uri-malformed|scheme)$/, uri);
  }
  assert.equal(
    await to('sip:x@192.0.2.1:5062'),
    'udp 0.0.0.0:5070 192.0.2.1:5062',
    'another program of this host may be a phone',
  );
});

test('loopback is for those who listen there', async () => {
  const to = paths([udp('127.0.0.1')]);
  assert.equal(await to('sip:x@127.0.0.1:5062'), 'udp 127.0.0.1:5070 127.0.0.1:5062');
  assert.equal(await to('sip:x@127.0.0.1:5070'), 'address-forbidden');
  assert.equal(await to('sip:x@127.0.0.1:5062;transport=tcp'), 'transport-unavailable');
});

test('where no way of ours leads, the phone’s own connection is taken, and behind a NAT before any other', async () => {
  const remote = { address: '198.51.100.4', port: 40_000 };
  const own: Flow = { transport: 'wss', local: { address: '192.0.2.1', port: 443 }, remote, connection: 'w1' };
  const told = 'wss 192.0.2.1:443 198.51.100.4:40000';
  const to = paths([udp('192.0.2.1'), tcp('192.0.2.1')], own, false);
  assert.equal(await to('sip:x@abc.invalid;transport=ws'), told);
  assert.equal(await to('sips:x@192.0.2.7'), told);
  assert.equal(await to('sip:x@192.0.2.7;transport=tcp'), told);
  assert.equal(await to('sip:x@10.0.0.8', 'sip:x@198.51.100.4:1024'), told);
  assert.equal(await to('sip:x@192.0.2.7'), 'udp 192.0.2.1:5070 192.0.2.7:5060');
  const without = paths([udp('192.0.2.1'), tcp('192.0.2.1')], null, false);
  assert.equal(await without('sip:x@abc.invalid;transport=ws'), 'transport-unavailable');
  assert.equal(await without('sip:x@192.0.2.7;transport=tcp'), 'not-connected');
  assert.equal(await without('sip:x@10.0.0.8', 'sip:x@198.51.100.4:1024'), 'udp 192.0.2.1:5070 198.51.100.4:1024');
});

test('a phone that registered through us is reached by that path and no other, wherever its contact leads', async () => {
  const remote = { address: '198.51.100.4', port: 40_000 };
  const learnt: Flow = { transport: 'tls', local: { address: '192.0.2.1', port: 5061 }, remote, connection: 't1' };
  const to = paths([udp('192.0.2.1')], { ...learnt, connection: 'w1', transport: 'wss' }, true, learnt);
  for (const uri of [
    'sip:1001@10.0.0.8:5062',
    'sips:1001@10.0.0.8',
    'sip:1001@192.0.2.1:5070;lamp=x',
    'sip:x@127.0.0.1',
  ]) {
    assert.equal(await to(uri), 'tls 192.0.2.1:5061 198.51.100.4:40000', uri);
  }
});
