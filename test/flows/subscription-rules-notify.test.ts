import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { dialogInfo, featureEvents } from '../support/phone.ts';
import type { Ask, Hand, Heard } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.tidy());
after(() => stage.close());

const events = ['dialog', 'as-feature-event'] as const;

/** Subscribes and takes the first NOTIFYs, until everything was told. */
async function settled(hand: Hand, ask: Ask) {
  const answer = await hand.ask(ask);
  assert.equal(answer.status, 200, answer.text);
  let told = 0;
  while (told < (ask.event?.startsWith('as-feature-event') ? 4 : 1)) {
    const notify = await hand.next(answer.talk);
    told += notify.event === 'dialog' ? 1 : featureEvents(notify).length;
  }
  return answer;
}

const call = async (from: string, to: string) => {
  const { status, body } = await stage.daemon.api<{ id: string }>('/api/v1/simulator/call', {
    method: 'POST',
    body: { from, to },
  });
  assert.equal(status, 200);
  return body.id;
};
const hangUp = (id: string) => stage.daemon.api('/api/v1/simulator/hangup', { method: 'POST', body: { id } });

/** RFC 3261 12.2.1.1 */
function assertGrowing(notifies: readonly Heard[]): void {
  const numbers = notifies.map(({ cseq }) => cseq);
  assert.ok(
    numbers.every((cseq, at) => at === 0 || cseq > (numbers[at - 1] ?? 0)),
    `CSeq ${numbers}`,
  );
}

for (const event of events) {
  test(`E65-10, E65-12: ${event}: first, refresh and unsubscribe are each followed by the full state`, async () => {
    const user = stage.ext();
    const hand = await stage.hand('tcp');
    const { talk } = await hand.ask({ user, event, expires: 600 });
    const features = (notify: Heard) => (event === 'dialog' ? 4 : featureEvents(notify).length);
    const first = await hand.next(talk);
    assert.equal(features(first), 4);
    assert.match(first.message.header('Subscription-State') ?? '', /^active;expires=(600|59\d)$/);
    assert.equal((await hand.ask({ user, event, talk, expires: 900 })).header('Expires'), '900');
    const second = await hand.next(talk);
    assert.equal(features(second), 4, 'a refresh heals whatever was missed');
    assert.match(second.message.header('Subscription-State') ?? '', /^active;expires=(900|89\d)$/);
    const end = await hand.ask({ user, event, talk, expires: 0 });
    assert.deepEqual([end.status, end.header('Expires')], [200, '0']);
    const last = await hand.next(talk);
    assert.equal(features(last), 4);
    assert.equal(last.message.header('Subscription-State'), 'terminated;reason=timeout');
    assert.deepEqual(await stage.subscriptions(user), []);
    await stage.setDnd(user, true);
    assert.equal((await hand.ask({ user, event, talk })).status, 481, 'E65-17: the dialog went with its last NOTIFY');
    assert.equal(hand.heard(talk).length, 3, 'exactly one terminated NOTIFY and nothing after it');
    assertGrowing(hand.heard(talk));
  });

  test(`W-13, E65-11: ${event}: Expires 0 outside of a dialog is one terminated NOTIFY with everything, and nothing is kept`, async () => {
    const user = stage.ext();
    const hand = await stage.hand('tcp');
    const { status, header, talk } = await hand.ask({ user, event, expires: 0 });
    assert.deepEqual([status, header('Expires')], [200, '0']);
    const only = await hand.next(talk);
    assert.equal(only.message.header('Subscription-State'), 'terminated;reason=timeout');
    if (event === 'dialog') assert.equal(dialogInfo(only).state, 'full');
    else assert.equal(featureEvents(only).length, 4);
    assert.deepEqual(await stage.subscriptions(user), []);
    await stage.setDnd(user, true);
    assert.equal((await hand.ask({ user, event, talk })).status, 481);
    assert.equal(hand.heard(talk).length, 1);
  });

  test(`E65-20: ${event}: the Event id is in every NOTIFY and takes part in matching, byte by byte`, async () => {
    const user = stage.ext();
    const hand = await stage.hand();
    const { talk } = await settled(hand, { user, event: `${event};id=Seven` });
    const matching = async (with_: string) => (await hand.ask({ user, talk, event: with_, expires: 0 })).status;
    assert.equal(await matching(event), 481);
    assert.equal(await matching(`${event};id=seven`), 481);
    assert.equal(await matching(`${event};id=Seve`), 481);
    assert.equal(await matching(`${event};x=y;id=Seven`), 200, 'other parameters take no part');
    await hand.next(talk, ({ subscriptionState }) => subscriptionState.state === 'terminated');
    for (const { message } of hand.heard(talk)) assert.equal(message.header('Event'), `${event};id=Seven`);
  });

  test(`E65-20: ${event}: a request with an id never meets the subscription without one`, async () => {
    const user = stage.ext();
    const hand = await stage.hand();
    const { talk } = await settled(hand, { user, event });
    assert.equal((await hand.ask({ user, talk, event: `${event};id=1`, expires: 0 })).status, 481);
    assert.equal((await stage.subscriptions(user)).length, 1);
  });
}

test('valueless parameters do not take part in matching: dialog refreshes dialog;sla', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk } = await settled(hand, { user, event: 'dialog;sla' });
  await settled(hand, { user, talk, event: 'dialog' });
  assert.equal((await stage.subscriptions(user)).length, 1);
});

test('RFC 6665 4.4.1: two packages live in one dialog with one line of CSeqs; the end of one leaves the other', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk } = await settled(hand, { user, event: 'as-feature-event' });
  const { toTag } = talk;
  const second = await settled(hand, { user, talk, event: 'dialog' });
  assert.equal(second.talk.toTag, toTag);
  assert.deepEqual((await stage.subscriptions(user)).map(({ event }) => event).sort(), ['as-feature-event', 'dialog']);
  await stage.setDnd(user, true);
  await hand.next(talk, ({ event }) => event === 'as-feature-event');
  assert.equal((await hand.ask({ user, talk, event: 'dialog', expires: 0 })).status, 200);
  await hand.next(talk, ({ subscriptionState }) => subscriptionState.state === 'terminated');
  const ended = hand.heard(talk).length;
  await stage.setDnd(user, false);
  const after = await hand.next(talk);
  assert.equal(after.event, 'as-feature-event');
  assert.equal(featureEvents(after)[0]?.enabled, false);
  assert.equal((await hand.ask({ user, talk, event: 'as-feature-event', expires: 0 })).status, 200);
  await hand.next(talk, ({ subscriptionState }) => subscriptionState.state === 'terminated');
  assert.equal(hand.heard(talk).length, ended + 2);
  assertGrowing(hand.heard(talk));
  for (const { message } of hand.heard(talk)) assert.match(message.header('From') ?? '', new RegExp(`;tag=${toTag}$`));
  assert.equal((await hand.ask({ user, talk, event: 'dialog' })).status, 481);
});

test('E65-14: NOTIFYs answered 404 405 410 416 480-485 489 501 604 end the subscription at once; others do not', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const fatal = [404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604];
  const mild = [400, 403, 408, 486, 500, 503, 600];
  hand.reply = (notify) => Number(/;id=(\d+)/.exec(notify.message.header('Event') ?? '')?.[1]);
  for (const status of [...fatal, ...mild]) {
    assert.equal((await hand.ask({ user, event: `dialog;id=${status}` })).status, 200);
  }
  const left = await stage.listed(
    user,
    (list) => list.length === mild.length && list.every(({ lastStatus }) => lastStatus !== null),
  );
  assert.deepEqual(left.map(({ eventId }) => Number(eventId)).sort(), mild);
  for (const _ of [...fatal, ...mild]) await hand.next();
  const before = hand.notifies.all.length;
  const id = await call(stage.ext(), user);
  for (const _ of mild) await hand.next();
  const later = hand.notifies.all.slice(before).map(({ message }) => Number(message.header('Event')?.split('=')[1]));
  assert.deepEqual(later.sort(), mild, 'news goes to those that live, and to no other');
  await hangUp(id);
});

test('E65-14: a phone that answers 481 is gone from the list and its dialog is unknown', async () => {
  const user = stage.ext();
  const phone = await stage.phone(user);
  const subscription = await phone.subscribe({ event: 'dialog' });
  await subscription.next();
  subscription.answerWith(() => 481);
  const id = await call(stage.ext(), user);
  await stage.listed(user, (list) => list.length === 0);
  assert.equal((await subscription.refresh()).status, 481);
  await hangUp(id);
});

test('E65-15: a NOTIFY that gets lost is repeated byte by byte, and the subscription goes on', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  let copies = 0;
  hand.reply = (_, copy) => {
    copies = copy;
    return copy === 1 ? null : 200;
  };
  const { talk } = await hand.ask({ user });
  await stage.listed(user, ([one]) => one?.lastStatus === 200);
  assert.equal(copies, 2);
  hand.reply = () => 200;
  await settled(hand, { user, talk });
  assert.equal((await stage.subscriptions(user)).length, 1);
  assertGrowing(hand.heard(talk));
});

test('E65-16: Retry-After in a 503 is kept to; a SUBSCRIBE ends the wait, and the newest state is told', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  hand.reply = () => ({ status: 503, headers: 'Retry-After: 600\r\n' });
  const { talk } = await hand.ask({ user, event: 'as-feature-event' });
  const refused = await hand.next(talk);
  await stage.listed(user, ([one]) => one?.lastStatus === 503);
  hand.reply = () => 200;
  await stage.setDnd(user, true);
  await settled(hand, { user, talk, event: 'as-feature-event' });
  const later = hand.heard(talk).slice(1);
  assert.equal(later[0]?.cseq, refused.cseq + 1, 'nothing was sent meanwhile');
  const dnd = later.flatMap((notify) => featureEvents(notify)).find(({ feature }) => feature === 'dnd');
  assert.equal(dnd?.enabled, true);
});

test('E65-18, E65-19: a subscription that the admin removes ends with deactivated', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk } = await settled(hand, { user });
  const [one] = await stage.subscriptions(user);
  assert.equal((await stage.daemon.api(`/api/v1/subscriptions/${one?.id}`, { method: 'DELETE' })).status, 204);
  assert.equal((await hand.next(talk)).message.header('Subscription-State'), 'terminated;reason=deactivated');
  assert.deepEqual(await stage.subscriptions(user), []);
});

test('E65-30, D42-04: the version starts at 0 and grows by one with each NOTIFY of dialog', async () => {
  const [user, other] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const { talk } = await settled(hand, { user });
  const id = await call(other, user);
  await hand.next(talk);
  for (let refresh = 0; refresh < 5; refresh += 1) await settled(hand, { user, talk });
  assert.deepEqual(
    hand.heard(talk).map(({ version }) => version),
    [0, 1, 2, 3, 4, 5, 6],
  );
  await hangUp(id);
});

test('E65-32: a CSeq below the last is answered 500 and changes nothing; the same CSeq again is answered 200', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk } = await settled(hand, { user, expires: 600 });
  talk.cseq += 10;
  await settled(hand, { user, talk, expires: 700 });
  const [before] = await stage.subscriptions(user);
  const heard = hand.heard(talk).length;
  const lines = { Contact: `<sip:elsewhere@127.0.0.1:${hand.port}>` };
  assert.equal((await hand.ask({ user, talk: { ...talk, cseq: talk.cseq - 5 }, expires: 3600, lines })).status, 500);
  assert.deepEqual(await stage.subscriptions(user), [before]);
  assert.equal(hand.heard(talk).length, heard);
  talk.cseq -= 2; // the challenged attempt has the last CSeq but one, its repetition the last
  assert.equal((await hand.ask({ user, talk, expires: 700 })).status, 200);
  assert.match((await hand.next(talk)).message.uri, new RegExp(`^sip:${user}@`), 'the target did not move');
});

test('a retransmitted SUBSCRIBE gets the same bytes, no second subscription and no second NOTIFY', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk, sent, text } = await settled(hand, { user });
  assert.deepEqual(await hand.provoke(sent), [text]);
  assert.deepEqual(await hand.provoke(sent), [text]);
  assert.equal((await stage.subscriptions(user)).length, 1);
  assert.equal(hand.heard(talk).length, 1);
});

test('W-14: an unknown dialog is answered 481 at once, without a challenge', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  for (const event of events) {
    const talk = { ...hand.talk(user), toTag: 'nobody-knows' };
    const answer = await hand.ask({ user, event, talk, answerChallenge: false });
    assert.equal(answer.status, 481);
  }
  const { talk } = await settled(hand, { user });
  for (const wrong of [{ toTag: `${talk.toTag}x` }, { fromTag: 'other' }, { callId: 'other' }]) {
    assert.equal((await hand.ask({ user, talk: { ...talk, ...wrong } })).status, 481);
  }
  assert.equal((await hand.ask({ user, talk })).status, 200);
});

test('W-15: a refresh whose R-URI has no user is for the resource of its dialog', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk } = await settled(hand, { user });
  await settled(hand, { user, talk, uri: `sip:127.0.0.1:${stage.daemon.udpPort}` });
  assert.deepEqual(
    (await stage.subscriptions(user)).map(({ event }) => event),
    ['dialog'],
  );
});

test('a phone that restarts with a new Call-ID replaces its old subscription; other devices keep theirs', async () => {
  const user = stage.ext();
  const event = 'as-feature-event';
  const [hand, second] = [await stage.hand(), await stage.hand()];
  const old = await settled(hand, { user, event });
  const other = await settled(second, { user, event });
  const young = await settled(hand, { user, event });
  assert.notEqual(young.talk.callId, old.talk.callId);
  assert.equal((await stage.subscriptions(user)).length, 2);
  const before = hand.heard(old.talk).length;
  await stage.setDnd(user, true);
  for (const [who, talk] of [
    [hand, young.talk],
    [second, other.talk],
  ] as const) {
    assert.equal(featureEvents(await who.next(talk))[0]?.enabled, true);
  }
  assert.equal(hand.heard(old.talk).length, before);
  assert.equal((await hand.ask({ user, event, talk: old.talk })).status, 481);
});

test('a phone with +sip.instance is the same after a restart on another port', async () => {
  const user = stage.ext();
  const [before, behind] = [await stage.hand(), await stage.hand()];
  const lines = (hand: Hand) => ({
    Contact: `<sip:${user}@127.0.0.1:${hand.port}>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"`,
  });
  await settled(before, { user, lines: lines(before) });
  await settled(behind, { user, lines: lines(behind) });
  const list = await stage.daemon.api<{ source: string }[]>(`/api/v1/subscriptions?ext=${user}`);
  assert.deepEqual(
    list.body.map(({ source }) => source),
    [`udp:127.0.0.1:${behind.port}`],
  );
});

test('thirty toggles in a burst: CSeq grows, the last state arrives, with at most one NOTIFY for each', async () => {
  const user = stage.ext();
  const phone = await stage.phone(user);
  const subscription = await phone.subscribe({ event: 'as-feature-event' });
  for (let told = 0; told < 4; ) told += featureEvents(await subscription.next()).length;
  const before = subscription.notifies.length;
  await Promise.all(Array.from({ length: 29 }, (_, at) => stage.setDnd(user, at % 2 === 0)));
  await stage.setDnd(user, true);
  await stage.setDnd(user, false);
  const list = await stage.daemon.api<{ notifies: number; lastStatus: number }[]>(`/api/v1/subscriptions?ext=${user}`);
  assert.ok((list.body[0]?.notifies ?? 0) > before);
  await stage.listed(user, ([one]) => one?.lastStatus === 200);
  const burst = subscription.notifies.slice(before);
  assert.ok(burst.length <= 31, `${burst.length} NOTIFYs`);
  assert.deepEqual(
    featureEvents(burst.at(-1)!).map(({ feature, enabled }) => [feature, enabled]),
    [['dnd', false]],
  );
  assert.deepEqual(phone.violations, []);
});
