import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { allowEvents, type Hand, type Talk } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.tidy());
after(() => stage.close());

const ended = (hand: Hand, talk: Talk) =>
  hand.next(talk, ({ subscriptionState }) => subscriptionState.state === 'terminated');

test('T-01: an INVITE with Replaces is answered 405, with two of them 400, and no dialog of ours is touched', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk } = await hand.ask({ user });
  await hand.next(talk);
  const dialog = `${talk.callId};to-tag=${talk.toTag};from-tag=${talk.fromTag}`;
  for (const Replaces of [dialog, `${dialog};early-only`, 'x;to-tag=a;from-tag=b', ';;']) {
    assert.equal((await hand.ask({ user, method: 'INVITE', lines: { Replaces } })).status, 405);
  }
  assert.equal((await hand.ask({ user, method: 'INVITE', lines: { Replaces: [dialog, dialog] } })).status, 400);
  assert.equal((await stage.subscriptions(user)).length, 1);
});

test('T-05: a phone that asks for the flow (;ob) is told over it, and CRLFCRLF on it is answered with CRLF', async () => {
  const user = stage.ext();
  const hand = await stage.hand('tcp');
  const lines = { Contact: `<sip:${user}@192.0.2.1:9;transport=tcp;ob>`, Supported: 'outbound, path' };
  const { talk, status } = await hand.ask({ user, lines });
  assert.equal(status, 200);
  const notify = await hand.next(talk);
  assert.equal(notify.message.uri, `sip:${user}@192.0.2.1:9;transport=tcp;ob`);
  await stage.listed(user, ([one]) => one?.lastStatus === 200);
  assert.deepEqual(await hand.provoke('\r\n\r\n'), [], 'a keep-alive between two requests is none of them');
});

test('T-06: a GRUU in Contact is kept whole and is the Request-URI of every NOTIFY', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const gruu = `sip:${user}@gateway.example;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6`;
  const temporary = `sip:tgruu.7hs==jd7vnzga5w7fajsc7-ajd6fabz0f8g5@gateway.example;gr`;
  for (const uri of [gruu, temporary]) {
    const { talk } = await hand.ask({ user, event: `dialog;id=${uri.length}`, lines: { Contact: `<${uri}>;q=1` } });
    assert.equal((await hand.next(talk)).message.uri, uri);
    assert.equal(
      (await hand.ask({ user, talk, event: `dialog;id=${uri.length}`, expires: 0, lines: { Contact: `<${uri}>` } }))
        .status,
      200,
    );
    assert.equal((await ended(hand, talk)).message.uri, uri);
  }
});

test('T-10, RFC 5057 5.1: a NOTIFY answered 405, 480, 481, 489 or 501 ends its own usage and leaves the other of the dialog', async () => {
  for (const status of [405, 480, 481, 489, 501]) {
    const user = stage.ext();
    const hand = await stage.hand();
    const { talk } = await hand.ask({ user, event: 'dialog' });
    await hand.next(talk);
    hand.reply = ({ event }) => (event === 'as-feature-event' ? status : 200);
    assert.equal((await hand.ask({ user, talk, event: 'as-feature-event' })).status, 200);
    await stage.listed(user, (list) => list.length === 1 && list[0]?.event === 'dialog');
    hand.reply = () => 200;
    assert.equal((await hand.ask({ user, talk, event: 'dialog', expires: 0 })).status, 200, `after ${status}`);
    await ended(hand, talk);
  }
});

test('T-10, RFC 4538: Target-Dialog authorises nobody: a SUBSCRIBE that names a dialog is challenged like any other', async () => {
  const [user, other] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const { talk } = await hand.ask({ user });
  await hand.next(talk);
  const lines = { 'Target-Dialog': `${talk.callId};local-tag=${talk.toTag};remote-tag=${talk.fromTag}` };
  assert.equal((await hand.ask({ user: other, lines, answerChallenge: false })).status, 401);
  assert.equal((await hand.ask({ user: other, lines: { ...lines, Require: 'tdialog' } })).status, 420);
});

test('T-10, RFC 5989 and 4660: http-monitor is answered 489, and a filter body for lamps is taken and not obeyed', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const monitor = await hand.ask({ user, event: 'http-monitor' });
  assert.deepEqual([monitor.status, monitor.header('Allow-Events')], [489, allowEvents]);
  const body = '<filter-set xmlns="urn:ietf:params:xml:ns:simple-filter"/>';
  const filtered = await hand.ask({ user, body, lines: { 'Content-Type': 'application/simple-filter+xml' } });
  assert.equal(filtered.status, 200);
  assert.equal((await hand.next(filtered.talk)).contentType, 'application/dialog-info+xml');
});

test('T-10, RFC 8760: where the admin sets digest: md5 there is one challenge, with MD5, and SHA-256 is not taken', async () => {
  const own = await Stage.open('', 'digest: md5');
  try {
    const user = own.ext();
    const hand = await own.hand();
    const challenge = await hand.ask({ user, answerChallenge: false });
    assert.deepEqual(
      challenge.message.all('WWW-Authenticate').map((offer) => /algorithm=([^,]+)/.exec(offer)?.[1]),
      ['MD5'],
    );
    const right = hand.credentials(challenge, { user }, 1);
    const forced = right
      .replace(/algorithm=MD5/, 'algorithm=SHA-256')
      .replace(/response="[0-9a-f]{32}"/, `response="${'a'.repeat(64)}"`);
    const again = await hand.ask({ user, answerChallenge: false, lines: { Authorization: forced } });
    assert.equal(again.status, 401);
    assert.equal((await hand.ask({ user })).status, 200);
  } finally {
    await own.close();
  }
});
