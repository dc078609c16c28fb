import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../../src/model/aor.ts';
import {
  alice,
  answer,
  authorization,
  bob,
  contactsOf,
  flowAt,
  granted,
  here,
  home,
  learning,
  register,
} from './register-fixture.ts';

test('a 2xx teaches the phone: user, own Contact, path, User-Agent, and until when the PBX has granted this Contact', () => {
  const at = learning();
  const lines = ['User-Agent: Yealink SIP-T46U', 'Expires: 3600', authorization()];
  const request = register('<sip:1001@10.0.0.5:5062;line=1?Subject=x>', { lines, to: 'sip:1001@Example.com:5080' });
  const [sent = ''] = contactsOf(at.learner.outgoing(request, here));
  const other = 'Contact: <sip:1001@203.0.113.77:5060>;expires=9999';
  at.learner.incoming(request, answer(200, other, `Contact: ${sent};expires=60`, 'Expires: 1800'));
  assert.deepEqual(at.phones.list(), [
    {
      aor: alice,
      contact: 'sip:1001@10.0.0.5:5062;line=1',
      source: 'udp:198.51.100.7:5062',
      transport: 'udp',
      userAgent: 'Yealink SIP-T46U',
      since: at.clock.now(),
      expiresAt: at.clock.now() + 60_000,
      reachable: true,
    },
  ]);
  assert.equal(at.phones.ofFlow(home, null)?.aor, alice);
});

test('where the PBX gives a Contact no time of its own, its Expires counts, then what was asked for, then an hour', () => {
  for (const [param, lines, seconds] of [
    [';expires=600', ['Expires: 90'], 90],
    [';expires=600', [], 600],
    ['', [], 3600],
  ] as const) {
    const at = learning();
    const request = register(`<sip:1001@10.0.0.5:5062>${param}`);
    const [sent = ''] = contactsOf(at.learner.outgoing(request, here));
    at.learner.incoming(request, answer(200, `Contact: ${sent.replace(param, '')}`, ...lines));
    const [phone] = at.phones.list();
    assert.equal(phone?.expiresAt, at.clock.now() + seconds * 1000);
  }
});

test('a PBX that challenges, refuses, or wants another interval teaches nothing, and takes nothing away', () => {
  const at = learning();
  const request = register('<sip:1001@10.0.0.5:5062>');
  const [sent = ''] = contactsOf(at.learner.outgoing(request, here));
  const all = (status: number) => at.learner.incoming(request, answer(status, `Contact: ${sent};expires=60`));
  for (const status of [100, 180, 302, 401, 403, 404, 407, 423, 503]) all(status);
  assert.equal(at.phones.size, 0);
  all(200);
  for (const status of [401, 403, 404, 423, 503]) all(status);
  const other = register('<sip:1001@10.0.0.5:5062>;expires=0');
  at.learner.incoming(other, answer(403));
  assert.equal(at.phones.size, 1);
});

test('a phone that unregisters is forgotten, `*` forgets all of its user and nobody else', () => {
  const at = learning();
  granted(at, register('<sip:1001@10.0.0.5:5062>'));
  granted(at, register('<sip:1001@10.0.0.6:5062>', { flow: flowAt('203.0.113.6') }));
  granted(at, register('<sip:1001@10.0.0.7:5062>', { flow: flowAt('203.0.113.7') }));
  granted(at, register('<sip:1002@10.0.0.8:5062>', { user: '1002', flow: flowAt('203.0.113.8') }));
  at.learner.incoming(register('<sip:1001@10.0.0.5:5062>', { lines: ['Expires: 0'] }), answer(200));
  assert.deepEqual(
    at.phones.list(alice).map(({ contact }) => contact),
    ['sip:1001@10.0.0.6:5062', 'sip:1001@10.0.0.7:5062'],
  );
  at.learner.incoming(register('*', { lines: ['Expires: 0'] }), answer(200));
  assert.deepEqual(
    at.phones.list().map(({ aor }) => aor),
    [bob],
  );
});

test('COMPAT(FreeSWITCH): a removed Contact comes back with expires=0, and the phone knows it', () => {
  const at = learning();
  const request = register('<sip:1001@10.0.0.5:5062>;expires=0');
  granted(at, register('<sip:1001@10.0.0.5:5062>'));
  assert.deepEqual(contactsOf(granted(at, request, 0)), ['<sip:1001@10.0.0.5:5062>;expires=0']);
  assert.equal(at.phones.size, 0);
});

test('a Contact that the PBX does not list, or grants no time, is not registered', () => {
  const at = learning();
  granted(at, register('<sip:1001@10.0.0.5:5062>'));
  at.learner.incoming(
    register('<sip:1001@10.0.0.5:5062>'),
    answer(200, 'Contact: <sip:1001@203.0.113.77:5060>;expires=60'),
  );
  assert.equal(at.phones.size, 0);
});

test('a phone that comes back by another path keeps its token and takes the path with it; the old path is nobody’s', () => {
  const at = learning();
  const instance = ';+sip.instance="<urn:uuid:1>";reg-id=1';
  const before = flowAt('198.51.100.7', 40_000, 'tcp', 'c-1');
  const after = flowAt('198.51.100.7', 41_000, 'tcp', 'c-2');
  const first = register(`<sip:1001@10.0.0.5:40000;transport=tcp>${instance}`, { flow: before });
  granted(at, first);
  const id = at.phones.ofFlow(before, alice)?.id ?? assert.fail();
  const since = at.phones.list()[0]?.since;
  at.clock.advance(1000);
  granted(at, register(`<sip:1001@10.0.0.5:41000;transport=tcp>${instance}`, { flow: after }));
  assert.deepEqual(at.phones.forToken(id)?.flow, after);
  assert.equal(at.phones.forToken(id)?.contact, 'sip:1001@10.0.0.5:41000;transport=tcp');
  assert.equal(at.phones.ofFlow(before, alice), null);
  assert.ok(!at.phones.isProven(before, alice));
  assert.ok(at.phones.isProven(after, alice));
  assert.equal(at.phones.list()[0]?.since, since, 'it has been there all the time');
});

test('security: nobody takes over the phone of another user, whatever instance, Contact or token he registers with', () => {
  const at = learning();
  const instance = ';+sip.instance="<urn:uuid:1>";reg-id=1';
  granted(at, register(`<sip:1001@10.0.0.5:5062>${instance}`));
  const victim = at.phones.ofFlow(home, alice) ?? assert.fail();
  const thief = flowAt('203.0.113.66');
  for (const contact of [
    `<sip:1001@10.0.0.5:5062>${instance}`,
    `<sip:1001@192.0.2.1:5060;lamp=${victim.id}>`,
    `<sip:1001@192.0.2.1:5060;lamp=${victim.id}>;+sip.instance="${victim.id}"`,
  ]) {
    const request = register(contact, { user: '1002', flow: thief });
    granted(at, request);
    // and a PBX that lists the victim's Contact for the thief changes nothing either
    at.learner.incoming(request, answer(200, `Contact: <sip:1001@192.0.2.1:5060;lamp=${victim.id}>;expires=60`));
    at.learner.incoming(register(`${contact};expires=0`, { user: '1002', flow: thief }), answer(200));
  }
  at.learner.incoming(register('*', { user: '1002', flow: thief, lines: ['Expires: 0'] }), answer(200));
  assert.deepEqual(at.phones.forToken(victim.id)?.flow, home);
  assert.ok(at.phones.isProven(home, alice));
});

test('security: who registers for another, without a password, or by a proxy is reached, and not believed', () => {
  for (const words of [
    { from: 'sip:1002@lamplighter.test' },
    { lines: [] },
    { via: 'SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bK2, SIP/2.0/UDP 10.0.0.5:5062;branch=z9hG4bK1' },
    { from: 'sip:1001@elsewhere.example' },
  ]) {
    const at = learning();
    granted(at, register('<sip:1001@10.0.0.5:5062>', words));
    assert.equal(at.phones.ofFlow(home, alice)?.contact, 'sip:1001@10.0.0.5:5062');
    assert.ok(!at.phones.isProven(home, alice), JSON.stringify(words));
  }
  const at = learning();
  granted(at, register('<sip:1001@10.0.0.5:5062>', { from: 'sip:1001@192.0.2.1' }));
  assert.ok(at.phones.isProven(home, alice), 'by another name of ours');
});

test('a user of a domain that is not ours is learnt under his own, and is none of ours', () => {
  const at = learning();
  granted(at, register('<sip:1001@10.0.0.5:5062>', { to: 'sip:1001@Tenant.Example' }));
  assert.deepEqual(
    at.phones.list().map(({ aor }) => aor),
    [aorOf('1001', 'tenant.example')],
  );
  assert.ok(!at.phones.isProven(home, alice));
});

test('by Path a phone is known by its own Contact, as the PBX wrote it', () => {
  const at = learning('path');
  const lines = ['Supported: path', authorization()];
  const request = register('<sip:1001@Phone.Example:5062;line=1;ob>', { lines });
  const path = at.learner.outgoing(request, here).get('Path')?.[0] ?? '';
  const id = /sip:([\w-]{16})@/.exec(path)?.[1] ?? '';
  for (const listed of ['sip:1001@phone.example:5062;ob', 'sip:1001@phone.example:5062;line=1']) {
    at.learner.incoming(request, answer(200, `Contact: <${listed}>;expires=60`));
    assert.equal(at.phones.forToken(id)?.contact, 'sip:1001@Phone.Example:5062;line=1;ob', listed);
    for (const other of [
      'sip:1002@phone.example:5062',
      'sip:1001@phone.example:5063',
      'sip:1001@phone.example:5062;line=2',
      'sip:1001@phone.example:5062;transport=tcp',
    ]) {
      at.learner.incoming(request, answer(200, `Contact: <${other}>;expires=60`));
      assert.equal(at.phones.forToken(id), null, other);
    }
  }
});

test('where there is no room a new phone is told to come later, before the PBX has it; those that are here go on', () => {
  const at = learning('contact', { limits: { perUser: 20, perAddress: 2, total: 3 } });
  const from = (host: number, address = '198.51.100.7') =>
    register(`<sip:1001@10.0.0.${host}:5062>`, { user: `10${host}`, flow: flowAt(address, 5000 + host) });
  granted(at, from(11));
  granted(at, from(12));
  assert.deepEqual(at.learner.refuse(from(13)), { status: 503, headers: [['Retry-After', '60']] });
  assert.equal(at.learner.refuse(from(12)), null);
  granted(at, from(14, '203.0.113.1'));
  assert.equal(at.learner.refuse(from(15, '203.0.113.2'))?.status, 503, 'in all');
  granted(at, from(15, '203.0.113.2'));
  assert.equal(at.phones.size, 3, 'nor is it learnt where two came at once');
  assert.equal(at.logger.lines.filter(({ level }) => level === 'warn').length, 1, 'said once');
  at.learner.incoming(from(12), answer(200));
  assert.equal(at.learner.refuse(from(15, '203.0.113.2')), null);
  assert.equal(at.learner.refuse(register('*', { lines: ['Expires: 0'] })), null);
});

test('security: a REGISTER that somebody has heard and sends again from elsewhere moves no phone, and proves nothing', () => {
  const at = learning();
  const digest = [authorization('heard')];
  granted(at, register('<sip:1001@10.0.0.5:5062>', { lines: digest }));
  const thief = flowAt('203.0.113.66', 40_000, 'tcp', 'c-9');
  for (const lines of [digest, [authorization(), ...digest], [...digest, 'Authorization: Digest x']]) {
    granted(at, register('<sip:1001@10.0.0.5:5062>', { lines, flow: thief }));
    granted(at, register('<sip:1001@203.0.113.66:5062>', { lines, flow: thief }));
  }
  assert.deepEqual(
    at.phones.list().map(({ source }) => source),
    ['udp:198.51.100.7:5062'],
  );
  assert.ok(at.phones.isProven(home, alice));
  assert.ok(!at.phones.isProven(thief, alice));
  const reports = at.logger.lines.map(({ fields }) => fields as { event?: string; source?: string });
  assert.ok(reports.some(({ event, source }) => event === 'nonce-replay' && source === '203.0.113.66'));
  granted(at, register('<sip:1001@10.0.0.5:5062>', { lines: digest }));
  assert.ok(at.phones.isProven(home, alice), 'the phone itself may repeat it');
});

test('a phone whose connection broke before it had its answer sends the same again on a new one: reached, believed next time', () => {
  let open = true;
  const before = flowAt('198.51.100.7', 40_000, 'tcp', 'c-1');
  const at = learning('contact', { isOpen: ({ connection }) => connection !== 'c-1' || open });
  const digest = [authorization('same')];
  granted(at, register('<sip:1001@10.0.0.5:5062>', { lines: digest, flow: before }));
  open = false;
  const after = flowAt('198.51.100.7', 41_000, 'tcp', 'c-2');
  granted(at, register('<sip:1001@10.0.0.5:5062>', { lines: digest, flow: after }));
  assert.equal(at.phones.ofFlow(after, alice)?.aor, alice);
  assert.ok(!at.phones.isProven(after, alice));
  granted(at, register('<sip:1001@10.0.0.5:5062>', { flow: after }));
  assert.ok(at.phones.isProven(after, alice));
});

test('security: a digest without a count could be anybody’s who has heard one: its phone is reached, and not believed', () => {
  const at = learning();
  const plain = `Authorization: Digest username="1001", realm="pbx", nonce="n", uri="sip:x", response="${'a'.repeat(32)}"`;
  for (const lines of [[plain], [authorization(), plain], [plain, authorization()]]) {
    granted(at, register('<sip:1001@10.0.0.5:5062>', { lines }));
    assert.equal(at.phones.size, 1);
    assert.ok(!at.phones.isProven(home, alice));
  }
});

test('a REGISTER is under way from when it goes to the PBX until its answer, whatever that is; 100 is none', () => {
  for (const status of [200, 401, 503]) {
    const at = learning();
    const request = register('<sip:1001@10.0.0.5:5062>');
    const [sent = ''] = contactsOf(at.learner.outgoing(request, here));
    const id = /lamp=([\w-]{16})/.exec(sent)?.[1] ?? '';
    at.learner.incoming(request, answer(100));
    assert.notEqual(at.phones.underWay(id), null);
    at.learner.incoming(request, answer(status, `Contact: ${sent};expires=60`));
    assert.equal(at.phones.underWay(id), null);
    assert.equal(at.phones.forToken(id) !== null, status === 200);
  }
});

test('a user of one tenant is not taken for the same number of another, though the PBX looks at the number alone', () => {
  const tenant = aorOf('1001', 'tenant.test');
  for (const [to, realm, aor, proven] of [
    ['sip:1001@tenant.test', 'asterisk', tenant, false],
    ['sip:1001@tenant.test', 'lamplighter.test', tenant, false],
    ['sip:1001@tenant.test', 'tenant.test', tenant, true],
    ['sip:1001@lamplighter.test', 'tenant.test', alice, false],
    ['sip:1001@lamplighter.test', 'asterisk', alice, true],
    ['sip:1001@lamplighter.test', 'example.com', alice, true],
  ] as const) {
    const at = learning();
    granted(at, register('<sip:1001@10.0.0.5:5062>', { to, lines: [authorization(undefined, realm)] }));
    assert.equal(at.phones.isProven(home, aor), proven, `${to} by ${realm}`);
    assert.equal(at.phones.ofFlow(home, aor)?.aor, aor, 'known it is all the same');
  }
});
