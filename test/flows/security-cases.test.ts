import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { statusOf } from '../sip/embedded/raw-peer.ts';
import { featureEvents, featureType, setDnd } from '../support/phone.ts';
import { type Answer, type Ask, domain, type Hand } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage.close());

/** Whatever a test sent: the next phone is served, and nothing of it was kept. */
afterEach(async () => {
  await stage.tidy();
  const hand = await stage.hand();
  assert.equal((await hand.ask({ user: 'probe', method: 'OPTIONS' })).status, 200);
  await stage.tidy();
  assert.deepEqual(await stage.subscriptions(), []);
});

/** One exchange that leaves nothing behind, its NOTIFY read. */
async function fetched(hand: Hand, ask: Ask): Promise<Answer> {
  const answer = await hand.ask({ ...ask, expires: 0 });
  assert.equal(answer.status, 200, answer.text);
  await hand.next(answer.talk);
  return answer;
}

for (const event of ['dialog', 'as-feature-event']) {
  test(`AST-2014-005: ${event}: ends without a beginning: out of a dialog, twice, and in a dialog nobody knows`, async () => {
    const [user, hand] = [stage.ext(), await stage.hand()];
    await fetched(hand, { user, event });
    const { talk } = await hand.ask({ user, event });
    await hand.next(talk);
    assert.equal((await hand.ask({ user, event, talk, expires: 0 })).status, 200);
    await hand.next(talk, ({ subscriptionState }) => subscriptionState.state === 'terminated');
    const { status } = await hand.ask({ user, event, talk, expires: 0 });
    assert.ok([200, 481].includes(status), `the second end: ${status}`);
    if (status === 200) await hand.next(talk);
    const stranger = { ...hand.talk(user), toTag: 'nobody' };
    assert.equal((await hand.ask({ user, event, talk: stranger, expires: 0 })).status, 481);
  });

  test(`AST-2017-014: ${event}: without Contact, with two, * or <> it is a 400, with and without credentials`, async () => {
    const [user, hand] = [stage.ext(), await stage.hand()];
    for (const Contact of [null, '*', '<>', ['<sip:a@127.0.0.1>', '<sip:b@127.0.0.1>'], '<sip:a@h>, <sip:b@h>']) {
      const asked = await hand.ask({ user, event, lines: { Contact } });
      assert.equal(asked.status, 400, String(Contact));
    }
  });

  test(`CVE-2026-28799: ${event}: an end while the first NOTIFY is still unanswered, and an answer to it after the end`, async () => {
    const [user, hand] = [stage.ext(), await stage.hand()];
    hand.reply = (_, copy) => (copy === 1 && hand.notifies.all.length === 0 ? null : 200);
    const { talk } = await hand.ask({ user, event });
    await hand.next(talk);
    assert.equal((await hand.ask({ user, event, talk, expires: 0 })).status, 200);
    await hand.next(talk, ({ subscriptionState }) => subscriptionState.state === 'terminated');
    assert.deepEqual(await stage.subscriptions(user), []);
  });
}

for (const count of [33, 41, 150]) {
  test(`AST-2018-004: ${count} Accept headers are 200, in one line or in many`, async () => {
    const [user, hand] = [stage.ext(), await stage.hand()];
    const ranges = Array.from({ length: count }, (_, n) => `application/x-${n}+xml`);
    const lines = [...ranges, 'application/dialog-info+xml'];
    await fetched(hand, { user, lines: { Accept: lines } });
    await fetched(hand, { user, lines: { Accept: lines.join(', ') } });
  });
}

const numbers: readonly (readonly [name: string, value: string, statuses: readonly number[]])[] = [
  ['Expires', '4294967295', [200]],
  ['Expires', '4294967296', [200, 400]],
  ['Expires', '18446744073709551616', [200, 400]],
  ['Expires', '9'.repeat(400), [200, 400]],
  ['Expires', '-1', [400]],
  ['Expires', '0x7fffffff', [400]],
  ['Expires', '1e9', [400]],
  ['Max-Forwards', '4294967296', [400]],
  ['CSeq', '4294967296 SUBSCRIBE', [400]],
  ['CSeq', '-1 SUBSCRIBE', [400]],
  ['CSeq', `${'9'.repeat(400)} SUBSCRIBE`, [400]],
  ['Content-Length', '18446744073709551616', [400]],
];

for (const [name, value, statuses] of numbers) {
  test(`AST-2017-009: ${name} ${value.slice(0, 24)} is ${statuses.join(' or ')}, and never a time that is over at once`, async () => {
    const [user, hand] = [stage.ext(), await stage.hand()];
    const answer = await hand.ask({ user, lines: { [name]: value } });
    assert.ok(statuses.includes(answer.status), answer.text);
    if (answer.status !== 200) return;
    const granted = Number(answer.header('Expires'));
    assert.ok(granted >= 60 && granted <= 3600, String(granted));
    await hand.next(answer.talk);
    assert.equal((await stage.subscriptions(user)).length, 1);
    assert.equal((await hand.ask({ user, talk: answer.talk, expires: 0 })).status, 200);
    await hand.next(answer.talk);
  });
}

test('security 3.11, GHSA-8jw3-ccr9-xrmf, BID 14174: a NOTIFY is 481, whatever it holds, and never acted on', async () => {
  const [user, hand] = [stage.ext(), await stage.hand()];
  const { talk } = await hand.ask({ user });
  await hand.next(talk);
  const summary = `Messages-Waiting: yes\r\nMessage-Account: sip:${'a'.repeat(6000)}@h\r\nVoice-Message: 99999999999/-1 (a/)\r\n`;
  const bodies: readonly (readonly [event: string, type: string, body: string])[] = [
    ['message-summary', 'application/simple-message-summary', summary],
    ['dialog', 'application/dialog-info+xml', '<dialog-info state="full"/>'],
    ['check-sync', 'text/plain', 'reboot'],
  ];
  for (const [event, type, body] of bodies) {
    const lines = { Event: event, 'Subscription-State': 'active', 'Content-Type': type };
    const outside = await hand.ask({ user, method: 'NOTIFY', event, lines, body });
    assert.equal(outside.status, 481, 'out of a dialog');
    const inside = await hand.ask({
      user,
      method: 'NOTIFY',
      event,
      lines,
      body,
      talk: { ...talk, cseq: talk.cseq + 10 },
    });
    assert.equal(inside.status, 481, 'in a dialog of ours');
  }
  assert.equal(hand.heard(talk).length, 1);
  assert.equal((await hand.ask({ user, talk, expires: 0 })).status, 200);
  await hand.next(talk);
});

const long = 'x'.repeat(7000);
const longHeaders: readonly (readonly [what: string, lines: NonNullable<Ask['lines']>])[] = [
  ['a To user of 7 kB', { To: `<sip:${long}@${domain}>` }],
  ['a To display name of 7 kB', { To: `"${long}" <sip:a@${domain}>` }],
  ['a Contact display name of 7 kB', { Contact: `"${long}" <sip:a@127.0.0.1>` }],
  ['a Contact display name of format signs', { Contact: `"${'%n%s'.repeat(1000)}" <sip:a@127.0.0.1>` }],
  ['a From tag of 4 kB', { From: `<sip:a@${domain}>;tag=${'t'.repeat(4000)}` }],
  ['a User-Agent of 8 kB', { 'User-Agent': `${long}${'y'.repeat(1000)}` }],
  ['an Accept of 8 kB', { Accept: `${'a/b, '.repeat(1500)}*/*` }],
];

for (const [what, lines] of longHeaders) {
  test(`FreeSWITCH 49f39c074a: ${what} is served as any other`, async () => {
    const [user, hand] = [stage.ext(), await stage.hand()];
    await fetched(hand, { user, lines });
  });
}

const garbage: readonly (readonly [what: string, value: string | readonly string[]])[] = [
  ['nothing', ''],
  ['a scheme alone', 'Digest'],
  ['another scheme', `Bearer ${'x'.repeat(4000)}`],
  ['Basic', 'Basic MjAwMDpzZWNyZXQyMDAw'],
  ['separators', 'Digest ,,,,=,="",'],
  ['an open quote', 'Digest username="2000, realm=x'],
  ['eight kilobytes of backslashes', `Digest username="${'\\'.repeat(7900)}"`],
  ['eight kilobytes of quotes', `Digest ${'"'.repeat(7900)}`],
  ['a thousand parameters', `Digest ${Array.from({ length: 1000 }, (_, n) => `a${n}=1`).join(',')}`],
  ['the same parameter twice', 'Digest realm="x", realm="x"'],
  ['names of the language', 'Digest __proto__="x", constructor="y", toString=z'],
  ['Latin-1', 'Digest username="\xfc\xff\xfe", realm="\x80"'],
  ['sixty of them', Array.from({ length: 60 }, (_, n) => `Digest username="${n}"`)],
];

for (const [what, Authorization] of garbage) {
  test(`OpenSIPS audit 2022: ${what} in Authorization earns the same challenge as nothing`, async () => {
    const [user, hand] = [stage.ext(), await stage.hand()];
    const { status, header } = await hand.ask({ user, answerChallenge: false, lines: { Authorization } });
    assert.equal(status, 401);
    assert.match(
      header('WWW-Authenticate') ?? '',
      /^Digest realm="[^"]+", nonce="[\w-]{32}", algorithm=[\w-]+, qop="auth"$/,
    );
  });
}

const multiparts: readonly (readonly [what: string, type: string, body: string])[] = [
  ['no boundary', 'multipart/mixed', 'x'],
  ['an empty boundary', 'multipart/mixed;boundary=""', '----\r\n\r\nx\r\n------'],
  ['a boundary that never comes', 'multipart/mixed;boundary=a', 'x'.repeat(4000)],
  ['a part that never ends', 'multipart/mixed;boundary=a', '--a\r\nContent-Type: x/y\r\n'],
  ['a boundary of 8 kB', `multipart/mixed;boundary="${'b'.repeat(7900)}"`, `--${'b'.repeat(7900)}--`],
  ['NULs', 'multipart/mixed;boundary=a', `--a\r\n\0\r\n\r\n\0\r\n--a--`],
  ['a thousand parts', 'multipart/mixed;boundary=a', `${'--a\r\n\r\n\r\n'.repeat(1000)}--a--`],
  ['<> (FS-10926)', featureType, '<>'],
  ['NULs alone', featureType, '\0\0<\0'],
];

for (const [what, type, body] of multiparts) {
  test(`GHSA-x5pq-qrp4-fmrj: a body with ${what} is refused with 4xx and changes nothing`, async () => {
    const [user, hand] = [stage.ext(), await stage.hand('tcp')];
    const lines = { 'Content-Type': type };
    const { status } = await hand.ask({ user, event: 'as-feature-event', lines, body });
    assert.ok(status >= 400 && status < 500, String(status));
    const { body: features } = await stage.daemon.api<Record<string, unknown>>(`/api/v1/extensions/${user}`);
    assert.doesNotMatch(JSON.stringify(features), /"enabled":true/);
  });
}

test('security 3.1: a captured SUBSCRIBE sent again is a fresh challenge: from its port, another port, another address', async () => {
  const [user, hand] = [stage.ext(), await stage.hand()];
  const { talk, sent } = await fetched(hand, { user });
  const again = (n: number) =>
    sent.replace(/branch=\w+/, `branch=z9hG4bKreplay${n}`).replace(/^CSeq: \d+/m, `CSeq: ${100 + n}`);
  const elsewhere = await stage.hand();
  const far = await stage.phone(user, { localAddress: '127.0.0.77' });
  for (const [n, from] of [hand, elsewhere].entries()) {
    const replay = again(n);
    const cseq = /^CSeq: (.*)\r$/m.exec(replay)?.[1];
    from.send(replay);
    const { text } = await from.responses.next(({ message }) => message.header('CSeq') === cseq);
    assert.equal(statusOf(text), 401);
    assert.match(text, /stale=true/);
  }
  far.raw(again(3));
  const response = await far.nextResponse();
  assert.equal(response.status, 401);
  assert.match(response.header('WWW-Authenticate') ?? '', /stale=true/);
  assert.equal(hand.heard(talk).length, 1, 'no NOTIFY for any of them');
  assert.equal(elsewhere.notifies.all.length, 0);
  assert.ok(stage.daemon.log.some(({ event, source }) => event === 'nonce-replay' && source === '127.0.0.1'));
});

test('security 3.9: a captured setting sent again after a restart is a fresh challenge, and sets nothing', async () => {
  const own = await Stage.open();
  try {
    const [user, event, hand] = [own.ext(), 'as-feature-event', await own.hand()];
    const { talk } = await hand.ask({ user, event });
    const { sent } = await hand.ask({
      user,
      event,
      talk,
      body: setDnd(true),
      lines: { 'Content-Type': featureType },
    });
    await hand.next(talk, (one) => featureEvents(one).some(({ enabled }) => enabled));
    await own.killAndStart();
    await own.daemon.ready();
    await own.setDnd(user, false);
    const before = hand.responses.all.length;
    hand.send(sent.replace(/branch=\w+/, 'branch=z9hG4bKagain'));
    const { text } = await hand.responses.next(() => hand.responses.all.length > before);
    assert.equal(statusOf(text), 401);
    assert.match(text, /stale=true/);
    const { body } = await own.daemon.api<{ features: Record<string, object> }>(`/api/v1/extensions/${user}`);
    assert.deepEqual(body.features['dnd'], { enabled: false });
    const again = await hand.ask({ user, event, talk, body: setDnd(true), lines: { 'Content-Type': featureType } });
    assert.equal(again.status, 200, 'the phone itself goes on in its dialog');
  } finally {
    await own.close();
  }
});

test('security 3.9: a captured refresh does not turn a dialog towards whoever sends it again', async () => {
  const [user, hand] = [stage.ext(), await stage.hand()];
  const { talk } = await hand.ask({ user });
  await hand.next(talk);
  const { sent } = await hand.ask({ user, talk });
  await hand.next(talk);
  const thief = await stage.hand();
  thief.send(sent.replace(/branch=\w+/, 'branch=z9hG4bKthief'));
  const { text } = await thief.responses.next();
  assert.equal(statusOf(text), 401);
  await stage.setDnd(user, true);
  await hand.next(talk);
  assert.equal(thief.notifies.all.length, 0);
  assert.equal((await hand.ask({ user, talk, expires: 0 })).status, 200);
  await hand.next(talk);
  await stage.setDnd(user, false);
});
