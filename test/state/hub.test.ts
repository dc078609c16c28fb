import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import type { Device } from '../../src/model/pbx-event.ts';
import { a1001, a1002, a1003, bench, dialogs, domain, feature, inStep, leg, snapshot } from './bench.ts';

const info = (ext: string) => ({ aor: aorOf(ext, domain), displayName: null });

test('until every PBX told which extensions it has, any may exist; afterwards only theirs do', () => {
  const { hub } = bench(['one', 'two']);
  assert.deepEqual([hub.has(a1001), hub.isExtension(a1001), hub.synced], [true, false, false]);
  hub.apply(snapshot({ extensions: [info('1001')] }, 'one'));
  assert.deepEqual([hub.has(a1002), hub.isExtension(a1001), hub.ownerOf(a1002)], [true, true, 'two']);
  hub.apply(snapshot({ extensions: [] }, 'two'));
  assert.deepEqual([hub.has(a1001), hub.has(a1002), hub.synced, hub.ownerOf(a1002)], [true, false, true, null]);
});

test('of an extension that no PBX has told of since the start, a view says so', () => {
  const { hub } = bench(['one', 'two']);
  const untold = () => [a1001, a1002].map((aor) => hub.view(aor).untold ?? false);
  hub.apply(feature(a1001, 'dnd', { enabled: true }, 'one'));
  assert.deepEqual(untold(), [true, true]);
  hub.apply(snapshot({ extensions: [info('1001')] }, 'one'));
  assert.deepEqual(untold(), [false, true], 'the other PBX may have 1002');
  hub.apply(snapshot({ extensions: [] }, 'two'));
  assert.deepEqual(untold(), [false, false], 'nobody has 1002');
});

test('extensions are listed naturally: 9 before 10 before 1001 before names', () => {
  const { hub } = bench();
  hub.apply(snapshot({ extensions: ['1001', 'alice', '10', '9'].map(info) }));
  assert.deepEqual(
    hub.list(),
    ['9', '10', '1001', 'alice'].map((ext) => aorOf(ext, domain)),
  );
});

test('a lamp that is no user may be watched, but is in no list and no target of a forward', () => {
  const { hub, heard } = bench();
  const park = aorOf('park+5901', domain);
  hub.apply(snapshot({ extensions: [info('1001'), { ...info('park+5901'), features: [], lamp: true }] }));
  assert.deepEqual(hub.list(), [a1001]);
  assert.deepEqual([hub.has(park), hub.isExtension(park), hub.view(park).known], [true, false, true]);
  assert.deepEqual(hub.lamps(), [park], 'those who look at lamps ask for them');
  assert.deepEqual([hub.view(park).lamp, hub.view(a1001).lamp], [true, undefined]);
  heard();
  hub.apply(dialogs(park, [leg('a')]));
  assert.deepEqual(heard(), ['dialogs park+5901']);
  assert.equal(hub.view(park).dialogs.length, 1);
  hub.apply(snapshot({ extensions: [info('1001'), info('park+5901')] }));
  assert.deepEqual([hub.isExtension(park), hub.view(park).lamp], [true, undefined]);
});

test('an extension that vanished becomes unknown, its calls end, its contacts and mailbox go, its features are kept', () => {
  const { hub, heard } = inStep();
  hub.apply(dialogs(a1003, [leg('a')]));
  hub.apply(feature(a1003, 'cfa', { enabled: true, target: '1001' }));
  hub.apply({ type: 'registration', source: 'main', aor: a1003, contacts: 2 });
  hub.apply({ type: 'mailbox', source: 'main', aor: a1003, counts: { new: 1, old: 0, newUrgent: 0, oldUrgent: 0 } });
  heard();
  hub.apply(snapshot({ extensions: [info('1001'), info('1002')] }));
  const view = hub.view(a1003);
  assert.deepEqual([view.known, view.dialogs, view.contacts, view.mailbox], [false, [], 0, null]);
  assert.equal(view.features.cfa.target, '1001');
  assert.deepEqual(heard().sort(), [
    'dialogs 1003',
    'extension 1003 known',
    'mailbox 1003',
    'registration 1003 contacts,reachable',
  ]);
});

test('the same snapshot again is silent, and so is every single equal event', () => {
  const { hub, heard, store } = inStep();
  const counts = { new: 1, old: 2, newUrgent: 0, oldUrgent: 0 };
  const full = snapshot({
    extensions: [info('1001')],
    dialogs: [{ aor: a1001, legs: [leg('a')] }],
    features: [{ aor: a1001, feature: 'dnd', value: { enabled: true, target: null, ringCount: null } }],
    registrations: [{ aor: a1001, contacts: 1 }],
    mailboxes: [{ aor: a1001, counts }],
  });
  hub.apply(full);
  heard();
  const writes = [store.rows.length, store.legWrites];
  hub.apply(full);
  hub.apply({ type: 'mailbox', source: 'main', aor: a1001, counts: { ...counts } });
  hub.apply({ type: 'registration', source: 'main', aor: a1001, contacts: 1 });
  assert.deepEqual(heard(), []);
  assert.deepEqual([store.rows.length, store.legWrites], writes);
});

test('a new incarnation of the PBX ends every call it does not list', () => {
  const { hub, logger } = inStep();
  hub.apply(dialogs(a1001, [leg('a'), leg('b', { call: 'c2' })]));
  hub.apply(
    snapshot({ extensions: [info('1001')], dialogs: [{ aor: a1001, legs: [leg('n', { call: 'c9' })] }] }, 'main', 'e2'),
  );
  assert.equal(hub.view(a1001).dialogs.length, 1);
  assert.ok(logger.lines.some((line) => line.message.startsWith('the PBX was started again')));
});

test('a PBX that goes away leaves its last truth standing: only the stale flag is told, no lamp topic', () => {
  const { hub, heard } = inStep();
  hub.apply(dialogs(a1001, [leg('a')]));
  heard();
  hub.apply({ type: 'link', source: 'main', state: 'down', reason: 'gone' });
  assert.deepEqual(heard(), ['extension 1001 stale', 'extension 1002 stale', 'extension 1003 stale']);
  assert.deepEqual([hub.view(a1001).stale, hub.view(a1001).dialogs.length, hub.view(a1001).known], [true, 1, true]);
  hub.apply({ type: 'link', source: 'main', state: 'stale', reason: null });
  assert.deepEqual(heard(), [], 'connected but not in step is still stale');
  hub.apply({ type: 'link', source: 'main', state: 'up', reason: null });
  assert.equal(hub.view(a1001).stale, false);
  assert.equal(heard().length, 3);
});

test('links are told when they change, with the time of the last change of state', () => {
  const { hub, clock } = bench(['one', 'two']);
  assert.deepEqual(
    hub.links().map((link) => [link.source, link.state]),
    [
      ['one', 'down'],
      ['two', 'down'],
    ],
  );
  const told: string[] = [];
  const stop = hub.onLink((link) => told.push(`${link.source} ${link.state} ${link.reason}`));
  clock.advance(1000);
  hub.apply({ type: 'link', source: 'two', state: 'stale', reason: null });
  hub.apply({ type: 'link', source: 'two', state: 'stale', reason: null });
  const since = clock.now();
  clock.advance(1000);
  hub.apply({ type: 'link', source: 'two', state: 'stale', reason: 'slow' });
  assert.equal(hub.links()[1]!.since, since);
  stop();
  hub.apply({ type: 'link', source: 'two', state: 'up', reason: null });
  assert.deepEqual(told, ['two stale null', 'two stale slow']);
});

test('an event told from within a listener waits until everybody heard of the present one', () => {
  const { hub } = inStep();
  const order: string[] = [];
  hub.onChange((change) => {
    order.push(`first ${change.aor.slice(0, 4)}`);
    if (change.aor === a1001) hub.apply(feature(a1002, 'dnd', { enabled: true }));
  });
  hub.onChange((change) => order.push(`second ${change.aor.slice(0, 4)}`));
  hub.apply(feature(a1001, 'dnd', { enabled: true }));
  assert.deepEqual(order, ['first 1001', 'second 1001', 'first 1002', 'second 1002']);
});

test('a listener that throws is logged and disturbs neither the others nor the next event', () => {
  const { hub, heard, logger } = inStep();
  const heardLater: string[] = [];
  hub.onChange(() => {
    throw new Error('listener');
  });
  hub.onChange((change) => heardLater.push(change.topic));
  hub.apply(feature(a1001, 'dnd', { enabled: true }));
  hub.apply(feature(a1001, 'dnd', { enabled: false }));
  assert.deepEqual([heard().length, heardLater.length], [2, 2]);
  assert.equal(logger.lines.filter((line) => line.message === 'a listener failed').length, 2);
});

test('a view is kept until something differs, and unknown names are not kept at all', () => {
  const { hub } = inStep();
  assert.equal(hub.view(a1001), hub.view(a1001));
  const before = hub.view(a1001);
  hub.apply(feature(a1002, 'dnd', { enabled: true }));
  assert.equal(hub.view(a1001), before);
  hub.apply(feature(a1001, 'dnd', { enabled: true }));
  assert.notEqual(hub.view(a1001), before);
  const stranger = aorOf('nobody', domain);
  assert.notEqual(hub.view(stranger), hub.view(stranger));
  assert.equal(hub.view(stranger).known, false);
});

test('the kept view of an extension that one PBX dropped is renewed when the last PBX has told', () => {
  const { hub } = bench(['one', 'two']);
  hub.apply(snapshot({ extensions: [info('1001')] }, 'one'));
  assert.equal(hub.view(a1001).known, true);
  hub.apply(snapshot({ extensions: [] }, 'one'));
  assert.equal(hub.view(a1001).known, true, 'the other one may have it');
  hub.apply(snapshot({ extensions: [] }, 'two'));
  assert.equal(hub.view(a1001).known, false);
});

test('legs and contacts of two PBXs for one extension are merged, and one PBX ends only its own', () => {
  const { hub } = bench(['one', 'two']);
  hub.apply(dialogs(a1001, [leg('a')], 'one'));
  hub.apply(dialogs(a1001, [leg('a')], 'two'));
  hub.apply({ type: 'registration', source: 'one', aor: a1001, contacts: 1 });
  hub.apply({ type: 'registration', source: 'two', aor: a1001, contacts: 2 });
  assert.deepEqual([hub.view(a1001).dialogs.length, hub.view(a1001).contacts], [2, 3]);
  hub.apply(snapshot({}, 'two'));
  assert.deepEqual([hub.view(a1001).dialogs.length, hub.view(a1001).contacts], [1, 1]);
});

test('where contacts are is told as far as PBXs say it: a move is a change, another order is none', () => {
  const { hub, heard } = bench(['one', 'two']);
  const registered = (source: string, contacts: number, ...uris: string[]) =>
    hub.apply({ type: 'registration', source, aor: a1001, contacts, uris });
  registered('one', 2, 'sip:b@x', 'sip:a@x');
  hub.apply({ type: 'registration', source: 'two', aor: a1001, contacts: 1 });
  assert.deepEqual([hub.view(a1001).contacts, hub.view(a1001).contactUris], [3, ['sip:a@x', 'sip:b@x']]);
  heard();
  registered('one', 2, 'sip:a@x', 'sip:b@x');
  assert.deepEqual(heard(), []);
  registered('one', 2, 'sip:a@x', 'sip:c@x');
  assert.deepEqual([heard(), hub.view(a1001).contactUris], [['registration 1001 contacts'], ['sip:a@x', 'sip:c@x']]);
  registered('one', 0, 'sip:a@x');
  assert.deepEqual([hub.view(a1001).contacts, hub.view(a1001).contactUris], [1, []]);
});

test('the phones behind contacts are told; what changes of them alone is a change of devices and not of contacts', () => {
  const { hub, heard } = bench(['one', 'two']);
  const registered = (...devices: readonly Device[]) => {
    const uris = devices.map(({ uri }) => uri);
    hub.apply({ type: 'registration', source: 'one', aor: a1001, contacts: devices.length, uris, devices });
  };
  const [a, b] = ['sip:a@x', 'sip:b@x'] as const;
  hub.apply({ type: 'registration', source: 'one', aor: a1001, contacts: 2, uris: [a, b] });
  heard();
  registered({ uri: b, userAgent: 'B/1' }, { uri: a, userAgent: null });
  assert.deepEqual(heard(), ['registration 1001 devices']);
  assert.deepEqual(hub.view(a1001).devices, [
    { uri: a, userAgent: null },
    { uri: b, userAgent: 'B/1' },
  ]);
  registered({ uri: a, userAgent: null }, { uri: b, userAgent: 'B/1' });
  assert.deepEqual(heard(), [], 'another order');
  registered({ uri: a, userAgent: null, via: 'sip:edge.example;lr' }, { uri: b, userAgent: 'B/2' });
  assert.deepEqual(heard(), ['registration 1001 devices']);
  registered();
  assert.deepEqual([heard(), hub.view(a1001).devices], [['registration 1001 contacts,reachable'], undefined]);
});

test('two tenants with the same extension never mix', () => {
  const { hub, heard } = inStep();
  const other = aorOf('1001', 'tenant.example.org');
  hub.apply(dialogs(other, [leg('a')]));
  hub.apply(feature(other, 'dnd', { enabled: true }));
  assert.deepEqual([hub.view(a1001).dialogs, hub.view(a1001).features.dnd.enabled], [[], false]);
  assert.equal(hub.view(other).dialogs.length, 1);
  assert.equal(heard().length, 2);
});

test('events and stored calls of a PBX that is not configured are ignored', () => {
  const { hub, heard, logger, store } = inStep();
  hub.load({ features: [], dialogs: [{ source: 'gone', aor: a1001, legs: [leg('a')] }] });
  assert.deepEqual(store.legs.get(`gone ${a1001}`), [], 'and forgotten');
  hub.apply(dialogs(a1001, [leg('a')], 'gone'));
  hub.apply(dialogs(a1001, [leg('a')], 'gone'));
  assert.deepEqual([hub.view(a1001).dialogs, heard()], [[], []]);
  assert.equal(logger.lines.filter((line) => line.message.endsWith('not configured: ignored')).length, 1);
});
