import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { PhoneTransport } from '../support/phone/wire.ts';
import { allQuiet, enter, inline, Lamps, talk } from './inline-scene.ts';
import { it, Site, skip } from './scene.ts';

let site: Site;
before(async () => {
  if (skip === null) site = await Site.open(inline({ listen: ['ws:127.0.0.1:0'] }));
});
after(() => site?.close());

/** About 5 kB, and nothing that Asterisk takes for a codec: candidates of a phone that sits in many networks. */
const manyCandidates = Array.from(
  { length: 60 },
  (_, index) =>
    `a=candidate:${index + 1} 1 UDP ${2_130_706_431 - index} 192.0.2.${index + 1} ${20_000 + index} typ host generation 0`,
);

const pairs: readonly (readonly [caller: PhoneTransport, callee: PhoneTransport])[] = [
  ['tcp', 'udp'],
  ['udp', 'tcp'],
  ['tcp', 'tcp'],
  ['ws', 'udp'],
  ['udp', 'ws'],
  ['ws', 'tcp'],
];

for (const [one, other] of pairs) {
  it(`a phone on ${one} calls one on ${other}: held, resumed, transferred and ended from both sides`, () =>
    wholeCall(one, other));
}

for (const transport of ['tcp', 'udp', 'ws'] as const) {
  it(`an INVITE of 5 kB from a phone on ${transport} reaches an Asterisk on UDP whole, and the call goes on as any other`, async () => {
    const caller = await enter(site, '1001', { transport, sdpLines: manyCandidates });
    const callee = await enter(site, '1002');
    const { call, incoming } = await talk(caller, callee);
    const sent = caller.trace.filter((line) => line.startsWith('> INVITE')).at(-1) ?? '';
    assert.ok(sent.length > 5000, String(sent.length));
    assert.equal((await call.hold()).status, 200);
    assert.equal((await call.resume()).status, 200);
    await incoming.hangup();
    await call.ended;
    for (const phone of [caller, callee]) assert.equal((await phone.unregister()).status, 200);
    await allQuiet(site);
  });
}

it('Asterisk reached by TCP, with rewrite_contact=yes, so that it takes our end of the connection for the phone: calls as before', async () => {
  await site.daemon.kill();
  await site.restartDaemon(inline({ transport: 'tcp', listen: ['ws:127.0.0.1:0'] }));
  await site.daemon.ready(20_000);
  for (const [one, other] of pairs.slice(1, 4)) await wholeCall(one, other);
});

it('Asterisk reached by TCP, phones by Path (RFC 3327, with rewrite_contact=no): calls between all transports as before', async () => {
  const plain = ['1001', '1002', '1003'].map((user) => `[${user}](+type=endpoint)\nrewrite_contact = no\n`);
  await site.lab.addToPjsip(plain.join(''));
  await site.daemon.kill();
  await site.restartDaemon(inline({ transport: 'tcp', reach: 'path', listen: ['ws:127.0.0.1:0'] }));
  await site.daemon.ready(20_000);
  for (const [one, other] of pairs.slice(0, 4)) await wholeCall(one, other);
  await enter(site, '1001');
  const contacts = await site.lab.cli('pjsip show contacts');
  assert.doesNotMatch(contacts, /lamp=/, 'a Path leads here, the Contact stays what it was');
});

async function wholeCall(one: PhoneTransport, other: PhoneTransport): Promise<void> {
  const [caller, callee] = [
    await enter(site, '1001', { transport: one }),
    await enter(site, '1002', { transport: other }),
  ];
  const third = await enter(site, '1003', { transport: one });
  const lamps = await Lamps.on(site, '1001', '1002', '1003');
  const { call, incoming } = await talk(caller, callee);
  await lamps.show({ '1001': 'busy', '1002': 'busy' });
  assert.equal((await incoming.hold()).status, 200);
  await lamps.show({ '1002': 'held' });
  assert.equal((await incoming.resume()).status, 200);
  assert.equal((await call.hold()).status, 200);
  await lamps.show({ '1001': 'held', '1002': 'busy' });
  assert.equal((await call.transfer('1003')).status, 202);
  const taken = await third.nextCall();
  await taken.answer();
  await call.ended;
  await lamps.show({ '1001': 'off', '1002': 'busy', '1003': 'busy' });
  await incoming.hangup();
  assert.equal((await taken.ended).by, 'them');
  await lamps.show({ '1002': 'off', '1003': 'off' });
  await lamps.leave();
  for (const phone of [caller, callee, third]) assert.equal((await phone.unregister()).status, 200);
  await allQuiet(site);
}
