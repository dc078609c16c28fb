import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { featureEvents, featureType, parts, setDnd, setForward } from '../support/phone.ts';
import {
  assertGapless,
  Bench,
  features,
  multipart,
  nextFeatures,
  picture,
  press,
  refreshed,
  set,
  toldSince,
} from './prior-systems-rig.ts';

/* as-feature-event: the faults of FreeSWITCH, FusionPBX, Asterisk with and without PR 128, usecallmanager and sipr. */

let bench: Bench;
before(async () => {
  bench = await Bench.open();
});
after(() => bench.close());

test('the package is served with 200 (Asterisk: 489 to every phone, each minute; FreeSWITCH: 202)', async () => {
  const phone = await bench.phone();
  const sub = await phone.subscribe({ event: features });
  assert.equal(sub.response.status, 200);
  await picture(sub);
  assert.equal((await sub.refresh()).status, 200);
  await picture(sub);
  assert.deepEqual(phone.violations, []);
});

test('Subscription-State says active;expires= and the seconds left (FreeSWITCH: "active, 3600"; usecallmanager and chan_sip: no expires)', async () => {
  const { sub } = await bench.desk();
  await press(sub, setDnd(true));
  await sub.next();
  for (const { message } of sub.notifies) {
    assert.match(message.header('Subscription-State') ?? '', /^active;expires=3(600|5\d\d)$/);
  }
});

test('two forwards changed at once are both told (FreeSWITCH: an event carries only the first type found)', async () => {
  const { sub } = await bench.desk();
  const body = multipart(setForward('cfa', true, '2001'), setForward('cfna', true, '2002', 4));
  await press(sub, body, 'multipart/mixed;boundary=cut');
  assert.deepEqual(await nextFeatures(sub), [
    { feature: 'cfa', enabled: true, target: '2001' },
    { feature: 'cfna', enabled: true, target: '2002', ringCount: 4 },
  ]);
});

test('bad XML of every kind is refused and the daemon lives on (FreeSWITCH before FS-10926: a crash)', async () => {
  const { sub } = await bench.desk();
  const bad = [
    '<',
    '<SetDoNotDisturb>',
    '<SetDoNotDisturb></SetForwarding>',
    '<?xml version="1.0"?>',
    '<a b=></a>',
    `${'<a>'.repeat(500)}${'</a>'.repeat(500)}`,
    '<SetDoNotDisturb>&bomb;</SetDoNotDisturb>',
    '\u0000\u0001\u0002',
  ];
  for (const body of bad) assert.equal((await press(sub, body)).status, 400, body.slice(0, 40));
  await press(sub, setDnd(true));
  assert.deepEqual(await nextFeatures(sub), [{ feature: 'dnd', enabled: true }]);
});

test('a phone that answers 481 is told nothing more (FreeSWITCH #1110: goes on for ever)', async () => {
  const { user, sub } = await bench.desk();
  sub.answerWith(() => 481);
  await bench.put(user, 'dnd', { enabled: true });
  await sub.next();
  await bench.daemon.until<unknown[]>(`/api/v1/subscriptions?ext=${user}`, (list) => list.length === 0);
  const mark = sub.notifies.length;
  await bench.put(user, 'dnd', { enabled: false });
  assert.equal((await sub.refresh()).status, 481);
  assert.equal(sub.notifies.length, mark);
});

test('a forward that is set or ended leaves DND as it is, and says nothing of it (FusionPBX: DND switched off without a NOTIFY)', async () => {
  const { user, sub } = await bench.desk();
  await press(sub, setDnd(true));
  await sub.next();
  for (const on of [true, false]) {
    await press(sub, setForward('cfa', on, '2001'));
    assert.deepEqual(await nextFeatures(sub), [{ feature: 'cfa', enabled: on, target: '2001' }]);
    assert.equal((await bench.features(user))['dnd']?.['enabled'], true);
  }
});

for (const rings of ['', '<ringCount></ringCount>', '<ringCount>0</ringCount>', '<ringCount>soon</ringCount>']) {
  test(`a forward on no answer with ${rings || 'no ringCount'} works and keeps the count (FusionPBX: arithmetic on nil)`, async () => {
    const { user, sub } = await bench.desk();
    await bench.put(user, 'cfna', { enabled: false, target: '2001', ringCount: 5 });
    await sub.next();
    const inner = `<activateForward>true</activateForward><forwardingType>forwardNoAns</forwardingType><forwardDN>2002</forwardDN>${rings}`;
    assert.equal((await press(sub, set('SetForwarding', inner))).status, 200);
    assert.deepEqual(await nextFeatures(sub), [{ feature: 'cfna', enabled: true, target: '2002', ringCount: 5 }]);
  });
}

test('a phone may forward to extensions only, unless the admin allows more (FusionPBX: anywhere)', async () => {
  const { user, sub } = await bench.desk();
  for (const target of ['0900123456', '+8821234567', '0301234567']) {
    assert.equal((await press(sub, setForward('cfa', true, target))).status, 200);
    assert.deepEqual(await nextFeatures(sub), [{ feature: 'cfa', enabled: false, target: '' }]);
  }
  const { body } = await bench.daemon.api<{ reason: string | null }[]>(`/api/v1/audit?ext=${user}`);
  assert.equal(body.length, 3);
});

test('a forward without a number is told with an empty forwardTo (FusionPBX: 0, which phones show; OpenSIPS: no element)', async () => {
  const { sub } = await bench.desk();
  const forwards = parts(sub.notifies[0]!).filter(({ body }) => body.includes('ForwardingEvent'));
  assert.equal(forwards.length, 3);
  for (const { body } of forwards) assert.match(body, /<forwardTo><\/forwardTo>|<forwardTo\/>/);
});

test('a change made elsewhere reaches the phone (FusionPBX #5698: not pushed; FreePBX: forgets the number)', async () => {
  const { user, sub } = await bench.desk();
  await bench.put(user, 'cfb', { enabled: true, target: '2001' });
  assert.deepEqual(await nextFeatures(sub), [{ feature: 'cfb', enabled: true, target: '2001' }]);
  await bench.put(user, 'cfb', { enabled: false });
  assert.deepEqual(await nextFeatures(sub), [{ feature: 'cfb', enabled: false, target: '2001' }]);
});

test('two phones that correct each other are stopped, and shown what the PBX holds (FusionPBX with Yealink #5864: a loop that delays do not cure)', async () => {
  const user = bench.user();
  const [one, two] = [await bench.desk(user), await bench.desk(user)];
  for (let turn = 0; turn < 8; turn += 1) {
    const { sub } = turn % 2 === 0 ? one : two;
    await press(sub, setDnd(turn % 2 === 0));
    await sub.next(); // each press is answered by the truth
  }
  const { body } = await bench.daemon.api<{ decision: string }[]>(`/api/v1/audit?ext=${user}`);
  assert.ok(body.some(({ decision }) => decision === 'refused'));
  const held = (await bench.features(user))['dnd']?.['enabled'];
  for (const desk of [one, two]) {
    const last = await refreshed(desk);
    assert.equal(featureEvents(last)[0]?.enabled, held);
  }
});

test('keys pressed by many users in one moment stay with their users (OpenSIPS: one context for each process)', async () => {
  const desks = await Promise.all(Array.from({ length: 12 }, () => bench.desk()));
  const target = (index: number) => String(2300 + index);
  await Promise.all(desks.map(({ sub }, index) => press(sub, setForward('cfb', true, target(index)))));
  const told = await Promise.all(desks.map(({ sub }) => nextFeatures(sub)));
  assert.deepEqual(
    told,
    desks.map((_, index) => [{ feature: 'cfb', enabled: true, target: target(index) }]),
  );
});

test('every device of a user is told, the asking one too (PR 128: the first subscription of an endpoint only; usecallmanager: one for each peer)', async () => {
  const user = bench.user();
  const desks = [await bench.desk(user), await bench.desk(user, { transport: 'udp' }), await bench.desk(user)];
  await press(desks[1]!.sub, setDnd(true));
  for (const { sub } of desks) assert.deepEqual(await nextFeatures(sub), [{ feature: 'dnd', enabled: true }]);
  assert.equal((await bench.subscriptions(user)).length, 3);
  for (const { sub } of desks) assertGapless(sub);
});

test('features that were never set are told as off (PR 128: not reported)', async () => {
  const { sub } = await bench.desk();
  assert.deepEqual(featureEvents(sub.notifies[0]!), [
    { feature: 'dnd', enabled: false },
    { feature: 'cfa', enabled: false, target: '' },
    { feature: 'cfb', enabled: false, target: '' },
    { feature: 'cfna', enabled: false, target: '' },
  ]);
});

test('a Set without <device> is done (PR 128: dereferenced unseen)', async () => {
  const { sub } = await bench.desk();
  assert.equal((await press(sub, set('SetDoNotDisturb', '<doNotDisturbOn>true</doNotDisturbOn>'))).status, 200);
  assert.deepEqual(await nextFeatures(sub), [{ feature: 'dnd', enabled: true }]);
});

test("<device> is no identity: another user's number in it changes nothing of his (PR 128: read unchecked)", async () => {
  const [mine, other] = [await bench.desk(), await bench.desk()];
  const mark = other.sub.notifies.length;
  await press(mine.sub, setDnd(true).replace('7659366', other.user));
  assert.deepEqual(await nextFeatures(mine.sub), [{ feature: 'dnd', enabled: true }]);
  assert.equal((await toldSince(other, mark)).length, 0);
  assert.equal((await bench.features(other.user))['dnd']?.['enabled'], false);
});

test("a key changes what the PBX does with the next call (PR 128: no link to the PBX's own DND and CF)", async () => {
  const { user, sub } = await bench.desk();
  await press(sub, setDnd(true));
  await sub.next();
  const from = bench.user();
  const call = await bench.daemon.api('/api/v1/simulator/call', { method: 'POST', body: { from, to: user } });
  assert.equal(call.status, 409);
});

test('forwardTo holds the number, in a full picture and alone (usecallmanager: true or false in the single update)', async () => {
  const { user, sub } = await bench.desk();
  await press(sub, setForward('cfa', true, '2001'));
  assert.match((await sub.next()).body, /<forwardTo>2001<\/forwardTo>/);
  const late = await bench.desk(user);
  assert.match(late.sub.notifies[0]!.body, /<forwardTo>2001<\/forwardTo>/);
});

test('every part is a document of its own: declaration, namespace, Content-Type, exact Content-Length (usecallmanager: a malformed declaration; old OpenSIPS: the namespace without hyphen)', async () => {
  const { sub } = await bench.desk();
  const all = parts(sub.notifies[0]!);
  assert.equal(all.length, 4);
  for (const { body, contentType, headers } of all) {
    assert.equal(contentType, featureType);
    assert.equal(Number(headers.get('content-length')), Buffer.byteLength(body));
    assert.match(
      body,
      /^<\?xml version="1\.0" encoding="ISO-8859-1"\?>\s*<\w+ xmlns="http:\/\/www\.ecma-international\.org\/standards\/ecma-323\/csta\/ed3">/,
    );
    assert.match(body, /^[\n\r -~]*$/, 'ASCII is right under any declaration');
  }
});

test('line ends before each delimiter and after the last are CRLF (FreeSWITCH: LF only; sipr: none after the last; Kamailio: LF CRLF)', async () => {
  const { sub } = await bench.desk();
  const { body } = sub.notifies[0]!;
  assert.doesNotMatch(body, /[^\r]\n--/);
  assert.match(body, /\r\n--[^\r\n]+--\r\n$/);
});

test('over UDP the first picture comes in datagrams that fit a frame (FreeSWITCH: 2117 bytes in one)', async () => {
  const { sub, user } = await bench.desk(undefined, { transport: 'udp' });
  await bench.put(user, 'cfna', { enabled: true, target: '2001', ringCount: 20 });
  await sub.next();
  await sub.refresh();
  await picture(sub);
  for (const { message } of sub.notifies) assert.ok(message.toBytes().length <= 1300);
});
