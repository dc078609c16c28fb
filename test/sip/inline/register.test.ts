import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alice,
  answer,
  authorization,
  contactsOf,
  flowAt,
  granted,
  here,
  learning,
  register,
} from './register-fixture.ts';

const idOf = (value: string) => /;lamp=([\w-]{16})>/.exec(value)?.[1] ?? assert.fail(`no token in ${value}`);

test('the PBX gets a Contact that leads to us: user, name and parameters as the phone wrote them, a token of ours', () => {
  const { learner } = learning();
  const contact =
    '"Alice; <x>, y" <sip:line-1@10.0.0.5:5062;line=abc;ob>;q=0.7;expires=60;+sip.instance="<urn:uuid:1;a,b>";reg-id=1;methods="INVITE, ACK"';
  const [value = '', ...others] = contactsOf(learner.outgoing(register(contact), `${here};transport=tcp`));
  assert.deepEqual(others, []);
  const id = idOf(value);
  assert.equal(
    value,
    `"Alice; <x>, y" <sip:line-1@192.0.2.1:5060;transport=tcp;lamp=${id}>;q=0.7;expires=60;+sip.instance="<urn:uuid:1;a,b>";reg-id=1;methods="INVITE, ACK"`,
  );
});

test('a Contact without brackets, user or name gets what it lacks; one that is no SIP URI goes on as it is', () => {
  const { learner } = learning();
  const bare = contactsOf(learner.outgoing(register('sip:10.0.0.5:5062;expires=60, <mailto:alice@example.com>'), here));
  assert.match(bare[0] ?? '', /^<sip:1001@192\.0\.2\.1:5060;lamp=[\w-]{16}>;expires=60$/);
  assert.deepEqual(bare.slice(1), ['<mailto:alice@example.com>']);
});

test('RFC 5630: a phone that came by TLS with a sips: Contact is a sip: one to the PBX, and gets its own back', () => {
  const at = learning();
  const request = register('<sips:1001@10.0.0.5:5061>', { flow: flowAt('198.51.100.7', 5061, 'tls', 'c1') });
  assert.match(contactsOf(at.learner.outgoing(request, here))[0] ?? '', /^<sip:1001@192\.0\.2\.1:5060;lamp=/);
  assert.deepEqual(contactsOf(granted(at, request)), ['<sips:1001@10.0.0.5:5061>;expires=3600']);
});

test('the token is the same for one phone, whatever its Contact becomes, and another for every other phone and user', () => {
  const { learner } = learning();
  const sent = (contact: string, user = '1001') =>
    idOf(contactsOf(learner.outgoing(register(contact, { user }), here))[0] ?? '');
  const first = sent('<sip:1001@10.0.0.5:5062>;+sip.instance="<urn:uuid:1>";reg-id=1');
  assert.equal(sent('<sip:x@10.9.9.9:40001;transport=tcp>;reg-id=1;+sip.instance="<urn:uuid:1>"'), first);
  const others = [
    sent('<sip:1001@10.0.0.5:5062>;+sip.instance="<urn:uuid:1>";reg-id=2'),
    sent('<sip:1001@10.0.0.5:5062>;+sip.instance="<urn:uuid:2>";reg-id=1'),
    sent('<sip:1001@10.0.0.5:5062>;+sip.instance="<urn:uuid:1>";reg-id=1', '1002'),
    sent('<sip:1001@10.0.0.5:5062>'),
    sent('<sip:1001@10.0.0.6:5062>'),
  ];
  assert.equal(new Set([first, ...others]).size, 6);
  assert.equal(
    sent('<sip:1001@10.0.0.5:5062>;expires=0'),
    sent('<sip:1001@10.0.0.5:5062>'),
    'what is removed is what was there',
  );
});

test('the phone sees its own Contact again, with what the PBX has granted; Path, Service-Route and GRUUs are as they came', () => {
  const { learner } = learning();
  const request = register('"A" <sip:1001@10.0.0.5:5062;ob>;+sip.instance="<urn:uuid:1>"');
  const id = idOf(contactsOf(learner.outgoing(request, here))[0] ?? '');
  const edits = learner.incoming(
    request,
    answer(
      200,
      `Contact: <sip:1001@192.0.2.1:5060;lamp=${id}>;expires=117;pub-gruu="sip:1001@lamplighter.test;gr=urn:uuid:1"`,
      'Service-Route: <sip:edge.example;lr>',
      'Path: <sip:edge.example;lr>',
    ),
  );
  assert.deepEqual(
    [...(edits ?? [])],
    [['Contact', ['<sip:1001@10.0.0.5:5062;ob>;expires=117;pub-gruu="sip:1001@lamplighter.test;gr=urn:uuid:1"']]],
  );
});

test('of other phones at the same user the phone sees their own Contacts where they are ours, and foreign ones as they are', () => {
  const at = learning();
  const office = register('<sip:1001@172.16.0.9:5060>', { flow: flowAt('203.0.113.9') });
  granted(at, office);
  const ofOffice = contactsOf(at.learner.outgoing(office, here))[0] ?? '';
  const stranger = register('<sip:1002@172.16.0.9:5060>', { user: '1002', flow: flowAt('203.0.113.10') });
  granted(at, stranger);
  const ofStranger = contactsOf(at.learner.outgoing(stranger, here))[0] ?? '';
  const request = register('<sip:1001@10.0.0.5:5062>');
  const own = contactsOf(at.learner.outgoing(request, here))[0] ?? '';
  const edits = at.learner.incoming(
    request,
    answer(
      200,
      `Contact: ${ofOffice};expires=30, <sip:1001@203.0.113.77:5060>;expires=40`,
      `Contact: ${own};expires=50`,
      `Contact: ${ofStranger};expires=60`,
      'Contact: <sip:1001@192.0.2.1:5060;lamp=AAAAAAAAAAAAAAAA>;expires=70',
    ),
  );
  assert.deepEqual(contactsOf(edits), [
    '<sip:1001@172.16.0.9:5060>;expires=30',
    '<sip:1001@203.0.113.77:5060>;expires=40',
    '<sip:1001@10.0.0.5:5062>;expires=50',
    `${ofStranger};expires=60`,
    '<sip:1001@192.0.2.1:5060;lamp=AAAAAAAAAAAAAAAA>;expires=70',
  ]);
});

test('several Contacts are several phones to the PBX; a question and `*` go on as they are', () => {
  const { learner, phones } = learning();
  const two = contactsOf(
    learner.outgoing(register(['<sip:1001@10.0.0.5:5062>, <sip:1001@10.0.0.6:5062>;q=0.1']), here),
  );
  assert.equal(new Set(two.map(idOf)).size, 2);
  assert.match(two[1] ?? '', />;q=0\.1$/);
  assert.equal(learner.outgoing(register([]), here).size, 0);
  const everything = register('*', { lines: ['Expires: 0'] });
  assert.equal(learner.refuse(everything), null);
  assert.equal(learner.outgoing(everything, here).size, 0);
  assert.equal(phones.size, 0);
});

test('a phone that changes its Contact removes the old one in the same REGISTER: to the PBX they are one, and it stays', () => {
  const at = learning();
  const instance = ';+sip.instance="<urn:uuid:1>"';
  granted(at, register(`<sip:1001@10.0.0.5:5062>${instance}`));
  const request = register([`<sip:1001@10.0.0.5:5062>${instance};expires=0`, `<sip:1001@10.0.0.8:5062>${instance}`]);
  const sent = contactsOf(at.learner.outgoing(request, here));
  assert.equal(sent.length, 1);
  assert.doesNotMatch(sent[0] ?? '', /expires=0/);
  assert.deepEqual(contactsOf(granted(at, request)), [`<sip:1001@10.0.0.8:5062>${instance};expires=3600`]);
  assert.deepEqual(
    at.phones.list(alice).map(({ contact }) => contact),
    ['sip:1001@10.0.0.8:5062'],
  );
  const both = register([`<sip:1001@10.0.0.8:5062>${instance}`, `<sip:1001@10.0.0.8:5063>${instance}`]);
  assert.equal(new Set(contactsOf(at.learner.outgoing(both, here)).map(idOf)).size, 2, 'two that both stay are two');
});

test('RFC 3327: where it is asked for, a phone that knows of Path keeps its Contact and gets a Path of ours on top', () => {
  const at = learning('path');
  const lines = ['Supported: gruu, Path', 'Path: <sip:edge.example;lr>'];
  const request = register('<sip:1001@10.0.0.5:5062>', { lines });
  const edits = at.learner.outgoing(request, here);
  assert.deepEqual([...edits.keys()], ['Path']);
  const [own = '', edge] = edits.get('Path') ?? [];
  const id = /^<sip:([\w-]{16})@192\.0\.2\.1:5060;lr>$/.exec(own)?.[1] ?? assert.fail(own);
  assert.equal(edge, '<sip:edge.example;lr>');
  const back = at.learner.incoming(
    request,
    answer(200, 'Contact: <sip:1001@10.0.0.5:5062>;expires=99', `Path: ${own}`, 'Path: <sip:edge.example;lr>'),
  );
  assert.equal(back, null, 'the phone may see who is in the way');
  assert.equal(at.phones.forToken(id)?.contact, 'sip:1001@10.0.0.5:5062');
});

test('RFC 3327 5.2: a phone that does not know of Path gets none, for Asterisk refuses it with 420: its Contact is rewritten', () => {
  const { learner } = learning('path');
  for (const lines of [[], ['Supported: gruu, replaces'], ['Supported: pathological']]) {
    const edits = learner.outgoing(register('<sip:1001@10.0.0.5:5062>', { lines }), here);
    assert.deepEqual([...edits.keys()], ['Contact']);
  }
});

test('RFC 3327: behind a proxy that has put its Path in, we add ours whatever was asked for, or its Path would lead past us', () => {
  const { learner } = learning('contact');
  const lines = ['Supported: path', 'Path: <sip:edge.example;lr>'];
  const edits = learner.outgoing(register('<sip:1001@10.0.0.5:5062>', { lines }), here);
  assert.deepEqual([...edits.keys()], ['Path']);
});

test('RFC 5626 5.1: a phone that keeps its flow open is told by `ob` that the flow is used', () => {
  const { learner } = learning('path');
  const lines = ['Supported: path, outbound'];
  const path = (contact: string) => learner.outgoing(register(contact, { lines }), here).get('Path')?.[0] ?? '';
  assert.match(path('<sip:1001@10.0.0.5:5062>;+sip.instance="<urn:uuid:1>";reg-id=1'), /;lr;ob>$/);
  assert.match(path('<sip:1001@10.0.0.5:5062>;+sip.instance="<urn:uuid:1>"'), /;lr>$/);
});

test('RFC 3327: what is only removed gets no Path', () => {
  const { learner } = learning('path');
  const lines = ['Supported: path'];
  assert.equal(learner.outgoing(register('<sip:1001@10.0.0.5:5062>;expires=0', { lines }), here).size, 0);
});

test('security: a Contact that pretends to be one of ours, with the token of another phone, becomes one of its own', () => {
  const at = learning('path');
  granted(at, register('<sip:1002@10.0.0.9:5062>', { user: '1002', lines: [authorization()] }));
  const token = at.phones.idOf(at.phones.list()[0]?.aor ?? alice, 'sip:1002@10.0.0.9:5062');
  assert.notEqual(at.phones.forToken(token), null);
  const request = register(`<sip:1001@192.0.2.1:5060;lamp=${token}>`, { lines: ['Supported: path'] });
  const [value = ''] = contactsOf(at.learner.outgoing(request, here));
  assert.match(value, /^<sip:1001@192\.0\.2\.1:5060;lamp=[\w-]{16}>$/);
  assert.ok(!value.includes(token));
});

test('what is not understood is refused and does not reach the PBX', () => {
  const { learner } = learning();
  const refused = (contact: string | readonly string[], words: Parameters<typeof register>[1] = {}) =>
    learner.refuse(register(contact, words))?.status ?? null;
  assert.equal(refused('<sip:1001@10.0.0.5:5062>'), null);
  assert.equal(refused('<sip:1001@10.0.0.5:5062'), 400);
  assert.equal(refused('<sip:1001@10.0.0.5:0>'), 400);
  assert.equal(refused('<sip:1001@10.0.0.5>;expires=soon'), 400);
  assert.equal(refused('<sip:1001@10.0.0.5>;expires'), 400);
  assert.equal(refused('<sip:1001@10.0.0.5>;expires=1;expires=2'), 400);
  assert.equal(refused('<sip:1001@10.0.0.5>', { lines: ['Expires: -1'] }), 400);
  assert.equal(refused('*'), 400, 'RFC 3261 10.3 step 6: * only removes');
  assert.equal(refused('*', { lines: ['Expires: 60'] }), 400);
  assert.equal(refused('*, <sip:1001@10.0.0.5>', { lines: ['Expires: 0'] }), 400);
  assert.equal(refused('*;q=1', { lines: ['Expires: 0'] }), 400);
  assert.equal(refused(`<sip:${'a'.repeat(1100)}@10.0.0.5>`), 400);
  assert.equal(refused(Array.from({ length: 11 }, (_, at) => `<sip:1001@10.0.0.${at}>`)), 400);
  assert.equal(refused('<sip:1001@10.0.0.5>', { to: 'tel:+431' }), 400);
  assert.equal(refused('<sip:1001@10.0.0.5>', { to: 'sip:lamplighter.test' }), 404);
});

test('an answer that nobody could read goes back as it came, and teaches nothing', () => {
  const at = learning();
  const request = register('<sip:1001@10.0.0.5:5062>');
  assert.equal(at.learner.incoming(request, answer(200, 'Contact: <sip:1001@192.0.2.1', 'Expires: 60')), null);
  assert.equal(at.learner.incoming(request, answer(200, 'Contact: *', 'Expires: 60')), null);
  assert.equal(at.phones.size, 0);
});

test('RFC 3327 5.3: a PBX that does not give our Path back sends past us: said once, with what to set', () => {
  const at = learning('path');
  const lines = ['Supported: path'];
  const said = () => at.logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  const request = register('<sip:1001@10.0.0.5:5062>', { lines });
  const path = at.learner.outgoing(request, here).get('Path')?.[0] ?? '';
  const listed = 'Contact: <sip:1001@10.0.0.5:5062>;expires=99';
  at.learner.incoming(request, answer(200, listed, `Path: <sip:edge.example;lr>, ${path}`));
  at.learner.incoming(register('<sip:1001@10.0.0.5:5062>'), answer(200, listed));
  at.learner.incoming(register('<sip:1001@10.0.0.5:5062>;expires=0', { lines }), answer(200));
  assert.deepEqual(said(), []);
  for (let time = 0; time < 2; time += 1) at.learner.incoming(request, answer(200, listed));
  assert.deepEqual(said(), ['the PBX does not heed Path: it calls phones directly, or not at all']);
});
