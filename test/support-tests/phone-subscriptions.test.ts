import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Pairs } from '../support/phone/scripted-pair.ts';
import { setDnd } from '../support/phone.ts';

const pairs = new Pairs();
afterEach(() => pairs.close());

const info = (version: number, inner = '') =>
  `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${version}" state="full" entity="sip:1002@pbx.test">${inner}</dialog-info>`;
const infoType = 'application/dialog-info+xml';

describe('subscriptions', () => {
  test('a NOTIFY may overtake the 200 and is answered', async () => {
    const { phone, peer } = await pairs.open();
    const starting = phone.subscribe({ event: 'dialog', resource: '1002', expires: 600, eventId: '7' });
    const request = await peer.next('SUBSCRIBE');
    assert.equal(request.line('Event'), 'dialog;id=7');
    assert.equal(request.line('Accept'), infoType);
    assert.match(request.text, /^SUBSCRIBE sip:1002@pbx\.test SIP/);
    peer.notify(request, { cseq: 5, type: infoType, body: info(0) });
    assert.equal((await peer.next('SIP/2.0')).status, 200);
    request.reply('200 OK', ['Expires: 600', `Contact: <sip:lamp@127.0.0.1:${peer.port}>`]);
    const subscription = await starting;
    const notify = await subscription.next();
    assert.equal(notify.version, 0);
    assert.deepEqual(
      [notify.subscriptionState.state, notify.subscriptionState.params.get('expires')],
      ['active', '600'],
    );
    assert.deepEqual(phone.violations, []);
  });

  test('a refresh stays in the dialog: target, tags, Call-ID, route set, next CSeq', async () => {
    const { phone, peer } = await pairs.open();
    const starting = phone.subscribe({ event: 'as-feature-event', expires: 600 });
    const first = await peer.next('SUBSCRIBE');
    first.reply('200 OK', [
      'Expires: 600',
      `Contact: <sip:lamp@127.0.0.1:${peer.port};x=1>`,
      'Record-Route: <sip:p1;lr>, <sip:p2;lr>',
    ]);
    const subscription = await starting;
    const refreshing = subscription.refresh({ body: setDnd(true) });
    const second = await peer.next('SUBSCRIBE');
    assert.match(second.text, new RegExp(`^SUBSCRIBE sip:lamp@127.0.0.1:${peer.port};x=1 SIP`));
    assert.deepEqual(second.lines('Route'), ['<sip:p2;lr>', '<sip:p1;lr>']);
    assert.equal(second.line('Call-ID'), first.line('Call-ID'));
    assert.equal(second.line('From'), first.line('From'));
    assert.match(second.line('To'), /;tag=peer$/);
    assert.equal(second.cseq, first.cseq + 1);
    assert.equal(second.line('Content-Type'), 'application/x-as-feature-event+xml');
    assert.equal(second.body, setDnd(true));
    second.reply('200 OK', ['Expires: 600']);
    assert.equal((await refreshing).status, 200);
    const leaving = subscription.unsubscribe();
    const third = await peer.next('SUBSCRIBE');
    assert.equal(third.line('Expires'), '0');
    third.reply('200 OK', ['Expires: 0']);
    await leaving;
  });

  test('a strict phone answers 500 to a CSeq that does not grow, and notes it', async () => {
    const { peer, request, subscription } = await pairs.subscribed();
    peer.notify(request, { cseq: 10, type: infoType, body: info(0) });
    assert.equal((await peer.next('SIP/2.0')).status, 200);
    peer.notify(request, { cseq: 10, type: infoType, body: info(1), branch: 'z9hG4bKother' });
    assert.equal((await peer.next('SIP/2.0')).status, 500);
    assert.equal(subscription.notifies.length, 1);
    assert.match(subscription.violations.join(), /CSeq 10 after 10/);
  });

  test('a lax phone takes any CSeq', async () => {
    const { peer, request, subscription } = await pairs.subscribed({ strict: false });
    for (const cseq of [10, 9]) {
      peer.notify(request, { cseq, type: infoType, body: info(20 - cseq) });
      assert.equal((await peer.next('SIP/2.0')).status, 200);
    }
    assert.deepEqual(subscription.violations, []);
  });

  test('a retransmitted NOTIFY gets the same answer and is counted, not repeated', async () => {
    const { peer, request, subscription } = await pairs.subscribed({}, { copies: true });
    for (let copy = 0; copy < 3; copy += 1) {
      peer.notify(request, { cseq: 10, type: infoType, body: info(0) });
      assert.equal((await peer.next('SIP/2.0')).status, 200);
    }
    assert.equal(subscription.notifies.length, 1);
    assert.equal(subscription.notifies[0]?.retransmissions, 2);
    assert.deepEqual(subscription.violations, []);
  });

  test('version, state, expiry and type are checked as a strict phone would', async () => {
    const { peer, request, subscription } = await pairs.subscribed();
    peer.notify(request, { cseq: 1, type: infoType, body: info(5) });
    peer.notify(request, { cseq: 2, type: infoType, body: info(5) });
    peer.notify(request, { cseq: 3, state: 'active' });
    peer.notify(request, { cseq: 4, state: 'active;expires=601' });
    peer.notify(request, { cseq: 5, type: 'application/pidf+xml', body: '<presence/>' });
    await subscription.next(({ cseq }) => cseq === 5);
    assert.deepEqual(subscription.violations, [
      'NOTIFY 2: D42-04: version 5 after 5',
      'NOTIFY 3: E65-12: active, no expires',
      'NOTIFY 4: E65-12: expires 601, granted 600',
      'NOTIFY 5: E65-07: application/pidf+xml was not accepted',
    ]);
  });

  test('after terminated, or with a foreign tag, a NOTIFY is answered 481', async () => {
    const { peer, request, subscription } = await pairs.subscribed();
    peer.notify(request, { cseq: 1, tag: 'stranger' });
    assert.equal((await peer.next('SIP/2.0')).status, 481);
    peer.notify(request, { cseq: 2, state: 'terminated;reason=timeout' });
    assert.equal((await peer.next('SIP/2.0')).status, 200);
    assert.equal(subscription.ended, true);
    peer.notify(request, { cseq: 3 });
    assert.equal((await peer.next('SIP/2.0')).status, 481);
  });

  test('answerWith decides the answer; silent answers no retransmission either', async () => {
    const { peer, request, subscription } = await pairs.subscribed();
    subscription.answerWith(({ cseq }) => (cseq === 1 ? 'silent' : { status: 503, headers: [['Retry-After', '7']] }));
    peer.notify(request, { cseq: 1 });
    peer.notify(request, { cseq: 1 });
    peer.notify(request, { cseq: 2 });
    const answer = await peer.next('SIP/2.0');
    assert.deepEqual([answer.status, answer.cseq, answer.line('Retry-After')], [503, 2, '7']);
    assert.equal(subscription.notifies[0]?.retransmissions, 1);
  });

  test('next hands out each NOTIFY once and says what came instead when it gives up', async () => {
    const { peer, request, subscription } = await pairs.subscribed();
    peer.notify(request, { cseq: 1, type: infoType, body: info(0) });
    peer.notify(request, { cseq: 2, type: infoType, body: info(1) });
    assert.equal((await subscription.next()).cseq, 1);
    assert.equal((await subscription.next()).cseq, 2);
    await assert.rejects(
      subscription.next(({ cseq }) => cseq === 9, 30),
      /no matching NOTIFY for dialog in 30 ms; received 2:[\s\S]*CSeq 1 active;expires=600[\s\S]*CSeq 2/,
    );
  });

  test('a closed phone tells everybody who waits', async () => {
    const { phone, subscription } = await pairs.subscribed();
    const waiting = assert.rejects(subscription.next(), /phone 1001 was closed/);
    const asking = assert.rejects(phone.request('OPTIONS', '1002'), /phone 1001 was closed/);
    await phone.close();
    await Promise.all([waiting, asking]);
  });
});
