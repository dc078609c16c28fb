import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { allowEvents, domain } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.tidy());
after(() => stage.close());

test('E65-08: a SUBSCRIBE is answered 200 at first, at a refresh, at an unsubscribe and at a fetch, never 202', async () => {
  for (const event of ['dialog', 'as-feature-event']) {
    const user = stage.ext();
    const hand = await stage.hand('tcp');
    const { talk, status } = await hand.ask({ user, event });
    const refreshed = await hand.ask({ user, talk, event });
    const ended = await hand.ask({ user, talk, event, expires: 0 });
    const fetched = await hand.ask({ user, event, expires: 0 });
    assert.deepEqual([status, refreshed.status, ended.status, fetched.status], [200, 200, 200, 200]);
  }
});

test('E65-24: no Record-Route of our own stands in a 200 or a NOTIFY: we are the end, not a proxy', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk, header } = await hand.ask({ user });
  assert.equal(header('Record-Route'), undefined);
  assert.equal((await hand.next(talk)).message.header('Record-Route'), undefined);
});

test('E65-28: a NOTIFY is answered 481, in a dialog of ours and outside of any, and ends nothing', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk } = await hand.ask({ user });
  await hand.next(talk);
  const lines = { Event: 'dialog', 'Subscription-State': 'terminated;reason=deactivated' };
  assert.equal((await hand.ask({ user, method: 'NOTIFY', lines })).status, 481);
  assert.equal((await hand.ask({ user, method: 'NOTIFY', talk: { ...talk }, lines })).status, 481);
  assert.equal((await stage.subscriptions(user)).length, 1);
});

test('E65-31: the Contact of a 200 and of each NOTIFY is one SIP URI with a user that leads back to us', async () => {
  for (const transport of ['udp', 'tcp'] as const) {
    const user = stage.ext();
    const hand = await stage.hand(transport);
    const { talk, message } = await hand.ask({ user });
    const notify = await hand.next(talk);
    const port = transport === 'udp' ? stage.daemon.udpPort : stage.daemon.tcpPort;
    for (const contacts of [message.all('Contact'), notify.message.all('Contact')]) {
      assert.equal(contacts.length, 1);
      assert.match(contacts[0] ?? '', new RegExp(`^<sip:[^@>;]+@127\\.0\\.0\\.1:${port}(;transport=tcp)?>$`));
    }
    assert.equal((await hand.ask({ user, talk })).status, 200, 'a refresh to it arrives');
  }
});

test('L46-01: a single resource is no list, whatever a phone supports; who insists on other extensions is answered 420', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const supported = await hand.ask({ user, lines: { Supported: 'eventlist, recipient-list-subscribe' } });
  assert.equal(supported.status, 200);
  assert.equal(supported.header('Require'), undefined);
  const notify = await hand.next(supported.talk);
  assert.deepEqual([notify.message.header('Require'), notify.contentType], [undefined, 'application/dialog-info+xml']);
  const required = await hand.ask({ user, lines: { Require: 'recipient-list-subscribe, 100rel' } });
  assert.deepEqual([required.status, required.header('Unsupported')], [420, '100rel']);
});

const others = ['call-info', 'line-seize', 'message-summary.winfo', 'presence.winfo.winfo'];

test('BSF-01: a package not served yet is 489 with those that are', async () => {
  const hand = await stage.hand();
  for (const event of others) {
    const answer = await hand.ask({ user: stage.ext(), event, uri: `sip:${stage.ext()}@${domain}` });
    assert.deepEqual([answer.status, answer.header('Allow-Events')], [489, allowEvents], event);
  }
});

test('R64-01, R64-04: rates in Event and in the 2xx to a NOTIFY are told in Subscription-State; what is no rate does no harm', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const event = 'dialog;max-rate=0.2;min-rate="0.1";adaptive-min-rate=nonsense';
  const { talk, status } = await hand.ask({ user, event });
  assert.equal(status, 200);
  const rates = ({ params }: { params: ReadonlyMap<string, string> }) =>
    ['max-rate', 'min-rate', 'adaptive-min-rate'].map((name) => params.get(name));
  const first = await hand.next(talk);
  assert.deepEqual(rates(first.subscriptionState), ['0.2', '0.1', undefined]);
  hand.reply = () => ({ status: 200, headers: 'Event: dialog;max-rate=0.5\r\n' });
  await hand.ask({ user, talk });
  assert.deepEqual(rates((await hand.next(talk)).subscriptionState), [undefined, undefined, undefined]);
  hand.reply = () => 200;
  const [{ id } = { id: 0 }] = await stage.subscriptions(user);
  await stage.daemon.api(`/api/v1/subscriptions/${id}/renotify`, { method: 'POST' });
  assert.deepEqual(rates((await hand.next(talk)).subscriptionState), ['0.5', undefined, undefined]);
});

test('R58-01 to R58-04: SIP-ETag in a NOTIFY, Suppress-If-Match with it or with * is 204 in the dialog and an empty NOTIFY outside', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk } = await hand.ask({ user });
  const tag = (await hand.next(talk)).message.header('SIP-ETag') ?? '';
  assert.match(tag, /^[\w-]+$/);
  for (const condition of [tag, '*']) {
    const refresh = await hand.ask({ user, talk, lines: { 'Suppress-If-Match': condition } });
    assert.deepEqual([refresh.status, refresh.header('Expires')], [204, '600']);
  }
  assert.equal(hand.heard(talk).length, 1, 'nothing was sent for them');
  const fresh = await hand.ask({ user, lines: { 'Suppress-If-Match': tag } });
  const notify = await hand.next(fresh.talk);
  assert.deepEqual([fresh.status, notify.body, notify.message.header('SIP-ETag')], [200, '', tag]);
  const other = await hand.ask({ user, talk, lines: { 'Suppress-If-Match': 'another' } });
  assert.equal(other.status, 200);
  assert.match((await hand.next(talk)).body, /state="full"/);
  assert.equal((await hand.ask({ user, talk, lines: { 'Suppress-If-Match': '"no token' } })).status, 400);
});
