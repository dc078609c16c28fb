import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { params } from '../support/phone/message.ts';
import { featureEvents } from '../support/phone.ts';
import { domain, type Hand } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open(`phones: { profiles: [{ name: big, match: '^big-phone', initialNotify: multipart }] }`);
});
afterEach(() => stage.tidy());
after(() => stage.close());

const transports = ['udp', 'tcp'] as const;

for (const algorithm of ['md5', 'sha-256'] as const) {
  for (const transport of transports) {
    test(`T-10: a ${algorithm} phone over ${transport} is let in after one challenge, and again with the same nonce`, async () => {
      const user = stage.ext();
      const phone = await stage.phone(user, { algorithm, reuseNonce: true }, transport);
      const subscription = await phone.subscribe({ event: 'dialog' });
      assert.equal(subscription.response.status, 200);
      await subscription.next();
      for (let refresh = 0; refresh < 3; refresh += 1) {
        assert.equal((await subscription.refresh()).status, 200);
        await subscription.next();
      }
      assert.equal(phone.challenged, 1, 'nc=2, 3, 4 are taken');
      assert.deepEqual(phone.violations, []);
    });
  }
}

async function challenged(hand: Hand, user: string) {
  const answer = await hand.ask({ user, answerChallenge: false });
  assert.equal(answer.status, 401);
  return answer;
}

/** Sends once with this Authorization, in the dialog of the challenge. */
function withCredentials(hand: Hand, user: string, value: string | readonly string[], cseq: number) {
  const talk = { ...hand.talk(user), cseq };
  return hand.ask({ user, talk, answerChallenge: false, lines: { Authorization: value } });
}

test('E65-26: the same nonce count again is a replay and answered 401 stale=true; a higher one, even with gaps, is taken', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const challenge = await challenged(hand, user);
  const third = hand.credentials(challenge, { user }, 3);
  assert.equal((await withCredentials(hand, user, third, 1)).status, 200, 'COMPAT(Panasonic): the first one is nc=3');
  const replay = await withCredentials(hand, user, third, 2);
  assert.equal(replay.status, 401);
  assert.match(replay.header('WWW-Authenticate') ?? '', /stale=true/);
  assert.equal((await withCredentials(hand, user, third, 3)).status, 401);
  assert.equal((await withCredentials(hand, user, hand.credentials(challenge, { user }, 9), 4)).status, 200);
});

test('a nonce that is not ours or too old is answered 401 with stale=true, and the next attempt succeeds', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const challenge = await challenged(hand, user);
  const forged = hand.credentials(challenge, { user }, 1).replace(/nonce="[^"]*"/, 'nonce="b2xkIG5vbmNl"');
  const answer = await withCredentials(hand, user, forged, 1);
  assert.equal(answer.status, 401);
  assert.equal(
    answer.message.all('WWW-Authenticate').every((offer) => /stale=true/.test(offer)),
    true,
  );
  const { status } = await withCredentials(hand, user, hand.credentials(answer, { user }, 1), 2);
  assert.equal(status, 200);
});

test('Basic, garbage, another realm and a half-written Authorization are answered with a fresh challenge', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const right = hand.credentials(await challenged(hand, user), { user }, 1);
  const bad = ['Basic MTAwMTpzZWNyZXQ=', 'Digest', 'Digest ,,,', '"', 'Digest username="', 'Kerberos ~', ''];
  const values = [...bad, right.replace(/realm="[^"]*"/, 'realm="elsewhere"'), right.slice(0, -20)];
  for (const [index, value] of values.entries()) {
    const answer = await withCredentials(hand, user, value, index);
    assert.equal(answer.status, 401, `${value}: ${answer.text}`);
    assert.equal(answer.message.all('WWW-Authenticate').length, 2);
  }
  assert.deepEqual(await stage.subscriptions(user), []);
});

test('of two Authorization headers the one for our realm is used', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const right = hand.credentials(await challenged(hand, user), { user }, 1);
  const other = right.replace(/realm="[^"]*"/, 'realm="elsewhere"');
  assert.equal((await withCredentials(hand, user, [other, right], 1)).status, 200);
});

test('a digest made for another URI is refused', async () => {
  const [user, other] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const challenge = await challenged(hand, user);
  const foreign = hand.credentials(challenge, { user, uri: `sip:${other}@${domain}` }, 1);
  assert.ok([400, 401].includes((await withCredentials(hand, user, foreign, 1)).status));
  assert.deepEqual(await stage.subscriptions(user), []);
});

test('security 3.9: a dialog listens to the credentials it was made with and to no other', async () => {
  const [user, other] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const { talk } = await hand.ask({ user });
  await hand.next(talk);
  assert.equal((await hand.ask({ user: other, talk: { ...talk }, expires: 0 })).status, 403);
  assert.equal((await stage.subscriptions(user)).length, 1);
});

test('AST-2018-008: known and unknown users get the same challenge', async () => {
  const hand = await stage.hand();
  const shape = ({ text }: { text: string }) =>
    text.replace(/(branch|rport|tag|nonce)=("[^"]*"|[^;\r]*)|Call-ID: .*/g, '').replace(/sip:\d+@/g, 'sip:@');
  const answers = [await challenged(hand, stage.ext()), await challenged(hand, '4711')];
  assert.equal(shape(answers[0]!), shape(answers[1]!));
});

test('amplification: one SUBSCRIBE without credentials is one 401 of about its own size, and no NOTIFY', async () => {
  const hand = await stage.hand();
  const lines = {
    Accept: 'application/dialog-info+xml',
    'User-Agent': 'PolycomVVX-VVX_600-UA/5.4.0.5841',
    'Accept-Language': 'en',
  };
  const answer = await hand.ask({ user: stage.ext(), answerChallenge: false, lines });
  const all = await hand.provoke('\r\n\r\n');
  assert.deepEqual(all, []);
  assert.ok(answer.text.length <= 1.3 * answer.sent.length, `${answer.text.length} for ${answer.sent.length}`);
  assert.equal(hand.notifies.all.length, 0);
});

for (const transport of transports) {
  test(`T-02: over ${transport}, rport is filled and received set, whatever the client wrote there itself`, async () => {
    const hand = await stage.hand(transport);
    const via = `SIP/2.0/${transport.toUpperCase()} 192.0.2.7:5060;branch=z9hG4bKx${hand.port};received=192.0.2.8;rport=9;maddr=192.0.2.9`;
    const answer = await hand.ask({ user: 'anybody', method: 'OPTIONS', lines: { Via: via } });
    const back = answer.header('Via') ?? '';
    assert.match(back, /^SIP\/2\.0\/(UDP|TCP) 192\.0\.2\.7:5060;branch=z9hG4bKx/);
    assert.equal(params(back).get('received'), '127.0.0.1');
    if (transport === 'udp') assert.equal(params(back).get('rport'), String(hand.port));
    assert.equal(back.match(/received=/g)?.length, 1);
    assert.equal(back.match(/rport=/g)?.length, 1);
  });
}

test('T-03: without rport the answer still goes to where the request came from, and rport is not added', async () => {
  const hand = await stage.hand();
  const branch = `z9hG4bKy${hand.port}`;
  const via = `SIP/2.0/UDP 192.168.77.3:5060;branch=${branch}`;
  const { talk } = await hand.ask({ user: stage.ext(), lines: { Via: via }, answerChallenge: false });
  const answer = hand.responses.all.at(-1);
  assert.equal(answer?.message.header('Call-ID'), talk.callId);
  assert.equal(answer?.message.header('Via'), `${via};received=127.0.0.1`);
});

test('every Via comes back in order, the other hops untouched', async () => {
  const hand = await stage.hand();
  const [first, ...others] = [
    `SIP/2.0/UDP 127.0.0.1:${hand.port};branch=z9hG4bKtop${hand.port};rport`,
    'SIP/2.0/TCP proxy.example:5060;branch=z9hG4bKb;received=10.0.0.1, SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKc',
    'SIP / 2.0 / UDP   first.example: 4000;branch=z9hG4bKd;hidden',
  ];
  const { message } = await hand.ask({ user: 'x', method: 'OPTIONS', lines: { Via: [first!, ...others] } });
  const [top, ...rest] = message.all('Via');
  assert.match(top ?? '', new RegExp(`;received=127\\.0\\.0\\.1;rport=${hand.port}$`));
  assert.deepEqual(rest, others);
});

test('NOTIFYs go to the flow of the SUBSCRIBE, whatever Contact names; Contact is the Request-URI', async () => {
  const user = stage.ext();
  const [hand, victim] = [await stage.hand(), await stage.hand()];
  const lines = { Contact: `"x" <sip:${user}@127.0.0.1:${victim.port};line=7;ob?Route=%3Csip:evil%3E>;q=1` };
  const { talk } = await hand.ask({ user, lines });
  const notify = await hand.next(talk);
  assert.equal(notify.message.uri, `sip:${user}@127.0.0.1:${victim.port};line=7;ob`);
  assert.equal(notify.message.header('Route'), undefined);
  assert.equal(victim.notifies.all.length, 0);
});

test('RFC 3261 19.1.1: a method in Contact is no part of the Request-URI of a NOTIFY, everything else of it is', async () => {
  for (const [written, kept] of [
    ['a@h.invalid;method=INVITE;ob', 'a@h.invalid;ob'],
    ['h.invalid;ob;Method=INVITE', 'h.invalid;ob'],
    ['a;method=x@h.invalid;methods=all', 'a;method=x@h.invalid;methods=all'],
  ]) {
    const user = stage.ext();
    const hand = await stage.hand();
    const { talk } = await hand.ask({ user, lines: { Contact: `<sip:${written}>` } });
    assert.equal((await hand.next(talk)).message.uri, `sip:${kept}`);
  }
});

test('over TCP the NOTIFY comes on the connection of the SUBSCRIBE, and after a reconnect on the new one', async () => {
  const user = stage.ext();
  const hand = await stage.hand('tcp');
  const { talk } = await hand.ask({ user });
  await hand.next(talk);
  const second = await stage.hand('tcp');
  const refreshed = await second.ask({ user, talk });
  assert.equal(refreshed.status, 200);
  await second.next(talk);
  await stage.daemon.api('/api/v1/simulator/call', { method: 'POST', body: { from: stage.ext(), to: user } });
  await second.next(talk);
  assert.equal(hand.heard(talk).length, 1);
});

test('E65-33: Record-Route is copied to the 200 in order and is the route set of NOTIFY, sent back over the flow', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const routes = ['<sip:[2001:db8::7];lr;x=1>', '<sip:p2.example:5062;lr>', '<sip:p3.example;lr>'];
  const lines = { 'Record-Route': [`${routes[0]}, ${routes[1]}`, routes[2] ?? ''] };
  const { talk, message } = await hand.ask({ user, lines });
  assert.deepEqual(message.all('Record-Route'), lines['Record-Route']);
  const notify = await hand.next(talk);
  assert.deepEqual(
    notify.message.all('Route').flatMap((route) => route.split(/, */)),
    routes,
  );
  assert.equal(notify.message.uri, `sip:${user}@127.0.0.1:${hand.port}`);
});

test('T-04: a NOTIFY over 1300 bytes goes by TCP to the same phone', async () => {
  const user = stage.ext();
  const hand = await stage.hand('udp');
  const listener = await stage.hand('tcp', hand.port);
  const lines = { 'User-Agent': 'big-phone/1' };
  const { talk } = await hand.ask({ user, event: 'as-feature-event', lines });
  const notify = await listener.next(talk);
  assert.ok(notify.text.length > 1300);
  assert.match(notify.message.header('Via') ?? '', /^SIP\/2\.0\/TCP /);
  assert.equal(featureEvents(notify).length, 4);
  await stage.listed(user, ([one]) => one?.lastStatus === 200);
  assert.equal(hand.heard(talk).length, 0);
});

test('T-04: where the phone takes no TCP, the large NOTIFY comes by UDP after all', async () => {
  const user = stage.ext();
  const hand = await stage.hand('udp');
  const { talk } = await hand.ask({ user, event: 'as-feature-event', lines: { 'User-Agent': 'big-phone/1' } });
  const notify = await hand.next(talk);
  assert.ok(notify.text.length > 1300);
  assert.match(notify.message.header('Via') ?? '', /^SIP\/2\.0\/UDP /);
  assert.equal(featureEvents(notify).length, 4);
});

test('T-08: on UDP bytes past Content-Length are ignored, a missing Content-Length is fine, fewer bytes are 400', async () => {
  const hand = await stage.hand();
  const options = () => hand.write({ user: 'x', method: 'OPTIONS' });
  const status = async (bytes: string) => (await hand.provoke(bytes)).map((text) => text.slice(8, 11));
  assert.deepEqual(await status(`${options()}trailing bytes`), ['200']);
  assert.deepEqual(await status(`${options()}${options()}`), ['200'], 'the second request is not one');
  assert.deepEqual(await status(options().replace(/Content-Length: 0\r\n/, '')), ['200']);
  assert.deepEqual(await status(options().replace('Content-Length: 0', 'Content-Length: 10')), ['400']);
});

test('T-09: folded lines, blanks before the colon, leading empty lines, any letter case', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const talk = hand.talk(user);
  const odd = (text: string) =>
    `\r\n\r\n${text
      .replace('\r\nEvent: dialog', '\r\nEVENT \t:\r\n  dialog\r\n\t;\r\n x=y')
      .replace('\r\nFrom: ', '\r\nfRoM:')
      .replace('\r\nTo: ', '\r\ntO  :  \r\n  ')
      .replace('\r\nExpires: 600', '\r\nexpires:600 \t ')}`;
  hand.send(odd(hand.write({ user }, talk)));
  const { message, text } = await hand.responses.next();
  assert.equal(message.status, 401, text);
  const challenge = { status: 401, message, text, sent: '', talk, header: (name: string) => message.header(name) };
  const lines = { Authorization: hand.credentials(challenge, { user }, 1) };
  hand.send(odd(hand.write({ user, lines }, talk)));
  const answer = await hand.responses.next();
  assert.equal(answer.message.status, 200, answer.text);
  assert.equal(answer.message.header('Expires'), '600');
  assert.equal((await hand.next(talk)).event, 'dialog');
});
