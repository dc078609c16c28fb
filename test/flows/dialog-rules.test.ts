import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Hand, Heard, Talk } from './hand.ts';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  // Of both kinds: what is granted exactly, and what is spread.
  stage = await Stage.open('', 'expirySpread: 0.2');
});
afterEach(() => stage.tidy());
after(() => stage.close());

async function subscribed(hand: Hand, user: string, event = 'dialog', talk?: Talk): Promise<Talk> {
  const answer = await hand.ask({ user, event, expires: 100, ...(talk === undefined ? {} : { talk }) });
  assert.equal(answer.status, 200);
  await hand.next(answer.talk);
  return answer.talk;
}

test('RFC 3261 12.2.2: a refused refresh takes its CSeq and nothing else: NOTIFYs go on to where the phone was', async () => {
  const user = stage.ext();
  const [home, elsewhere] = [await stage.hand(), await stage.hand()];
  const talk = await subscribed(home, user);
  const stranger = stage.ext();
  const refused = [
    [423, { user, expires: 5 }],
    [406, { user, lines: { Accept: 'text/plain' } }],
    [400, { user, expires: 'soon' }],
    [489, { user, event: 'unknown' }],
    [403, { user: stranger }],
  ] as const;
  for (const [status, ask] of refused) {
    assert.equal((await elsewhere.ask({ ...ask, talk })).status, status);
  }
  await stage.setDnd(user, true);
  await home.next(talk);
  assert.equal(elsewhere.heard(talk).length, 0);
  const used = talk.cseq;
  talk.cseq = 0;
  assert.equal((await home.ask({ user, talk })).status, 500, 'E65-32: below a CSeq that was refused');
  talk.cseq = used;
  assert.equal((await elsewhere.ask({ user, talk })).status, 200);
  await elsewhere.next(talk);
  await stage.setDnd(user, false);
  await elsewhere.next(talk);
});

test('RFC 6665 4.2.1.2: a refresh gets its NOTIFY though one is unanswered, and that one never comes again behind it', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  let first = 0;
  hand.reply = ({ cseq }) => {
    first ||= cseq;
    return cseq === first ? null : 200;
  };
  const { talk } = await hand.ask({ user, event: 'as-feature-event' });
  await hand.next(talk);
  await stage.setDnd(user, true);
  assert.equal((await hand.ask({ user, event: 'as-feature-event', talk })).status, 200);
  // within 1.4 s and not after Timer F
  await hand.next(talk, ({ cseq, text }) => cseq > first && text.includes('<doNotDisturbOn>true<'));
  await hand.ask({ user, event: 'as-feature-event', talk, expires: 0 });
  const final = await hand.next(talk, ({ text }) => text.includes('terminated'));
  // the third repetition of the first would come 3.5 s after it
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const after = hand.heard(talk).slice(hand.heard(talk).indexOf(final) + 1);
  assert.deepEqual(
    after.map(({ cseq }) => cseq),
    [],
    'what was overtaken is not repeated',
  );
});

test('RFC 3261 8.2.3: a body that a package does not read is ignored, but one that must be understood is 415', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const lines = (disposition: string) => ({ 'Content-Type': 'text/foo', 'Content-Disposition': disposition });
  const ignored = await hand.ask({ user, body: 'zz', lines: lines('render') });
  assert.equal(ignored.status, 200);
  for (const disposition of ['x;handling=required', 'render ; Handling = "Required"']) {
    const refused = await hand.ask({ user, body: 'zz', lines: lines(disposition) });
    assert.deepEqual([refused.status, refused.header('Accept')], [415, ''], disposition);
  }
});

test('RFC 3261 20.1: of two types a phone takes it gets the one with the higher q', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const accept = (line: string) => hand.ask({ user, event: 'presence', lines: { Accept: line } });
  const [xpidf, pidf] = ['application/xpidf+xml', 'application/pidf+xml'];
  for (const [line, type] of [
    [`${xpidf};q=0.1, ${pidf};q=1.0`, pidf],
    [`${xpidf}, ${pidf}`, xpidf],
  ] as const) {
    const { talk } = await accept(line);
    const { text } = await hand.next(talk);
    assert.match(text, new RegExp(`^Content-Type: ${type.replace('+', '\\+')}`, 'm'), line);
  }
});

test('T-10, RFC 5057: 481 to a NOTIFY ends one subscription of a dialog, 404 all of them', async () => {
  for (const [status, left] of [
    [481, 1],
    [404, 0],
  ] as const) {
    const user = stage.ext();
    const hand = await stage.hand();
    const talk = await subscribed(hand, user);
    await subscribed(hand, user, 'as-feature-event', talk);
    await stage.listed(user, (list) => list.length === 2 && list.every(({ lastStatus }) => lastStatus === 200));
    hand.reply = (notify) => (notify.message.header('Event') === 'dialog' ? status : 200);
    await stage.setDnd(user, true);
    const list = await stage.listed(user, (now) => now.length === left);
    assert.deepEqual(
      list.map(({ event }) => event),
      ['as-feature-event'].slice(0, left),
    );
    assert.equal((await hand.ask({ user, talk, event: 'dialog', expires: 0 })).status, 481);
  }
});

test('RFC 3261 18.1.1: no NOTIFY of feature keys is larger than 1300 bytes on UDP, until the one that ends them', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const event = 'as-feature-event';
  const features = (heard: readonly Heard[]) => heard.map(({ text }) => /<(DoNot|forwardingType>\w+)/.exec(text)?.[1]);
  const { talk } = await hand.ask({ user, event });
  for (let count = 0; count < 4; count += 1) await hand.next(talk);
  const run = hand.heard(talk);
  assert.deepEqual(features(run), [
    'DoNot',
    'forwardingType>forwardImmediate',
    'forwardingType>forwardBusy',
    'forwardingType>forwardNoAns',
  ]);
  for (const { text } of run) assert.ok(text.length <= 1300, `${text.length} bytes`);
  assert.equal((await hand.ask({ user, event, talk, expires: 0 })).status, 200);
  const last = await hand.next(talk);
  assert.equal(last.message.header('Subscription-State'), 'terminated;reason=timeout');
  assert.equal((await hand.ask({ user, event, talk })).status, 481, 'the dialog went with it');
});

test('RFC 3261 11.2: OPTIONS says what is spoken here', async () => {
  const hand = await stage.hand();
  const answer = await hand.ask({ user: stage.ext(), method: 'OPTIONS', lines: { 'X-Long': 'x'.repeat(600) } });
  assert.equal(answer.status, 200);
  assert.match(answer.header('Allow') ?? '', /SUBSCRIBE.*OPTIONS/);
  assert.match(answer.header('Accept') ?? '', /as-feature-event/);
  assert.match(answer.header('Allow-Events') ?? '', /dialog/);
  assert.deepEqual(
    ['Accept-Encoding', 'Accept-Language', 'Supported'].map((name) => answer.header(name)),
    ['identity', 'en', 'eventlist, recipient-list-subscribe'],
  );
});

test('a sips Request-URI that did not come over TLS is 416, on UDP and on TCP', async () => {
  for (const transport of ['udp', 'tcp'] as const) {
    const hand = await stage.hand(transport);
    const user = stage.ext();
    assert.equal((await hand.ask({ user, uri: `sips:${user}@${domain}` })).status, 416, transport);
  }
});

test('E65-04: of sixty phones that subscribe at once for an hour many are granted different intervals, none above what was asked', async () => {
  const hand = await stage.hand();
  const users = Array.from({ length: 60 }, () => stage.ext());
  const granted = new Set<number>();
  for (const answer of await Promise.all(users.map((user) => hand.ask({ user, expires: 3600 })))) {
    const seconds = Number(answer.header('Expires'));
    assert.ok(seconds <= 3600 && seconds >= 2880, String(seconds));
    const { message } = await hand.next(answer.talk);
    assert.match(
      message.header('Subscription-State') ?? '',
      new RegExp(`^active;expires=(${seconds}|${seconds - 1})$`),
    );
    granted.add(seconds);
  }
  assert.ok(granted.size > 10, `${granted.size} different ones`); // 20 as asked, 40 draws of 721
  assert.equal((await hand.ask({ user: stage.ext(), expires: 120 })).header('Expires'), '120', 'short ones are exact');
});
