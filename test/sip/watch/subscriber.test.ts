import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aorOf } from '../../../src/model/aor.ts';
import { granted } from '../../../src/model/outcome.ts';
import { systemRandom } from '../../../src/model/random.ts';
import type { AddressedRequest, FinalResponse, Flow, SipAnswer } from '../../../src/sip/engine.ts';
import type { HeardNotify, NotifyReply, PhonePlace } from '../../../src/sip/front.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import type { PhonePaths } from '../../../src/sip/watch/phone-paths.ts';
import { Subscriber } from '../../../src/sip/watch/subscriber.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { requestOf, tcpFlow, udpFlow } from '../front/fake-engine.ts';

const aor = aorOf('1001', 'lamplighter.test');
const contact = 'sip:1001@192.0.2.77:5060';
const asked = { event: 'presence', expires: 600, accept: ['application/pidf+xml'] };

type Lines = Readonly<Record<string, string | readonly string[]>>;

function response(status: number, lines: Lines = {}, local = false): FinalResponse {
  const headers = (name: string) => [lines[name] ?? []].flat();
  return { status, reason: '', local, header: (name) => headers(name)[0], headers };
}

interface Rig {
  readonly sent: AddressedRequest[];
  readonly answers: FinalResponse[];
  readonly heard: HeardNotify[];
  readonly subscriber: Subscriber;
  reply: NotifyReply;
  notify(text: Partial<Record<string, string | null>>, body?: string, flow?: Flow): SipAnswer | 'nobody';
}

function rig({ flow = udpFlow, again = null as Flow | null } = {}): Rig {
  const sent: AddressedRequest[] = [];
  const answers: FinalResponse[] = [];
  const paths: Pick<PhonePaths, 'to' | 'again' | 'listen'> = {
    to: async () => granted(flow),
    again: async () => again,
    listen: () => undefined,
  };
  const subscriber = new Subscriber({
    engine: {
      request: async (request) => {
        sent.push(request);
        return answers.shift() ?? response(200, { To: `<${contact}>;tag=phone`, Contact: `<${contact}>` });
      },
    },
    paths: paths as PhonePaths,
    authenticator: { check: () => ({ ok: false, answer: { status: 401 } }), issued: (nonce) => nonce === 'ours' },
    credentials: async () => ({ realm: 'lamplighter.test', ha1: 'a'.repeat(32) }),
    places: { addresses: new LocalAddresses(new FakeClock(), () => []) },
    advertise: null,
    random: systemRandom,
    logger: silentLogger,
  });
  return {
    sent,
    answers,
    heard: [],
    subscriber,
    reply: { status: 200 },
    notify(text, body = '', from = flow) {
      const first = sent[0]!;
      const usual: Record<string, string | null | undefined> = {
        Via: 'SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKx',
        'Max-Forwards': '70',
        From: `<${contact}>;tag=phone`,
        To: first.from,
        'Call-ID': first.callId,
        CSeq: '1 NOTIFY',
        Contact: `<${contact}>`,
        Event: 'presence',
        'Subscription-State': 'active;expires=600',
        ...text,
      };
      const lines = Object.entries(usual).flatMap(([name, value]) => (value == null ? [] : [`${name}: ${value}`]));
      const request = requestOf(
        `NOTIFY sip:x@192.0.2.1 SIP/2.0\n${lines.join('\n')}\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`,
        from,
      );
      let answer: SipAnswer | 'nobody' = 'nobody';
      const served = subscriber.serve({
        request,
        respond: (given) => {
          answer = given;
        },
      });
      return served ? answer : 'nobody';
    },
  };
}

async function open(made: Rig, place: PhonePlace = { uri: contact, via: null }) {
  const hear = (notify: HeardNotify): NotifyReply => {
    made.heard.push(notify);
    return made.reply;
  };
  const opened = await made.subscriber.open({ aor, place, event: 'presence', proof: 'address', hear });
  assert.ok(opened.ok);
  return opened.value;
}

test('the dialog is the UAC’s: tag and Contact of the 2xx, Record-Route reversed (RFC 3261 12.1.2)', async () => {
  const made = rig();
  const dialog = await open(made);
  const routes = ['<sip:p1;lr>, <sip:p2;lr>', '<sip:p3;lr>'];
  made.answers.push(
    response(200, { To: '<x:y>;tag=phone', Contact: '<sip:elsewhere@192.0.2.78>', 'Record-Route': routes }),
  );
  await made.subscriber.subscribe(dialog, asked);
  await made.subscriber.subscribe(dialog, { ...asked, expires: 0 });
  const [first, second] = made.sent;
  assert.deepEqual([first?.uri, first?.to, first?.cseq, first?.routeSet], [contact, `<${contact}>`, 1, []]);
  assert.deepEqual([second?.uri, second?.cseq], ['sip:elsewhere@192.0.2.78', 2]);
  assert.match(second?.to ?? '', /;tag=phone$/);
  assert.deepEqual(second?.routeSet, ['<sip:p3;lr>', '<sip:p2;lr>', '<sip:p1;lr>']);
  assert.equal(second?.flow, udpFlow, 'where the phone says it is changes no address');
});

test('the dialog is made by a NOTIFY that comes first, with its routes as they stand; a 2xx of another branch changes nothing', async () => {
  const made = rig();
  const dialog = await open(made);
  const branch = response(200, { To: '<x:y>;tag=other', Contact: '<sip:other@192.0.2.80>' });
  made.answers.push(branch);
  const asking = made.subscriber.subscribe(dialog, asked);
  await new Promise((resolve) => setImmediate(resolve));
  const answer = made.notify({ 'Record-Route': '<sip:p1;lr>, <sip:p2;lr>', From: `<${contact}>;tag=first` });
  assert.deepEqual(answer === 'nobody' ? 481 : answer.status, made.heard.length === 1 ? 200 : 481);
  await asking;
  assert.equal(made.notify({ From: `<${contact}>;tag=third`, CSeq: '5 NOTIFY' }), 'nobody');
});

test('a proxy that wants to stay in the way is the first route; an address behind a NAT is none', async () => {
  for (const [via, routes] of [
    ['sip:edge.example;lr', ['<sip:edge.example;lr>']],
    ['sip:198.51.100.7:1024', []],
  ] as const) {
    const made = rig();
    await made.subscriber.subscribe(await open(made, { uri: contact, via }), asked);
    assert.deepEqual(made.sent[0]?.routeSet, routes);
    assert.equal(made.sent[0]?.uri, contact);
  }
});

test('RFC 3261 12.1.2: without Record-Route the dialog has no routes, whatever led to the phone; the flow stays', async () => {
  const place = { uri: contact, via: 'sip:edge.example;lr' };
  const made = rig();
  const dialog = await open(made, place);
  for (const _ of [1, 2]) await made.subscriber.subscribe(dialog, asked);
  const [first, second] = made.sent;
  assert.deepEqual([first?.routeSet, second?.routeSet], [['<sip:edge.example;lr>'], []]);
  assert.equal(second?.flow, first?.flow);

  const early = rig();
  const other = await open(early, place);
  early.answers.push(response(200, { To: `<${contact}>` })); // says nothing of a dialog
  await early.subscriber.subscribe(other, asked);
  early.notify({});
  await early.subscriber.subscribe(other, asked);
  assert.deepEqual(early.sent[1]?.routeSet, [], 'a NOTIFY that makes the dialog is no different');
});

test('RFC 3261 19.1.1: a method in the contact of a registration is no part of a Request-URI', async () => {
  const made = rig();
  await made.subscriber.subscribe(await open(made, { uri: `${contact};method=INVITE;ob`, via: null }), asked);
  assert.equal(made.sent[0]?.uri, `${contact};ob`);
});

test('a connection that is gone is dialled again, once; a datagram is not', async () => {
  const again = { ...tcpFlow, connection: 'c2' };
  const gone = response(503, {}, true);
  const made = rig({ flow: tcpFlow, again });
  const dialog = await open(made);
  made.answers.push(gone);
  assert.equal((await made.subscriber.subscribe(dialog, asked)).status, 200);
  assert.deepEqual(
    made.sent.map(({ flow }) => flow.connection),
    ['c1', 'c2'],
  );
  made.answers.push(gone, gone);
  assert.equal((await made.subscriber.subscribe(dialog, asked)).status, 503);
  const udp = rig();
  udp.answers.push(gone);
  assert.equal((await udp.subscriber.subscribe(await open(udp), asked)).status, 503);
  assert.equal(udp.sent.length, 1);
});

test('only an MD5 of the password: the MD5 offer of its own realm is answered, no other', async () => {
  for (const [offer, tries] of [
    ['Digest realm="lamplighter.test", nonce="n", algorithm=SHA-256, qop="auth"', 1],
    ['Digest realm="phone", nonce="n", qop="auth"', 1],
    ['Digest realm="lamplighter.test", nonce="n", qop="auth"', 2],
  ] as const) {
    const made = rig();
    made.answers.push(response(401, { 'WWW-Authenticate': offer }));
    await made.subscriber.subscribe(await open(made), asked);
    assert.equal(made.sent.length, tries, offer);
  }
});

test('an old nonce is answered anew, but never for ever', async () => {
  const made = rig();
  const stale = (nonce: string) =>
    response(401, { 'WWW-Authenticate': `Digest realm="lamplighter.test", nonce="${nonce}", qop="auth", stale=true` });
  made.answers.push(...Array.from({ length: 10 }, (_, at) => stale(`n${at}`)));
  assert.equal((await made.subscriber.subscribe(await open(made), asked)).status, 401);
  assert.equal(made.sent.length, 3);
});

test('a closed dialog is nobody’s, and a CSeq is taken once', async () => {
  const made = rig();
  const dialog = await open(made);
  await made.subscriber.subscribe(dialog, asked);
  const status = (answer: SipAnswer | 'nobody') => (answer === 'nobody' ? answer : answer.status);
  assert.equal(status(made.notify({})), 200);
  assert.equal(status(made.notify({})), 500);
  assert.equal(
    status(made.notify({ CSeq: '2 NOTIFY' }, '', { ...udpFlow, remote: { address: '192.0.2.99', port: 5060 } })),
    403,
  );
  assert.equal(
    status(made.notify({ CSeq: '2 NOTIFY' }, '', { ...udpFlow, remote: { address: '192.0.2.77', port: 61_000 } })),
    200,
    'a NAT may change the port',
  );
  assert.equal(made.heard.length, 2);
  made.subscriber.close(dialog);
  assert.equal(made.subscriber.dialogCount, 0);
  assert.equal(status(made.notify({ CSeq: '3 NOTIFY' })), 'nobody');
});

test('whatever stands in the headers of a NOTIFY: an answer or nobody, never an exception', async () => {
  const made = rig();
  await made.subscriber.subscribe(await open(made), asked);
  const odd = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
    fc.constantFrom(
      'active',
      'terminated;reason=',
      ';;',
      'active;expires=99999999999999999999',
      '"',
      '<',
      'a,b',
      'active;retry-after=-1',
    ),
  );
  const names = [
    'Event',
    'Subscription-State',
    'Contact',
    'Record-Route',
    'Require',
    'Content-Type',
    'Content-Encoding',
  ];
  let cseq = 10;
  let judged = 0;
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), odd), fc.string({ maxLength: 30 }), (lines, body) => {
      cseq += 1;
      let answer: SipAnswer | 'nobody';
      try {
        answer = made.notify({ ...lines, CSeq: `${cseq} NOTIFY` }, body);
      } catch (error) {
        // the engine's parser is first, and refuses some itself
        assert.match(String(error), /not a request/);
        return;
      }
      judged += 1;
      if (answer === 'nobody') return;
      assert.ok([200, 400, 413, 415, 420, 489].includes(answer.status), String(answer.status));
    }),
    { numRuns: 500 },
  );
  assert.ok(judged > 100, `${judged} came through`);
  for (const { expires, retryAfter } of made.heard) {
    for (const seconds of [expires, retryAfter]) assert.ok(seconds === null || (seconds >= 0 && seconds < 2 ** 31));
  }
});

test('a challenge of our own that comes back is not answered: who handed it on would have the answer to it', async () => {
  const offer = (nonce: string) => `Digest realm="lamplighter.test", nonce="${nonce}", algorithm=MD5, qop="auth"`;
  const made = rig();
  made.answers.push(response(401, { 'WWW-Authenticate': offer('ours') }));
  assert.equal((await made.subscriber.subscribe(await open(made), asked)).status, 401);
  assert.equal(made.sent.length, 1);
  const both = rig();
  both.answers.push(response(407, { 'Proxy-Authenticate': [offer('ours'), offer('theirs')] }));
  await both.subscriber.subscribe(await open(both), asked);
  const [, credentials] = both.sent[1]?.headers.find(([name]) => name === 'Proxy-Authorization') ?? [];
  assert.match(credentials ?? '', /nonce="theirs"/);
});
