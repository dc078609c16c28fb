import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type Ask, allowEvents, domain } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.tidy());
after(() => stage.close());

type Case = Omit<Ask, 'user'>;

/** A SUBSCRIBE that is refused: its answer, a header of it, and nothing left behind. */
const refusals: readonly (readonly [rule: string, ask: Case, status: number, name?: string, value?: RegExp])[] = [
  ['E65-01: two Event headers', { lines: { Event: ['dialog', 'dialog'] } }, 400],
  ['E65-01: two packages in one Event', { event: 'dialog,presence' }, 400],
  ['E65-02: an unknown package', { event: 'call-info' }, 489, 'Allow-Events', new RegExp(`^${allowEvents}$`)],
  ['E65-02: no Event', { lines: { Event: null } }, 489, 'Allow-Events', new RegExp(`^${allowEvents}$`)],
  ['A-01: x-broadworks-hoteling', { event: 'x-broadworks-hoteling' }, 489, 'Allow-Events', /as-feature-event/],
  ['A-01: As-Feature-Event in another letter case', { event: 'As-Feature-Event' }, 489, 'Allow-Events', /dialog/],
  ['W-01, RFC 6665 8.2.1: Dialog in another letter case', { event: 'Dialog' }, 489, 'Allow-Events', /dialog/],
  ['W-02: a deep template', { event: 'dialog.winfo.winfo' }, 489, 'Allow-Events', /dialog/],
  ['W-09, E65-06: Expires 5', { expires: 5 }, 423, 'Min-Expires', /^60$/],
  ['E65-06: Expires 59', { expires: 59 }, 423, 'Min-Expires', /^60$/],
  ['E65-06: Expires 5 for feature keys', { expires: 5, event: 'as-feature-event' }, 423, 'Min-Expires', /^60$/],
  ['E65-07: Accept without a type of ours', { lines: { Accept: 'text/html, application/pidf+xml' } }, 406],
  ['E65-07: our type with q=0', { lines: { Accept: 'application/dialog-info+xml;q=0' } }, 406],
  [
    'E65-07, RFC 3261 20.1: our type with q=0 beside a wildcard',
    { lines: { Accept: 'application/dialog-info+xml;q=0, */*' } },
    406,
  ],
  ['W-07, E65-07: an empty Accept', { lines: { Accept: '' } }, 406],
  ['A-01: Accept without the feature type', { event: 'as-feature-event', lines: { Accept: 'text/html' } }, 406],
  ['E65-34: no Contact', { lines: { Contact: null } }, 400],
  ['E65-34: two Contacts', { lines: { Contact: ['<sip:a@127.0.0.1>', '<sip:b@127.0.0.1>'] } }, 400],
  ['E65-34: two Contacts in one line', { lines: { Contact: '<sip:a@127.0.0.1>, <sip:b@127.0.0.1>' } }, 400],
  ['E65-34: Contact *', { lines: { Contact: '*' } }, 400],
  ['W-12: a negative Expires', { expires: -60 }, 400],
  ['W-12: a decimal Expires', { expires: '60.5' }, 400],
  ['W-12: an RFC 2543 date as Expires', { expires: 'Thu, 01 Dec 2026 16:00:00 GMT' }, 400],
  ['W-16: a first SUBSCRIBE without a user in the R-URI', { uri: `sip:${domain}` }, 404],
  ['a resource that the PBX does not have', { uri: `sip:4711@${domain}` }, 404],
  ['a foreign host', { uri: 'sip:2000@elsewhere.example' }, 404],
  ['W-18: a user in another letter case', { uri: `sip:ALICE@${domain}` }, 404],
  ['W-19: a tel: R-URI', { uri: 'tel:2000' }, 416],
  ['W-20: sips: over UDP', { uri: `sips:2000@${domain}` }, 416],
  ['W-21: a urn: R-URI', { uri: 'urn:service:sos' }, 416],
  ['W-21: a pres: R-URI', { uri: `pres:2000@${domain}` }, 416],
  ['W-21: an unknown scheme', { uri: `nobodyKnowsThisScheme:2000@${domain}` }, 416],
  [
    'W-22: Require with an unknown tag',
    { lines: { Require: 'nothing-we-have' } },
    420,
    'Unsupported',
    /^nothing-we-have$/,
  ],
  ['E65-21: a dialog of somebody else', { lines: { To: `<sip:x@${domain}>;tag=of-an-INVITE` } }, 481],
];

for (const [rule, ask, status, name, value] of refusals) {
  test(`${rule} is answered ${status}, and nothing is left behind`, async () => {
    const ext = stage.ext();
    const hand = await stage.hand();
    const answer = await hand.ask({ ...ask, user: ext });
    assert.equal(answer.status, status, answer.text);
    if (name !== undefined) assert.match(answer.header(name) ?? '', value ?? /./);
    assert.equal(answer.header('Expires'), undefined);
    assert.equal(hand.notifies.all.length, 0);
    assert.deepEqual(await stage.subscriptions(ext), []);
  });
}

const accepted: readonly (readonly [rule: string, ask: Case, granted: number])[] = [
  ['E65-03: no Expires is the default of dialog', { lines: { Expires: null } }, 3600],
  [
    'E65-03: no Expires is the default of as-feature-event',
    { event: 'as-feature-event', lines: { Expires: null } },
    3600,
  ],
  ['E65-04: less than the default is granted as asked', { expires: 600 }, 600],
  ['E65-04: more than the maximum is cut', { expires: 7200 }, 3600],
  ['E65-06: exactly the minimum is granted', { expires: 60 }, 60],
  ['Expires 2147483647 (Cisco) is cut to the maximum', { event: 'as-feature-event', expires: 2_147_483_647 }, 3600],
  ['W-10: Expires 2^32-1 is cut to the maximum', { expires: 2 ** 32 - 1 }, 3600],
  ['W-11: Expires 2^32+1 never wraps to a small value', { expires: 2 ** 32 + 1 }, 3600],
  ['W-11: Expires of 400 digits never wraps', { expires: '9'.repeat(400) }, 3600],
  ['W-03: a quoted Event parameter with ; and an escaped quote is read', { event: 'dialog;x="a;b\\"c"' }, 600],
  ['W-04: a valueless Event parameter is ignored', { event: 'dialog;sla' }, 600],
  ['E65-07: no Accept means the default of the package', { lines: { Accept: null } }, 600],
  [
    'W-05: Accept in other letter case with q and parameters',
    { lines: { Accept: 'text/html, Application/Dialog-Info+XML;level=1;q=0.5' } },
    600,
  ],
  ['W-05: Accept application/*', { lines: { Accept: 'application/*' } }, 600],
  ['W-05: Accept */*;q=0.1', { lines: { Accept: 'text/plain, */*;q=0.1' } }, 600],
  [
    'W-06: 41 Accept headers (AST-2018-004)',
    { lines: { Accept: [...Array(40).keys()].map((n) => `text/x${n}`).concat('application/dialog-info+xml') } },
    600,
  ],
  [
    'A-01: q values and multipart/mixed in Accept',
    { event: 'as-feature-event', lines: { Accept: 'multipart/mixed, application/x-as-feature-event+xml;q=0.9' } },
    600,
  ],
  [
    'W-18: the host in other letter case with port and transport',
    { uri: 'sip:alice@LampLighter.TEST:5070;transport=udp' },
    600,
  ],
  ['W-19: a tel: From', { lines: { From: '<tel:+49301234>;tag=abc' } }, 600],
  ['W-24: Max-Forwards 0, as a UAS', { lines: { 'Max-Forwards': '0' } }, 600],
  ['no Max-Forwards (RFC 2543)', { lines: { 'Max-Forwards': null } }, 600],
  ['Max-Breadth and unknown headers', { lines: { 'Max-Breadth': '60', 'X-Anything': 'at, all;"' } }, 600],
  ['Supported: eventlist makes no list of it', { lines: { Supported: 'eventlist, replaces' } }, 600],
];

for (const [rule, ask, granted] of accepted) {
  test(`${rule}: 200 and never 202 (E65-08), with Expires and Allow-Events (E65-23), then one NOTIFY (E65-10)`, async () => {
    const ext = stage.ext();
    const hand = await stage.hand();
    const answer = await hand.ask({ ...ask, user: ext });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.header('Expires'), String(granted));
    assert.equal(answer.header('Allow-Events'), allowEvents);
    assert.match(answer.header('Contact') ?? '', /^<sip:[^@>]+@127\.0\.0\.1:\d+>$/, 'E65-31: one Contact with a user');
    assert.equal(answer.header('Require'), undefined);
    const notify = await hand.next(answer.talk);
    assert.equal(notify.event, ask.event?.split(';')[0] ?? 'dialog');
    assert.equal(notify.subscriptionState.state, 'active');
    const left = Number(notify.subscriptionState.params.get('expires'));
    assert.ok(left > granted - 30 && left <= granted, `E65-12: ${left} of ${granted}`);
    const end = { ...ask, user: ext, talk: answer.talk, uri: answer.talk.target };
    const ended = await hand.ask({ ...end, expires: 0, lines: { ...ask.lines, Expires: '0' } });
    assert.equal(ended.status, 200);
    assert.deepEqual(await stage.subscriptions(ext), []);
  });
}

test('W-08, E65-05: expires in Contact means nothing', async () => {
  const hand = await stage.hand();
  const lines = { Expires: null, Contact: `<sip:x@127.0.0.1:${hand.port}>;expires=60` };
  assert.equal((await hand.ask({ user: stage.ext(), lines })).header('Expires'), '3600');
});

test('E65-07: a NOTIFY of dialog has the type that was accepted', async () => {
  const hand = await stage.hand();
  const { talk } = await hand.ask({ user: stage.ext(), lines: { Accept: 'application/dialog-info+xml' } });
  assert.equal((await hand.next(talk)).contentType, 'application/dialog-info+xml');
});

test('E65-09, T-10: the challenge is a 401 with SHA-256 first and MD5 second; who may not look is told 403', async () => {
  const [ext, other] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const lines = { 'User-Agent': 'a phone of usual length', Accept: 'application/dialog-info+xml' };
  const challenge = await hand.ask({ user: ext, answerChallenge: false, lines });
  assert.equal(challenge.status, 401);
  const offers = challenge.message.all('WWW-Authenticate');
  assert.deepEqual(
    offers.map((offer) => /algorithm=([^,]+)/.exec(offer)?.[1]),
    ['SHA-256', 'MD5'],
  );
  const uri = `sip:${other}@${domain}`;
  assert.equal((await hand.ask({ user: ext, uri, event: 'as-feature-event' })).status, 403);
  assert.deepEqual(await stage.subscriptions(other), []);
});

test('W-17: the R-URI names the resource, not To; authorisation looks at the R-URI', async () => {
  const [ext, other] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const lamp = await hand.ask({ user: ext, uri: `sip:${other}@${domain}`, lines: { To: `<sip:${ext}@${domain}>` } });
  assert.equal(lamp.status, 200);
  assert.match((await hand.next(lamp.talk)).body, new RegExp(`entity="sip:${other}@${domain}"`));
  const keys = { user: ext, event: 'as-feature-event', lines: { To: `<sip:${other}@${domain}>` } };
  assert.equal((await hand.ask(keys)).status, 200);
});

test('user names are case-sensitive and percent-escapes are undone once', async () => {
  const hand = await stage.hand();
  const answer = await hand.ask({ user: stage.ext(), uri: `sip:%61lice@${domain}` });
  assert.equal(answer.status, 200);
  assert.equal(
    (await stage.subscriptions('alice')).some(({ event }) => event === 'dialog'),
    true,
  );
});

test('E65-22: a CANCEL of a SUBSCRIBE is answered and otherwise ignored', async () => {
  const ext = stage.ext();
  const hand = await stage.hand();
  const { talk, sent } = await hand.ask({ user: ext });
  await hand.next(talk);
  const via = /^Via: (.*)\r$/m.exec(sent)?.[1] ?? '';
  const cancel = { ...talk, toTag: null, cseq: talk.cseq - 1, target: `sip:${ext}@${domain}` };
  const answer = await hand.ask({ user: ext, method: 'CANCEL', talk: cancel, lines: { Via: via } });
  assert.equal(answer.status, 200);
  assert.match(
    answer.header('To') ?? '',
    new RegExp(`;tag=${talk.toTag}$`),
    'RFC 3261 9.2: as in the answer to the SUBSCRIBE',
  );
  assert.equal((await stage.subscriptions(ext)).length, 1);
  assert.equal((await hand.ask({ user: ext, method: 'CANCEL' })).status, 481);
});

test('W-23, E65-23: OPTIONS is answered 200 with Allow, Allow-Events and Accept', async () => {
  const hand = await stage.hand();
  const lines = { 'User-Agent': 'a phone of usual length', Accept: 'application/sdp' };
  const answer = await hand.ask({ user: 'anybody', method: 'OPTIONS', uri: `sip:${domain}`, lines });
  assert.equal(answer.status, 200);
  for (const method of ['SUBSCRIBE', 'NOTIFY', 'OPTIONS'])
    assert.match(answer.header('Allow') ?? '', new RegExp(method));
  assert.equal(answer.header('Allow-Events'), allowEvents);
  assert.match(answer.header('Accept') ?? '', /application\/x-as-feature-event\+xml/);
});

test('E65-25: every compact name is read as its long one', async () => {
  const ext = stage.ext();
  const hand = await stage.hand();
  const short = { Via: 'v', From: 'f', To: 't', 'Call-ID': 'i', Contact: 'm', Event: 'o', 'Content-Length': 'l' };
  const compact = (text: string) =>
    Object.entries(short).reduce((sum, [long, name]) => sum.replace(`\r\n${long}:`, `\r\n${name}:`), text);
  const talk = hand.talk(ext);
  hand.send(compact(hand.write({ user: ext }, talk)));
  const { message, text } = await hand.responses.next();
  assert.equal(message.status, 401);
  const challenge = { status: 401, message, text, sent: '', talk, header: (name: string) => message.header(name) };
  const lines = { Authorization: hand.credentials(challenge, { user: ext }, 1) };
  hand.send(compact(hand.write({ user: ext, lines }, talk)));
  assert.equal((await hand.responses.next()).message.status, 200);
  assert.equal((await hand.next(talk)).event, 'dialog');
});

test('PUBLISH, NOTIFY, INVITE and strange methods are refused, each with its own answer', async () => {
  const hand = await stage.hand();
  const status = async (method: string, lines = {}) => (await hand.ask({ user: stage.ext(), method, lines })).status;
  assert.equal(await status('PUBLISH', { Event: 'reg' }), 489);
  assert.equal(await status('NOTIFY', { Event: 'dialog', 'Subscription-State': 'active' }), 481);
  assert.equal(await status('INVITE'), 405);
  assert.equal(await status('MESSAGE'), 405);
  assert.equal(await status('REGISTER'), 405);
  assert.equal(await status('subscribe', { Event: 'dialog' }), 501);
  assert.equal(await status("!interesting-Method0123456789_*+`.%indeed'~"), 501);
});
