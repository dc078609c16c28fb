import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dialogInfo, featureEvents, type Phone, setDnd } from '../support/phone.ts';
import { assertGapless, Bench, features, nextFeatures, picture, press } from './prior-systems-rig.ts';
import { domain } from './simulated.ts';

/* Subscriptions of any package: the faults of all systems before us in answers, intervals, dialogs and transports. */

let bench: Bench;
before(async () => {
  bench = await Bench.open();
});
after(() => bench.close());

for (const [asked, granted] of [
  [null, 3600],
  [2_147_483_647, 3600],
  [7200, 3600],
  [120, 120],
] as const) {
  test(`Expires ${asked ?? 'left out'} is granted as ${granted}, and the subscription lives (babble-drachtio: 7200 gets 200, an exception, and no subscription; its 2xx lacks Expires)`, async () => {
    const phone = await bench.phone();
    for (const event of [features, 'dialog']) {
      const sub = await phone.subscribe({ event, expires: asked });
      assert.equal(sub.response.status, 200);
      assert.equal(sub.response.header('Expires'), String(granted));
      const notify = await sub.next();
      const left = Number(notify.subscriptionState.params.get('expires'));
      assert.ok(left <= granted && left >= granted - 10, `${left} s left`);
    }
    assert.equal((await bench.subscriptions(phone.user)).length, 2);
    assert.deepEqual(phone.violations, []);
  });
}

test('an interval below the minimum is answered 423 with Min-Expires (Kamailio and OpenSIPS: 5 s granted; Asterisk: 423 without it)', async () => {
  const phone = await bench.phone();
  for (const event of [features, 'dialog']) {
    const { response } = await phone.subscribe({ event, expires: 5 });
    assert.equal(response.status, 423);
    assert.equal(response.header('Min-Expires'), '60');
  }
});

test('a fetch is answered 200 with one terminated NOTIFY that holds the full state (Asterisk: 400)', async () => {
  const user = bench.user();
  await bench.put(user, 'dnd', { enabled: true });
  const phone = await bench.phone(user, { transport: 'tcp' });
  for (const event of [features, 'dialog']) {
    const sub = await phone.subscribe({ event, expires: 0 });
    assert.equal(sub.response.status, 200);
    const notify = await sub.next();
    assert.equal(notify.subscriptionState.state, 'terminated');
    assert.equal(notify.subscriptionState.params.get('reason'), 'timeout');
    if (event === features) assert.equal(featureEvents(notify).length, 4);
    else assert.match(dialogInfo(notify).dialogs[0]?.id ?? '', /^dnd-/);
  }
  assert.deepEqual(await bench.subscriptions(user), []);
});

test('an unsubscribe ends with terminated;reason=timeout, and what follows is answered 481 (FreeSWITCH: noresource, which says do not come back)', async () => {
  const { sub, user } = await bench.desk();
  assert.equal((await sub.unsubscribe()).status, 200);
  const last = await sub.next();
  assert.equal(last.message.header('Subscription-State'), 'terminated;reason=timeout');
  assert.equal((await sub.refresh()).status, 481);
  assert.deepEqual(await bench.subscriptions(user), []);
});

test('a refresh is told the full state and lives longer (babble-drachtio: neither)', async () => {
  const phone = await bench.phone();
  const sub = await phone.subscribe({ event: 'dialog', expires: 120 });
  await sub.next();
  const response = await sub.refresh({ expires: 1800 });
  assert.equal(response.header('Expires'), '1800');
  const notify = await sub.next();
  assert.ok(Number(notify.subscriptionState.params.get('expires')) > 1700);
  assert.equal(dialogInfo(notify).state, 'full');
  const [stored] = await bench.subscriptions(phone.user);
  assert.ok(Date.parse(stored!.expiresAt) - Date.now() > 1_700_000);
});

/** The next requests of this dialog count from 1 again, like those of a phone that has lost its count. */
function forgetCseq(dialog: object): void {
  let cseq = 0;
  Object.assign(dialog, {
    nextCseq: () => {
      cseq += 1;
      return cseq;
    },
  });
}

test('an old CSeq is answered 500 and changes nothing (Kamailio and OpenSIPS: 400)', async () => {
  const { sub, user } = await bench.desk();
  await sub.refresh();
  await sub.next();
  forgetCseq(sub.dialog);
  assert.equal((await press(sub, setDnd(true))).status, 500);
  assert.equal((await bench.features(user))['dnd']?.['enabled'], false);
  assert.equal((await bench.subscriptions(user)).length, 1);
});

test('a refresh with a foreign tag is answered 481 and the subscription stands (FreeSWITCH: matched by Call-ID alone)', async () => {
  const { sub, user } = await bench.desk();
  const own = sub.dialog.remoteTag;
  sub.dialog.remoteTag = 'somebody-else';
  assert.equal((await sub.unsubscribe()).status, 481);
  sub.dialog.remoteTag = own;
  await press(sub, setDnd(true));
  assert.deepEqual(await nextFeatures(sub), [{ feature: 'dnd', enabled: true }]);
  assert.equal((await bench.subscriptions(user)).length, 1);
});

for (const event of ['dialog.winfo.winfo', 'x-broadworks-hoteling', 'call-info', 'As-Feature-Event']) {
  test(`Event ${event} is answered 489 with Allow-Events (Asterisk: without)`, async () => {
    const { response } = await (await bench.phone()).subscribe({ event });
    assert.equal(response.status, 489);
    assert.match(response.header('Allow-Events') ?? '', /as-feature-event.*dialog|dialog.*as-feature-event/);
  });
}

test('parameters of Event do no harm (Kamailio ua-profile: 489 for any)', async () => {
  const phone = await bench.phone();
  const sub = await phone.subscribe({ event: 'dialog;sla;ma' });
  assert.equal(sub.response.status, 200);
  assert.equal(dialogInfo(await sub.next()).state, 'full');
});

test('a phone that takes nothing we write is answered 406 (Kamailio and OpenSIPS: Accept ignored; Asterisk: 489; babble-drachtio: Event ignored)', async () => {
  const phone = await bench.phone();
  for (const [event, accept] of [
    [features, 'application/pidf+xml'],
    ['dialog', 'application/pidf+xml, application/xpidf+xml'],
  ] as const) {
    const sub = await phone.subscribe({ event, accept });
    assert.equal(sub.response.status, 406);
    assert.equal(sub.notifies.length, 0);
  }
});

for (const accept of [null, 'application/pidf+xml , application/dialog-info+xml;q=0.5', '*/*']) {
  test(`Accept ${accept ?? 'left out'} gets dialog-info for dialog (babble-drachtio: 406 for a blank in the list, pidf without Accept)`, async () => {
    const phone = await bench.phone();
    const sub = await phone.subscribe({ event: 'dialog', accept });
    assert.equal(sub.response.status, 200);
    assert.equal((await sub.next()).contentType, 'application/dialog-info+xml');
    assert.deepEqual(phone.violations, []);
  });
}

test('Supported: eventlist changes nothing for a single resource (Asterisk: 404 or a list by it)', async () => {
  const phone = await bench.phone();
  const sub = await phone.subscribe({ event: 'dialog', headers: [['Supported', 'eventlist']] });
  assert.equal(sub.response.status, 200);
  assert.equal(sub.response.header('Require'), undefined);
  assert.equal((await sub.next()).contentType, 'application/dialog-info+xml');
});

test('every extension has a lamp, and only what is none is answered 404 (Asterisk: 404 wherever the dialplan has no hint)', async () => {
  const phone = await bench.phone();
  assert.equal((await phone.subscribe({ event: 'dialog', resource: '9999' })).response.status, 404);
  assert.equal((await phone.subscribe({ event: 'dialog', resource: '2399' })).response.status, 200);
});

test('nobody watches without his password (drachtio-presence-agent: no authentication; Kamailio dialog: none built in)', async () => {
  const phone = await bench.phone(undefined, { password: 'guess' });
  const sub = await phone.subscribe({ event: 'dialog', resource: '2001' });
  assert.equal(sub.response.status, 401);
  assert.equal(sub.notifies.length, 0);
});

test('a SUBSCRIBE that brings its credentials is answered at once (babble-drachtio: never)', async () => {
  const phone = await bench.phone(undefined, { reuseNonce: true });
  const first = await phone.subscribe({ event: 'dialog', resource: '2001' });
  await first.next();
  assert.equal(phone.challenged, 1);
  const second = await phone.subscribe({ event: 'dialog', resource: '2002' });
  assert.equal(second.response.status, 200);
  await second.next();
  assert.equal(phone.challenged, 1);
});

test('a NOTIFY sent to us gets an answer (babble-drachtio: none; Asterisk: 489)', async () => {
  const phone = await bench.phone();
  const headers = [
    ['Event', 'presence'],
    ['Subscription-State', 'active;expires=60'],
  ] as const;
  assert.equal((await phone.request('NOTIFY', phone.user, headers)).status, 481);
});

test('every 2xx and NOTIFY has a Contact that reaches us (babble-drachtio: NOTIFY without Contact)', async () => {
  const { sub } = await bench.desk(undefined, { transport: 'udp' });
  await press(sub, setDnd(true)); // goes to the Contact
  await sub.next();
  for (const message of [sub.response, ...sub.notifies.map((notify) => notify.message)]) {
    assert.match(message.header('Contact') ?? '', new RegExp(`^<sip:.*127\\.0\\.0\\.1:${bench.daemon.udpPort}`));
  }
});

test('CSeqs of NOTIFYs count by one (FreeSWITCH: made from the time; OpenSIPS: gaps)', async () => {
  const { sub, user } = await bench.desk(undefined, { transport: 'udp' });
  for (const enabled of [true, false, true]) {
    await bench.put(user, 'dnd', { enabled });
    await sub.next();
  }
  assertGapless(sub);
});

for (const [status, other] of [
  [489, 'Kamailio: kept'],
  [405, 'Kamailio: kept'],
] as const) {
  test(`a NOTIFY answered ${status} ends the subscription (${other})`, async () => {
    const { sub, user } = await bench.desk();
    sub.answerWith(() => status);
    await bench.put(user, 'dnd', { enabled: true });
    await bench.daemon.until<unknown[]>(`/api/v1/subscriptions?ext=${user}`, (list) => list.length === 0);
    assert.equal((await sub.refresh()).status, 481);
  });
}

test('a NOTIFY answered 500 is not the end: the next one tells that change too (chan_sip: dropped after any failure)', async () => {
  const { sub, user } = await bench.desk();
  sub.answerWith(() => 500);
  await bench.put(user, 'dnd', { enabled: true });
  await bench.daemon.until<{ lastStatus: number }[]>(
    `/api/v1/subscriptions?ext=${user}`,
    ([one]) => one?.lastStatus === 500,
  );
  await sub.next();
  sub.answerWith(() => 200);
  await bench.put(user, 'cfa', { enabled: true, target: '2001' });
  assert.deepEqual(await nextFeatures(sub), [
    { feature: 'dnd', enabled: true },
    { feature: 'cfa', enabled: true, target: '2001' },
  ]);
});

test('a NOTIFY that is answered only after it came again is told once (OpenSIPS #380: a phone that misses one goes dark)', async () => {
  const { sub, user } = await bench.desk(undefined, { transport: 'udp' });
  sub.answerWith(async (notify) => {
    while (notify.retransmissions === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    return 200;
  });
  await bench.put(user, 'dnd', { enabled: true });
  assert.deepEqual(await nextFeatures(sub), [{ feature: 'dnd', enabled: true }]);
  await bench.daemon.until<{ lastStatus: number | null }[]>(
    `/api/v1/subscriptions?ext=${user}`,
    () => sub.notifies.at(-1)?.retransmissions !== 0,
  );
  sub.answerWith(() => 200);
  await bench.put(user, 'dnd', { enabled: false });
  assert.deepEqual(await nextFeatures(sub), [{ feature: 'dnd', enabled: false }]);
  assertGapless(sub);
});

test('a slow phone is told the last value last (Kamailio with several workers: no order between changes)', async () => {
  const { sub, user } = await bench.desk();
  sub.answerWith(() => new Promise((resolve) => setTimeout(() => resolve(200), 30)));
  for (const target of ['2001', '2002', '2003', '2004']) await bench.put(user, 'cfa', { enabled: true, target });
  const told = [];
  do told.push(...(await nextFeatures(sub)));
  while (told.at(-1)?.target !== '2004');
  const targets = told.map(({ target }) => target ?? '');
  assert.deepEqual(targets, [...targets].sort());
  assertGapless(sub);
});

test('a phone that starts again takes the place of its old subscription (Asterisk #793: thousands of dead ones; PR 128: the dead one is served)', async () => {
  const { user, phone, sub } = await bench.desk();
  const fresh = await phone.subscribe({ event: features });
  await picture(fresh);
  assert.equal((await bench.subscriptions(user)).length, 1);
  const mark = sub.notifies.filter(({ subscriptionState }) => subscriptionState.state === 'active').length;
  await bench.put(user, 'dnd', { enabled: true });
  assert.deepEqual(await nextFeatures(fresh), [{ feature: 'dnd', enabled: true }]);
  assert.equal(sub.notifies.filter(({ subscriptionState }) => subscriptionState.state === 'active').length, mark);
});

test('a phone whose connection broke is told everything in its old dialog over the new one (drachtio-srf#138: nobody learns of it)', async () => {
  const { user, phone, sub } = await bench.desk();
  await cut(phone);
  await bench.put(user, 'dnd', { enabled: true });
  assert.equal((await sub.refresh()).status, 200);
  const told = await picture(sub);
  assert.equal(told.get('dnd')?.enabled, true);
  assert.deepEqual(phone.violations, []);
});

/** What is no SIP makes the server close the connection. */
async function cut(phone: Phone): Promise<void> {
  phone.raw('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
  await phone.nextDisconnect();
}

test('the entity is the resource, written as the phone wrote it (babble-drachtio: the subscriber; Asterisk: with port; Kamailio: sip: always)', async () => {
  const phone = await bench.phone(undefined, { transport: 'tcp' });
  const forms = [
    `sip:2001@${domain}`,
    `sip:2001@127.0.0.1:${bench.daemon.tcpPort}`,
    `sip:2001@${domain};user=phone`,
    `SIP:2001@${domain}`,
  ];
  for (const resource of forms) {
    const sub = await phone.subscribe({ event: 'dialog', resource });
    assert.equal(sub.response.status, 200, resource);
    assert.equal(dialogInfo(await sub.next()).entity, resource);
  }
});
