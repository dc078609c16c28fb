import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { statusOf } from '../sip/embedded/raw-peer.ts';
import { token } from '../support/phone/agent.ts';
import { type Ask, domain, type Hand, type Heard } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage.close());

afterEach(() => stage.unharmed('udp'));

type Refusal = readonly [what: string, change: (text: string) => string, statuses: readonly number[]];

const line = (name: string, value: string) => (text: string) =>
  text.replace(new RegExp(`^${name}:.*$`, 'm'), `${name}: ${value}`);
const more =
  (...lines: string[]) =>
  (text: string) =>
    text.replace(/^Contact:/m, `${lines.map((one) => `${one}\r\n`).join('')}Contact:`);
const start = (value: string) => (text: string) => text.replace(/^.*\r\n/, `${value}\r\n`);
const without = (name: string) => (text: string) => text.replace(new RegExp(`^${name}:.*\r\n`, 'm'), '');
const via = 'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa';

/** A SUBSCRIBE without credentials that is refused before anybody is asked for them. */
const refusals: readonly Refusal[] = [
  ['a bare CR in a value', more('X-A: a\rContact: b'), [400]],
  ['a bare LF in a value', more('X-A: a\nRoute: <sip:evil>'), [400]],
  ['only LF at the line ends', (text) => text.replaceAll('\r\n', '\n'), [400]],
  ['a control character before the colon (AST-2016-009)', (text) => text.replace('To:', 'To\x01:'), [400]],
  ['a NUL in a display name', line('From', '"a\0b" <sip:a@b>;tag=1'), [400]],
  ['an ESC in a header', more('Subject: \x1b[2J'), [400]],
  ['a header without colon', more('nonsense'), [400]],
  ['a header name with a blank inside', more('X Y: z'), [400]],
  ['a first line that is folded', (text) => text.replace('\r\n', '\r\n folded\r\n'), [400]],
  ['2000 headers', more(...Array.from({ length: 2000 }, (_, n) => `X-${n}: y`)), [400]],
  ['a header of 60 kB', more(`X-Long: ${'y'.repeat(60_000)}`), [400]],
  ['a header of 60 kB in folds', more(`X-Long: ${'y\r\n '.repeat(15_000)}y`), [400]],
  ['a display name of 9 kB', line('From', `"${'A'.repeat(9000)}" <sip:a@b>;tag=1`), [400]],
  ['a Request-URI of 9 kB', start(`SUBSCRIBE sip:${'9'.repeat(9000)}@${domain} SIP/2.0`), [400]],
  ['101 Vias', more(...Array.from({ length: 101 }, () => via)), [400, 483]],
  ['101 Vias in one line', more(`${via}${', SIP/2.0/UDP a'.repeat(100)}`), [400, 483]],
  ['31 Routes', more(...Array.from({ length: 31 }, () => 'Route: <sip:a;lr>')), [400, 483]],
  ['two From', more('From: <sip:b@c>;tag=9'), [400]],
  ['two To, one compact', more('t: <sip:b@c>'), [400]],
  ['two Call-IDs', more('Call-ID: other'), [400]],
  ['two CSeqs', more('CSeq: 7 SUBSCRIBE'), [400]],
  ['two Expires', more('Expires: 60'), [400]],
  ['no From', without('From'), [400]],
  ['no To', without('To'), [400]],
  ['no Call-ID', without('Call-ID'), [400]],
  ['no CSeq', without('CSeq'), [400]],
  ['an empty Call-ID', line('Call-ID', ''), [400]],
  ['a From without tag', line('From', `<sip:a@${domain}>`), [400]],
  ['an empty From tag', line('From', `<sip:a@${domain}>;tag=`), [400]],
  ['an empty To tag', line('To', `<sip:a@${domain}>;tag=`), [400]],
  ['two different tags in From', line('From', '<sip:a@b>;tag=1;tag=2'), [400]],
  ['an unterminated quote in From', line('From', '"Bob <sip:a@b>;tag=1'), [400]],
  ['an unterminated quote in To', line('To', '"Bob <sip:a@b>'), [400]],
  ['an unterminated bracket', line('To', 'Bob <sip:a@b'), [400]],
  ['an unquoted display name with a comma', line('From', 'Bell, Alexander <sip:a@b>;tag=1'), [400]],
  ['extra separators in Contact', line('Contact', '<sip:a@127.0.0.1>;;,;,,'), [400]],
  ['an escaped header name (C%6Fntact is not Contact)', (text) => text.replace('Contact:', 'C%6Fntact:'), [400]],
  ['a Contact <>', line('Contact', '<>'), [400]],
  ['a Contact tel:', line('Contact', '<tel:2000>'), [400]],
  ['a Contact javascript:', line('Contact', '<javascript:alert(1)>'), [400]],
  ['a CSeq over 2^32-1', line('CSeq', '4294967296 SUBSCRIBE'), [400]],
  ['a CSeq of 400 digits', line('CSeq', `${'9'.repeat(400)} SUBSCRIBE`), [400]],
  ['a CSeq in hexadecimal', line('CSeq', '0x10 SUBSCRIBE'), [400]],
  ['a CSeq of another method', line('CSeq', '1 NOTIFY'), [400]],
  ['Max-Forwards 300', line('Max-Forwards', '300'), [400]],
  ['Max-Forwards -1', line('Max-Forwards', '-1'), [400]],
  ['a Via that is none', line('Via', 'SIP/2.0/UDP'), [400]],
  ['a Via with port 99999', line('Via', 'SIP/2.0/UDP 127.0.0.1:99999;branch=z9hG4bKb'), [400]],
  ['SIP/3.0', (text) => text.replace(' SIP/2.0\r', ' SIP/3.0\r'), [505]],
  ['two blanks in the request line', (text) => text.replace('SUBSCRIBE ', 'SUBSCRIBE  '), [400]],
  ['a blank behind the request line', (text) => text.replace(' SIP/2.0\r', ' SIP/2.0 \r'), [400]],
  ['a Request-URI in brackets', start(`SUBSCRIBE <sip:2000@${domain}> SIP/2.0`), [400]],
  ['blanks in the Request-URI', start(`SUBSCRIBE sip:20 00@${domain} SIP/2.0`), [400]],
  ['headers in the Request-URI', start(`SUBSCRIBE sip:2000@${domain}?Route=%3Csip:evil%3E SIP/2.0`), [400]],
  ['%0d%0a in the user', start(`SUBSCRIBE sip:2000%0d%0aRoute:%20x@${domain} SIP/2.0`), [400]],
  ['%00 in the user', start(`SUBSCRIBE sip:2000%00@${domain} SIP/2.0`), [400]],
  ['%7f in the user', start(`SUBSCRIBE sip:%7F2000@${domain} SIP/2.0`), [400]],
  ['%zz in the user', start(`SUBSCRIBE sip:2000%zz@${domain} SIP/2.0`), [400]],
  ['IPv6 without brackets', start('SUBSCRIBE sip:2000@2001:db8::10 SIP/2.0'), [400]],
  [
    'a body without Content-Type',
    (text) => `${text.replace('Content-Length: 0', 'Content-Length: 4')}body`,
    [400, 415],
  ],
  ['two Content-Lengths', more('Content-Length: 0', 'Content-Length: 400'), [400]],
  ['a negative Content-Length', line('Content-Length', '-1'), [400]],
  ['a Content-Length beyond the datagram', line('Content-Length', '1'), [400]],
  ['an Event of separators', line('Event', 'dia;log="'), [400]],
  ['an Event with two ids', line('Event', 'dialog;id=1;id=2'), [400]],
  ['an Accept of separators', line('Accept', '"'), [400]],
];

for (const [what, change, expected] of refusals) {
  test(`security 7.2: ${what} is answered ${expected.join(' or ')} at once`, async () => {
    const hand = await stage.hand();
    const text = hand.write({ user: stage.ext(), lines: { Accept: 'application/dialog-info+xml' } });
    const hostile = change(text);
    assert.notEqual(hostile, text);
    const answers = await hand.provoke(hostile);
    assert.equal(answers.length, 1, 'one answer');
    assert.ok(expected.includes(statusOf(answers[0] ?? '')), answers[0]);
    assert.ok((answers[0]?.length ?? 0) < 1.5 * hostile.length + 500, 'no amplification');
    assert.equal(hand.notifies.all.length, 0);
  });
}

/** Asks once for the state, which leaves nothing behind, and gives the NOTIFY too. */
async function fetched(hand: Hand, ask: Ask) {
  const answer = await hand.ask({ ...ask, expires: 0 });
  assert.equal(answer.status, 200, answer.text);
  return { ...answer, notify: await hand.next(answer.talk) };
}

/** The body, decoded; throws where it is not UTF-8. */
function xmlOf(notify: Heard): string {
  const bytes = Buffer.from(notify.text.slice(notify.text.indexOf('\r\n\r\n') + 4), 'latin1');
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

const value = (text: string, name: string) => new RegExp(`^${name}: (.*)\\r$`, 'm').exec(text)?.[1];

/** From values, Latin-1: the response and the To of NOTIFY carry these bytes and no others. */
const parties: readonly (readonly [what: string, from: string])[] = [
  ['a Latin-1 display name', `"J\xfcrgen M\xf6\xdf" <sip:a@${domain}>`],
  [
    'a UTF-8 display name',
    Buffer.from(`"Zo\u00eb \u202e\u{1F4DE} \u2028 <b>&amp;" <sip:a@${domain}>`).toString('latin1'),
  ],
  ['broken UTF-8', `"\xff\xfe\xc3\x28\xa0" <sip:a@${domain}>`],
  ['quotes, backslashes, commas and brackets', `"a, b; \\"c\\" \\\\ <sip:evil@x>;tag=no" <sip:a@${domain}>`],
  ['markup', `"<script>alert('&')</script>" <sip:a@${domain}>`],
  ['a token without blank before the bracket', `Bob<sip:a@${domain}>`],
  ['several tokens', `Bob the  Builder <sip:a@${domain};user=phone>`],
  ['an empty display name', `"" <sip:a@${domain}>`],
  ['a name of 4 kB', `"${'x'.repeat(4000)}" <sip:a@${domain}>`],
  ['an addr-spec without brackets', `sip:a@${domain}`],
  ['escapes in the user', `<sip:%2a97%40%23;x=1@${domain};line=7>`],
  ['IPv6', '<sip:a@[2001:db8::1]:5060>'],
];

for (const [what, from] of parties) {
  test(`security 7.2: ${what} in From comes back byte by byte, in the answer and in NOTIFY`, async () => {
    const hand = await stage.hand();
    const tagged = `${from};tag=t${hand.port};x="y;z"`;
    const { text, notify } = await fetched(hand, { user: stage.ext(), lines: { From: tagged } });
    assert.equal(value(text, 'From'), tagged);
    assert.equal(value(notify.text, 'To'), tagged);
    assert.doesNotThrow(() => xmlOf(notify));
  });
}

test('a hostile caller name is valid XML and valid UTF-8 in the lamp of a watcher', async () => {
  const [user, caller] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const fromName = '"><x a=\'&\u0007\u001b[2J\ud800\u202e]]>\u{1F4DE}';
  const call = { method: 'POST', body: { from: caller, to: user, fromName } };
  const { status, body } = await stage.daemon.api<{ id: string }>('/api/v1/simulator/call', call);
  assert.equal(status, 200);
  const { notify } = await fetched(hand, { user, lines: { 'User-Agent': 'x' } });
  const xml = xmlOf(notify);
  assert.match(xml, /<dialog /);
  assert.doesNotMatch(xml, /<x a=/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 does not know
  assert.doesNotMatch(xml, /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/);
  await stage.daemon.api('/api/v1/simulator/hangup', { method: 'POST', body: { id: body.id } });
});

const callIds: readonly (readonly [what: string, callId: string])[] = [
  ['SQL', "x'); DROP TABLE subscriptions;--"],
  ['markup and quotes', '<a href="x">&amp;\\"@<>'],
  ['an IPv6 look', '[2001:db8::1]%eth0@[::]'],
  ['Latin-1 bytes', 'caf\xe9\xff@x'],
  ['4 kB', 'c'.repeat(4096)],
  ['__proto__', '__proto__'],
];

for (const [what, callId] of callIds) {
  test(`security 7.2: a Call-ID of ${what} is stored, found again and ended`, async () => {
    const user = stage.ext();
    const hand = await stage.hand();
    const talk = { ...hand.talk(user), callId };
    // the phone's own reader takes UTF-8: its copy of the name is what it compares with
    const read = { ...talk, callId: Buffer.from(callId, 'latin1').toString('utf8') };
    const lines = { 'Call-ID': callId };
    assert.equal((await hand.ask({ user, talk: read, lines })).status, 200);
    const notify = await hand.next();
    assert.equal(value(notify.text, 'Call-ID'), callId);
    assert.equal((await stage.subscriptions(user)).length, 1);
    assert.equal((await hand.ask({ user, talk: read, lines, expires: 0 })).status, 200);
    const last = await hand.next();
    assert.equal(last.subscriptionState.state, 'terminated');
  });
}

const tolerated: readonly (readonly [what: string, lines: NonNullable<Ask['lines']>])[] = [
  ['a CSeq with leading zeros', { CSeq: '0000000007 SUBSCRIBE' }],
  ['a CSeq of 2^31', { CSeq: '2147483648 SUBSCRIBE' }],
  ['a CSeq of 2^32-1', { CSeq: '4294967295 SUBSCRIBE' }],
  ['a Contact of 6 kB', { Contact: `<sip:a@127.0.0.1;x=${'y'.repeat(6000)}>` }],
  ['a Contact with everything', { Contact: '"a, b" <sip:%61;p=1@[::1]:9;ob;gr=urn:x;line=7>;expires=1;q=0.1' }],
  ['a Content-Type without body', { 'Content-Type': 'application/sdp' }],
  ['an unknown transport in Via', { Via: 'SIP/2.0/UNKNOWN 127.0.0.1:9;branch=z9hG4bKunk1' }],
];

for (const [what, lines] of tolerated) {
  test(`RFC 4475: ${what} is taken`, async () => {
    const hand = await stage.hand();
    const user = stage.ext();
    const challenge = await hand.ask({ user, expires: 0, lines, answerChallenge: false });
    const Authorization = hand.credentials(challenge, { user }, 1);
    const fresh = { ...lines, ...(lines['Via'] ? { Via: 'SIP/2.0/UNKNOWN 127.0.0.1:9;branch=z9hG4bKunk2' } : {}) };
    const via = lines['Via'] ? {} : { Via: `SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK${token(8)}` };
    const answer = await hand.ask({
      user,
      expires: 0,
      lines: { ...via, ...fresh, Authorization },
      answerChallenge: false,
    });
    assert.equal(answer.status, 200, answer.text);
    await hand.next();
  });
}

for (const branch of ['', ';branch=', ';branch=z9hG4bK', ';branch=1']) {
  test(`a Via with "${branch}" is matched the RFC 2543 way: the same bytes again get the same answer`, async () => {
    const hand = await stage.hand();
    const lines = { Via: `SIP/2.0/UDP 127.0.0.1:${hand.port}${branch}` };
    const text = hand.write({ user: 'x', method: 'OPTIONS', lines });
    const first = await hand.provoke(text);
    assert.equal(first.length, 1);
    if (branch === ';branch=') assert.ok([200, 400].includes(statusOf(first[0] ?? '')));
    else assert.equal(statusOf(first[0] ?? ''), 200);
    assert.deepEqual(await hand.provoke(text), first);
  });
}
