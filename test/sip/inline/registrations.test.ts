import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PbxEvent } from '../../../src/model/pbx-event.ts';
import { readFlow } from '../../../src/sip/inline/flow-json.ts';
import { OwnDevices } from '../../../src/sip/inline/own-devices.ts';
import { type Learnt, LearntPhones } from '../../../src/sip/inline/registrations.ts';
import { settle } from '../../support/fake-clock.ts';
import { alice, bob, flowAt, home, type Learning, learning, secret } from './register-fixture.ts';

function learnt(at: Learning, device: string, change: Partial<Learnt> = {}): Learnt {
  const aor = change.aor ?? alice;
  const phone = {
    id: at.phones.idOf(aor, device),
    aor,
    contact: `sip:1001@${device}`,
    flow: home,
    expiresAt: at.clock.now() + 60_000,
    userAgent: 'Yealink',
    proven: true,
    ...change,
  };
  at.phones.learn(phone);
  return phone;
}

test('an id is sixteen characters that no URI would escape, made with the secret', () => {
  const at = learning();
  const id = at.phones.idOf(alice, 'x');
  assert.match(id, /^[A-Za-z0-9_-]{16}$/);
  assert.equal(id, learning().phones.idOf(alice, 'x'));
  assert.notEqual(id, learning('contact', { secret: Buffer.alloc(32, 8) }).phones.idOf(alice, 'x'));
});

test('a registration ends when the PBX’s time for it is over, to the millisecond; its memory and its row go soon after', async () => {
  const at = learning();
  const told: string[] = [];
  at.phones.onChange((aor) => told.push(aor));
  const { id } = learnt(at, '10.0.0.5');
  at.clock.advance(59_999);
  assert.equal(at.phones.forToken(id)?.contact, 'sip:1001@10.0.0.5');
  at.clock.advance(1);
  assert.equal(at.phones.forToken(id), null);
  assert.equal(at.phones.ofFlow(home, null), null);
  assert.equal(at.phones.atContact(alice, 'sip:1001@10.0.0.5'), null);
  assert.equal(at.phones.pathTo(alice, 'sip:1001@10.0.0.5'), null);
  assert.equal(at.phones.userAgentOf(alice, home), null);
  assert.ok(!at.phones.isProven(home, alice));
  assert.deepEqual([...at.phones.list(), ...at.phones.phonesOf(alice)], []);
  await at.clock.run(10_000, 1000);
  assert.equal(at.phones.size, 0);
  assert.equal(at.store.rows.size, 0);
  assert.equal(at.clock.pending, 0, 'nothing is swept where nothing is');
  assert.deepEqual(told, [alice, alice], 'it came and went');
});

test('a refresh is one cheap write and no news; another path, Contact or User-Agent is written at once', async () => {
  const at = learning();
  const told: string[] = [];
  at.phones.onChange((aor) => told.push(aor));
  const { id } = learnt(at, '10.0.0.5');
  learnt(at, '10.0.0.5', { expiresAt: at.clock.now() + 90_000, flow: { ...home } });
  learnt(at, '10.0.0.5', { flow: flowAt('198.51.100.8') });
  learnt(at, '10.0.0.5', { flow: flowAt('198.51.100.8'), contact: 'sip:other@10.0.0.5' });
  learnt(at, '10.0.0.5', { flow: flowAt('198.51.100.8'), contact: 'sip:other@10.0.0.5', userAgent: 'Snom' });
  assert.deepEqual(at.store.done, [`put ${id}`, `touch ${id}`, `put ${id}`, `put ${id}`, `touch ${id}`]);
  assert.equal(told.length, 3, 'came, changed its Contact, changed its User-Agent');
});

test('a path may bring several users: each is found by it, and the first where none is asked for', () => {
  const at = learning();
  learnt(at, '10.0.0.5');
  learnt(at, '10.0.0.6', { aor: bob });
  assert.equal(at.phones.ofFlow(home, bob)?.aor, bob);
  assert.equal(at.phones.ofFlow(home, alice)?.aor, alice);
  assert.equal(at.phones.ofFlow({ ...home }, null)?.aor, alice);
  assert.equal(at.phones.ofFlow(flowAt('198.51.100.7', 5063), null), null);
  assert.equal(at.phones.ofFlow({ ...home, transport: 'tcp', connection: 'c' }, null), null);
  assert.ok(
    !at.phones.isProven({ ...home, local: { ...home.local, port: 5099 } }, alice),
    'by another listener of ours',
  );
});

test('a phone is found by its own Contact and by the one that the PBX has of it, for its own user alone', () => {
  const at = learning('contact', { isOpen: ({ connection }) => connection !== 'closed' });
  const { id } = learnt(at, '10.0.0.5');
  const ofPbx = `sip:1001@192.0.2.1:5060;lamp=${id};fs_nat=yes`;
  for (const contact of ['sip:1001@10.0.0.5', ofPbx]) {
    assert.equal(at.phones.atContact(alice, contact)?.id, id);
    assert.equal(at.phones.atContact(bob, contact), null);
    assert.deepEqual(at.phones.pathTo(alice, contact), home);
  }
  assert.equal(at.phones.atContact(alice, 'sip:1001@10.0.0.9'), null);
  learnt(at, '10.0.0.5', { flow: flowAt('198.51.100.7', 5, 'tcp', 'closed') });
  assert.equal(at.phones.pathTo(alice, ofPbx), null, 'its connection is gone');
  assert.equal(at.phones.list(alice)[0]?.reachable, false);
});

test('a user with more phones than there may be loses the one that would end first; others lose none', () => {
  const at = learning('contact', { limits: { perUser: 2 } });
  learnt(at, 'a', { expiresAt: at.clock.now() + 50_000 });
  learnt(at, 'b', { expiresAt: at.clock.now() + 10_000 });
  learnt(at, 'x', { aor: bob });
  learnt(at, 'c');
  assert.deepEqual(
    at.phones.list().map(({ contact }) => contact),
    ['sip:1001@a', 'sip:1001@x', 'sip:1001@c'],
  );
  learnt(at, 'c', { expiresAt: at.clock.now() + 99_000 });
  assert.equal(at.phones.size, 3, 'a refresh takes nobody’s place');
});

test('all addresses of an IPv6 /64 have one share: one password could be used from each, under any number of domains', () => {
  const at = learning('contact', { limits: { perAddress: 2, perUser: 5, total: 9 } });
  for (const device of ['1', '2', '3', '4']) learnt(at, device, { flow: flowAt(`2001:db8::${device}`) });
  learnt(at, '5', { flow: flowAt('2001:db8:0:1::5') });
  assert.equal(at.phones.size, 3);
});

test('an address that may bring any number is not counted', () => {
  const at = learning('contact', {
    limits: { perAddress: 1, perUser: 5, total: 3 },
    exempt: (it) => it === '198.51.100.7',
  });
  for (const device of ['a', 'b', 'c', 'd']) learnt(at, device);
  assert.equal(at.phones.size, 3);
});

test('after a restart all is there as it was: tokens, paths, proofs; what this version cannot read is left out', () => {
  const before = learning();
  const proven = learnt(before, '10.0.0.5');
  learnt(before, '10.0.0.6', { proven: false, flow: flowAt('2001:db8::7', 5061, 'tls', 'c1'), userAgent: null });
  const rows = [...before.store.rows.values()];
  const at = learning();
  const [row] = rows;
  assert.ok(row !== undefined);
  at.phones.restore([...rows, { ...row, id: 'x'.repeat(16), flow: '{"transport":"quic"}' }]);
  assert.deepEqual(at.phones.list(), before.phones.list());
  assert.deepEqual(at.phones.forToken(proven.id)?.flow, home);
  assert.ok(at.phones.isProven(home, alice), 'a datagram from there is good at once');
  assert.ok(
    !at.phones.isProven(flowAt('2001:db8::7', 5061, 'tls', 'c2'), alice),
    'another connection is another phone',
  );
  assert.deepEqual(at.store.done, [], 'nothing is written for what is there');
  learnt(at, '10.0.0.5');
  assert.equal(at.phones.size, 2);
  at.clock.advance(70_000);
  assert.equal(at.phones.size, 0);
});

test('a disk that takes nothing costs no phone', async () => {
  const at = learning();
  at.store.broken = true;
  learnt(at, '10.0.0.5');
  await settle();
  assert.equal(at.phones.size, 1);
});

test('after the stop nothing is learnt, forgotten or swept', () => {
  const at = learning();
  const { id } = learnt(at, '10.0.0.5');
  at.phones.stop();
  learnt(at, '10.0.0.6');
  at.phones.forget(id);
  at.clock.advance(100_000);
  assert.deepEqual(at.store.done, [`put ${id}`]);
  assert.equal(at.clock.pending, 0);
});

test('a stored path is one that could be there', () => {
  assert.deepEqual(readFlow(JSON.stringify(home)), home);
  const remote = { address: '192.0.2.9', port: 5060 };
  for (const bad of [
    null,
    [],
    { ...home, transport: 'sctp' },
    { ...home, connection: 7 },
    { ...home, remote: null },
    { ...home, remote: { ...remote, port: 0 } },
    { ...home, remote: { ...remote, port: 1.5 } },
    { ...home, remote: { ...remote, port: '5060' } },
    { ...home, local: { ...remote, address: 'pbx.example' } },
  ]) {
    assert.equal(readFlow(JSON.stringify(bad)), null, JSON.stringify(bad));
  }
  assert.equal(readFlow('{'), null);
});

const source = 'main';

function devicesOf(event: PbxEvent | undefined): unknown {
  assert.ok(event?.type === 'registration');
  return { uris: event.uris, devices: event.devices };
}

test('what the PBX says of a phone is said in the phone’s own words: its Contact, and no way that leads to ourselves', () => {
  const at = learning();
  const devices = new OwnDevices(at.phones);
  const { id } = learnt(at, '10.0.0.5');
  const ofPbx = `sip:1001@192.0.2.1:5060;lamp=${id}`;
  const foreign = 'sip:1001@203.0.113.9:5060';
  const said = {
    contacts: 2,
    uris: [ofPbx, foreign],
    devices: [
      { uri: ofPbx, userAgent: 'Yealink', via: 'sip:192.0.2.1:5060' },
      { uri: foreign, userAgent: null, via: 'sip:203.0.113.9' },
    ],
  };
  const own = {
    uris: ['sip:1001@10.0.0.5', foreign],
    devices: [
      { uri: 'sip:1001@10.0.0.5', userAgent: 'Yealink' },
      { uri: foreign, userAgent: null, via: 'sip:203.0.113.9' },
    ],
  };
  assert.deepEqual(devicesOf(devices.heard({ source, type: 'registration', aor: alice, ...said })), own);
  const empty = { extensions: [], dialogs: [], features: [], mailboxes: [] };
  const snapshot = {
    ...empty,
    registrations: [
      { aor: alice, ...said },
      { aor: bob, ...said },
    ],
  };
  const heard = devices.heard({ source, type: 'snapshot', epoch: '1', snapshot });
  assert.ok(heard.type === 'snapshot');
  assert.deepEqual(heard.snapshot.registrations, [
    { aor: alice, contacts: 2, ...own },
    { aor: bob, ...said },
  ]);
  const other: PbxEvent = { source, type: 'link', state: 'up', reason: null };
  assert.equal(devices.heard(other), other);
});

test('a PBX that tells of a phone before its 2xx has passed is heard once more when the phone is known, or another', () => {
  const at = learning();
  const devices = new OwnDevices(at.phones);
  const again: unknown[] = [];
  at.phones.onChange((aor) => again.push(...devices.again(aor).map(devicesOf)));
  const uri = `sip:1001@192.0.2.1:5060;lamp=${at.phones.idOf(alice, '10.0.0.5')}`;
  const event: PbxEvent = { source, type: 'registration', aor: alice, contacts: 1, uris: [uri] };
  assert.deepEqual(devicesOf(devices.heard(event)), { uris: [uri], devices: undefined });
  learnt(at, '10.0.0.5');
  learnt(at, '10.0.0.5', { contact: 'sip:new@10.0.0.5' });
  assert.deepEqual(again, [
    { uris: ['sip:1001@10.0.0.5'], devices: undefined },
    { uris: ['sip:new@10.0.0.5'], devices: undefined },
  ]);
  devices.heard({ ...event, contacts: 0, uris: [] });
  learnt(at, '10.0.0.5', { contact: 'sip:1001@10.0.0.5' });
  assert.equal(again.length, 2, 'the PBX has nothing to say of it any more');
  devices.heard(event);
  const empty = { extensions: [], dialogs: [], features: [], registrations: [], mailboxes: [] };
  devices.heard({ source: 'other', type: 'snapshot', epoch: '1', snapshot: empty });
  assert.equal(devices.again(alice).length, 1, 'what another PBX has is its own affair');
  devices.heard({ source, type: 'snapshot', epoch: '1', snapshot: empty });
  assert.deepEqual(devices.again(alice), []);
});

test('the secret of another installation leads to no phone here', () => {
  const at = learning();
  learnt(at, '10.0.0.5');
  const foreign = new LearntPhones({
    secret: Buffer.alloc(32, 1),
    store: at.store,
    clock: at.clock,
    logger: at.logger,
  });
  assert.notDeepEqual(secret, Buffer.alloc(32, 1));
  assert.equal(at.phones.forToken(foreign.idOf(alice, '10.0.0.5')), null);
});

test('who asks for a phone whose REGISTER is with the PBX hears when it is answered, or after a second; nobody waits for others', async () => {
  const at = learning();
  const id = at.phones.idOf(alice, '10.0.0.5');
  assert.equal(at.phones.underWay(id), null);
  at.phones.expect(id);
  at.phones.expect(id); // sent again
  let heard = 0;
  const ask = () => void at.phones.underWay(id)?.then(() => heard++);
  ask();
  ask();
  await settle();
  assert.equal(heard, 0);
  at.phones.answered(id);
  await settle();
  assert.equal(heard, 2);
  assert.equal(at.phones.underWay(id), null);
  at.phones.expect(id);
  ask();
  await at.clock.run(1000, 100);
  assert.equal(heard, 3, 'the PBX is silent');
  assert.equal(at.clock.pending, 0);
  learnt(at, '10.0.0.5');
  at.phones.expect(id);
  assert.equal(at.phones.underWay(id) === null, false, 'of before');
  at.phones.answered(id);
  at.phones.expect(id);
  assert.equal(at.phones.underWay(id), null, 'it is known');
});

test('REGISTERs that nobody answers are forgotten, and there are never more than two thousand', () => {
  const at = learning();
  for (let index = 0; index < 2500; index += 1) at.phones.expect(at.phones.idOf(alice, String(index)));
  const known = () => Array.from({ length: 2500 }, (_, index) => at.phones.idOf(alice, String(index))).filter(isKnown);
  const isKnown = (id: string) => {
    const waits = at.phones.underWay(id) !== null;
    if (waits) at.phones.answered(id);
    return waits;
  };
  assert.equal(known().length, 2000);
  at.phones.expect('a'.repeat(16));
  at.clock.advance(1000);
  at.phones.expect('b'.repeat(16));
  assert.equal(at.phones.underWay('a'.repeat(16)), null);
});
