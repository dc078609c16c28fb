import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownUpstream, upstreamsOf } from '../../src/config/inline-schema.ts';
import { configSchema } from '../../src/config/schema.ts';
import { domainsBehind } from '../../src/wiring/inline.ts';

const listen = ['udp:0.0.0.0:5070', 'tcp:0.0.0.0:5070'];

function problems(sip: object): string[] {
  const read = configSchema.safeParse({ sip: { listen, ...sip } });
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('an upstream is an address or a name of SIP, by UDP or TCP, or two of them', () => {
  for (const upstream of [
    'sip:127.0.0.1:5060',
    'sip:192.0.2.5',
    'sip:pbx.example.com;transport=tcp',
    ['sip:192.0.2.5', 'sip:192.0.2.6'],
  ]) {
    assert.deepEqual(problems({ upstream }), []);
    assert.equal(upstreamsOf({ upstream }).length, typeof upstream === 'string' ? 1 : 2);
  }
  assert.deepEqual(upstreamsOf({}), []);
});

test('what could not be sent to, and what would be ourselves, is said with its place', () => {
  for (const upstream of [
    '127.0.0.1:5060',
    'sips:192.0.2.5',
    'sip:user@192.0.2.5',
    'sip:192.0.2.5;transport=tls',
    'sip:192.0.2.5:70000',
    'sip:300.1.1.1',
    'sip:pbx.example.com;lr',
    'sip:192.0.2.5\r\nRoute: x',
    [],
    ['sip:a.example', 'sip:b.example', 'sip:c.example'],
  ]) {
    assert.match(problems({ upstream })[0] ?? '', /^sip\.upstream/, String(upstream));
  }
  assert.match(problems({ upstream: 'sip:127.0.0.1:5070' })[0] ?? '', /is an address of Lamplighter itself/);
  assert.match(problems({ upstream: 'sip:localhost:5070' })[0] ?? '', /is an address of Lamplighter itself/);
  assert.deepEqual(problems({ upstream: 'sip:192.0.2.5:5070' }), [], 'another host may have the same port');
});

test('an upstream needs a listener of its transport and family', () => {
  const udp6 = 'sip:[2001:db8::5]:5080;transport=udp';
  const said = (upstream: string, points: readonly string[]) => problems({ upstream, listen: points });
  assert.deepEqual(said(udp6, [...listen, 'udp:[::]:5070']), []);
  assert.match(said(udp6, listen)[0] ?? '', /^sip\.upstream: sip:\[2001.* needs a listener udp:\[…\]: in sip\.listen/);
  assert.match(said('sip:192.0.2.5', ['udp:[::]:5070'])[0] ?? '', /needs a listener udp: of IPv4/);
  assert.match(said('sip:192.0.2.5', ['ws:0.0.0.0:5070'])[0] ?? '', /needs a listener udp: in sip\.listen/);
  assert.match(said('sip:pbx.example.com;transport=tcp', ['udp:0.0.0.0:5070'])[0] ?? '', /needs a listener tcp: in/);
  assert.deepEqual(
    said('sip:pbx.example.com', ['udp:[::]:5070', 'ws:0.0.0.0:5070']),
    [],
    'a name may have any address',
  );
});

test('an upstream at a listener’s own address is found whatever its form', () => {
  const points = [{ transport: 'udp', address: '192.0.2.1', port: 5060 }] as const;
  assert.equal(ownUpstream('sip:192.0.2.1', points), true);
  assert.equal(ownUpstream('sip:192.0.2.1:5061', points), false);
  assert.equal(ownUpstream('sip:127.0.0.1', points), false);
  assert.equal(ownUpstream('sip:[::1]:5060', [{ transport: 'tcp', address: '::', port: 5060 }]), true);
});

test('without a word: Contacts lead here, nothing stays with the PBX, its own NOTIFYs reach phones, nobody is believed', () => {
  const read = configSchema.parse({});
  assert.deepEqual(read.sip.inline, { reach: 'contact', pbx: [], unsolicited: 'pbx', believe: 'none', probe: 5 });
  assert.equal(read.sip.upstream, undefined);
  for (const inline of [{ reach: 'both' }, { pbx: ['a b'] }, { probe: 0 }, { probe: 1.5 }, { belief: 'all' }]) {
    assert.match(problems({ inline })[0] ?? '', /^sip\.inline/);
  }
});

test('the hosts of the PBX behind mean the default domain, but where they are those of another', () => {
  const config = configSchema.parse({
    domain: 'pbx.test',
    aliases: ['192.0.2.1'],
    domains: [{ name: 'tenant.test', aliases: ['192.0.2.6'] }],
    sip: { upstream: ['sip:192.0.2.5', 'sip:192.0.2.6:5080'] },
  });
  assert.deepEqual(domainsBehind(config), [
    { name: 'pbx.test', aliases: ['192.0.2.1', '192.0.2.5'] },
    { name: 'tenant.test', aliases: ['192.0.2.6'] },
  ]);
});
