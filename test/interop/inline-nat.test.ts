import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Home, Network, natRefused, natToolsMissing } from '../support/nat/network.ts';
import { remoteWire } from '../support/nat/remote-wire.ts';
import type { Phone } from '../support/phone.ts';
import { allQuiet, enter, inline, Lamps, talk } from './inline-scene.ts';
import { orRequired } from './required.ts';
import { skip as noSite, Site } from './scene.ts';

// a machine without the programs can be given them; one that forbids networks of our own cannot
const skip = orRequired(natToolsMissing()) ?? noSite ?? (await natRefused());

let network: Network;
let homes: readonly Home[] = [];
let site: Site;

before(async () => {
  if (skip !== null) return;
  network = await Network.open();
  homes = [await network.home(1), await network.home(2)];
  site = await Site.open(inline({ listen: [`udp:${network.server}:0`, `tcp:${network.server}:0`] }));
});
after(async () => {
  await site?.close();
  await network?.close();
});

function it(name: string, work: () => Promise<void>): void {
  test(name, { skip: skip ?? false }, work);
}

/** A phone in a home of its own, registered; its Contact says 192.168.7.10 in each. */
function athome(home: number, user: string, transport: 'udp' | 'tcp' = 'udp'): Promise<Phone> {
  const { enter: words, inside } = homes[home - 1]!;
  const host = network.server;
  return enter(site, user, {
    transport,
    server: { host, port: site.daemon.port(transport, host), transport },
    wire: remoteWire(words, transport, inside),
  });
}

for (const [one, other] of [
  ['udp', 'udp'],
  ['udp', 'tcp'],
  ['tcp', 'udp'],
] as const) {
  it(`phones with one private address behind two NATs, on ${one} and ${other}, call each other and watch each other's lamps`, async () => {
    const [left, right] = [await athome(1, '1001', one), await athome(2, '1002', other)];
    assert.match(left.contact, /192\.168\.7\.10/);
    const lampOf = await right.subscribe({ event: 'dialog', resource: '1001' });
    assert.equal(lampOf.response.status, 200);
    const lamps = await Lamps.on(site, '1001', '1002');
    for (const [caller, callee] of [
      [left, right],
      [right, left],
    ] as const) {
      const { call, incoming } = await talk(caller, callee);
      await lampOf.next(({ body }) => body.includes('>confirmed<'), 8000);
      assert.equal((await call.hold()).status, 200);
      await lamps.show({ [caller.user]: 'held' });
      assert.equal((await call.resume()).status, 200);
      assert.equal((await incoming.hold()).status, 200);
      await lamps.show({ [callee.user]: 'held' });
      assert.equal((await incoming.resume()).status, 200);
      await incoming.hangup();
      assert.equal((await call.ended).by, 'them');
      await lamps.show({ '1001': 'off', '1002': 'off' });
    }
    await lamps.leave();
    assert.deepEqual(right.violations, []);
    await lampOf.unsubscribe();
    for (const phone of [left, right]) assert.equal((await phone.unregister()).status, 200);
    await allQuiet(site);
  });
}

it('a phone that keeps its hole in the NAT open is called; one that lost it is called again once it registered anew, and its call can still be ended', async () => {
  const [home] = homes;
  await home!.forgetAfter(2);
  const caller = await enter(site, '1003');
  const phone = await athome(1, '1001');
  const { call, incoming } = await talk(caller, phone);
  for (let half = 0; half < 7; half += 1) {
    phone.raw('\r\n\r\n'); // RFC 5626 3.5.1, as phones do it over UDP
    await pause(500);
  }
  assert.equal((await call.hold()).status, 200, 'Asterisk holds, over the hole that was kept');
  const second = await caller.invite('1001');
  const also = await phone.nextCall();
  also.reject(486);
  await second.ended;
  await pause(2500);
  assert.equal((await phone.register()).status, 200);
  await call.hangup();
  assert.equal((await incoming.ended).by, 'them');
  await allQuiet(site);
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
