import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDialog, writeDialog } from '../../../src/notifier/dialog-json.ts';
import type { SipRequest } from '../../../src/sip/engine.ts';
import { tcpFlow, udpFlow, valuesOf } from './fake-engine.ts';
import { login, startFront, subscribe, toWithTag } from './front-fixture.ts';

/** A SUBSCRIBE with header lines that the parser of our own engine refuses earlier; another engine may not. */
function withHeader(name: string, lines: readonly string[]): SipRequest {
  const request = subscribe();
  return { ...request, headers: (wanted) => (wanted === name ? lines : request.headers(wanted)) };
}

test('a SUBSCRIBE reaches the notifier as plain data and its answer goes back', async () => {
  const { send, seen, front } = await startFront();
  const body = '<SetDoNotDisturb/>';
  const answer = await send({
    uri: 'sip:1002@LAMPLIGHTER.test:5070;transport=udp',
    lines: [
      'Event: as-feature-event;id=42;x="a;b\\"c"',
      'Accept: application/Dialog-Info+XML;q=0.5, text/*',
      'Accept: application/x;q=0, */*',
      'Content-Type: Application/x-as-feature-event+xml; charset=utf-8',
      'User-Agent: Yealink SIP-T46U 108.86',
      'Supported: EventList, path',
      'Suppress-If-Match: *',
      'Contact: <sip:1001@192.0.2.77:5060;line=7?Route=%3Csip:evil%3E>;+sip.instance="<urn:uuid:1>"',
    ],
    body,
  });
  assert.equal(answer.status, 200);
  const { dialog, body: bytes, ...rest } = seen[0]!;
  assert.equal(bytes.toString(), body);
  assert.deepEqual(rest, {
    initial: true,
    path: { remoteTarget: 'sip:1001@192.0.2.77:5060;line=7', flow: udpFlow },
    requestUri: 'sip:1002@LAMPLIGHTER.test:5070;transport=udp',
    resource: '1002@lamplighter.test',
    watcher: { aor: '1001@lamplighter.test', how: 'trusted' },
    event: 'as-feature-event',
    eventId: '42',
    eventParams: { x: 'a;b"c' },
    supported: ['eventlist', 'path'],
    suppressIfMatch: '*',
    expires: 600,
    accept: ['text/*', '*/*', 'application/dialog-info+xml', 'application/x;q=0'],
    contentType: 'application/x-as-feature-event+xml',
    bodyRequired: false,
    userAgent: 'Yealink SIP-T46U 108.86',
    device: '<urn:uuid:1>',
    source: 'udp:192.0.2.77:5060',
  });
  const { localTag, ...state } = dialog;
  assert.match(localTag, /^[0-9a-f]{24}$/, 'at least 64 random bits');
  assert.deepEqual(state, {
    callId: 'call@phone',
    remoteTag: 'phone',
    localParty: `<sip:1001@lamplighter.test>;tag=${localTag}`,
    remoteParty: '"Desk" <sip:1001@lamplighter.test>;tag=phone',
    remoteTarget: 'sip:1001@192.0.2.77:5060;line=7',
    routeSet: [],
    localCseq: 0,
    localCseqLimit: 0,
    remoteCseq: 1,
    flow: udpFlow,
    user: '1001@lamplighter.test',
    moved: false,
    note: null,
  });
  assert.equal(front.dialogCount, 1);
});

test('E65-04, E65-23, E65-31: a 200 has Expires, Allow-Events, our tag and a Contact with a user part', async () => {
  const { send, seen } = await startFront({
    answer: () => ({ status: 200, expires: 300, headers: [['Accept', 'a/b']] }),
  });
  const answer = await send();
  assert.deepEqual(answer.headers, [
    ['Contact', '<sip:lamplighter@192.0.2.1:5070>'],
    ['Expires', '300'],
    ['Allow-Events', 'as-feature-event, dialog'],
    ['Accept', 'a/b'],
  ]);
  assert.equal(answer.toTag, seen[0]?.dialog.localTag);
});

test('E65-31: Contact names the transport, the advertised address, or the address that faces the phone', async () => {
  const contact = async (advertise: string | null, flow = udpFlow): Promise<string | undefined> => {
    const { send } = await startFront({ advertise });
    return valuesOf(await send({ flow }), 'Contact')[0];
  };
  assert.equal(await contact(null, tcpFlow), '<sip:lamplighter@192.0.2.1:5070;transport=tcp>');
  assert.equal(await contact('203.0.113.10'), '<sip:lamplighter@203.0.113.10:5070>');
  assert.equal(await contact('pbx.example.com:5080', tcpFlow), '<sip:lamplighter@pbx.example.com:5080;transport=tcp>');
  assert.equal(await contact('2001:db8::1'), '<sip:lamplighter@192.0.2.1:5070>', 'no phone of this family reaches it');
  const wildcard = { ...udpFlow, local: { address: '0.0.0.0', port: 5070 } };
  assert.equal(await contact(null, wildcard), '<sip:lamplighter@192.0.2.1:5070>');
});

test('E65-01: two packages, in one Event header or two, and malformed ones are 400', async () => {
  const { send, seen, engine } = await startFront();
  assert.equal((await engine.receive(withHeader('Event', ['dialog', 'dialog']))).status, 400);
  for (const event of [
    'dialog, presence',
    'dialog presence',
    ';id=1',
    'dialog;;',
    'dialog;;x',
    'dialog;id',
    'dialog;id=1;id=2',
    'dialog;x="',
    '"dialog"',
    'di"alog',
  ]) {
    assert.equal((await send({ lines: [`Event: ${event}`] })).status, 400, event);
  }
  assert.equal(seen.length, 0);
});

test('E65-02: no Event is 489 with Allow-Events, before any challenge; so is what the notifier does not know', async () => {
  const { send, seen, front } = await startFront({ mode: 'pbx' });
  for (const text of [{ without: ['Event'] }, { lines: ['Event:'] }]) {
    const answer = await send(text);
    assert.equal(answer.status, 489);
    assert.deepEqual(valuesOf(answer, 'Allow-Events'), ['as-feature-event, dialog']);
  }
  assert.equal(seen.length, 0);
  const knowing = await startFront({ answer: () => ({ status: 489 }) });
  const unknown = await knowing.send({ lines: ['Event: line-seize'] });
  assert.deepEqual([unknown.status, valuesOf(unknown, 'Allow-Events')], [489, ['as-feature-event, dialog']]);
  assert.equal(knowing.front.dialogCount + front.dialogCount, 0, 'nothing is kept');
});

test('E65-20, section 8: package and id go on byte by byte; other parameters are only read', async () => {
  const { send, seen } = await startFront();
  const events = [
    'Dialog',
    'dialog;sla',
    'dialog;ID=aB.c',
    'dialog ; id = x',
    'dialog;id="a;b"',
    'a.winfo.winfo',
    'dialog;x="\\";id=7;"',
  ];
  for (const event of events) assert.equal((await send({ lines: [`Event: ${event}`] })).status, 200, event);
  assert.deepEqual(
    seen.map(({ event, eventId }) => [event, eventId]),
    [
      ['Dialog', null],
      ['dialog', null],
      ['dialog', 'aB.c'],
      ['dialog', 'x'],
      ['dialog', '"a;b"'],
      ['a.winfo.winfo', null],
      ['dialog', null],
    ],
  );
});

test('RFC 3261 26.2.2, 12.1.1: a sips SUBSCRIBE over TLS is served, and our Contact is sips in its 200 and in every NOTIFY', async () => {
  const { send, front, engine, seen } = await startFront();
  const uri = 'sips:1001@lamplighter.test';
  for (const transport of ['tls', 'wss'] as const) {
    const lines = ['Contact: <sips:1001@192.0.2.77:5061>'];
    const answer = await send({ uri, lines, flow: { ...tcpFlow, transport } });
    assert.equal(answer.status, 200, transport);
    assert.match(valuesOf(answer, 'Contact')[0] ?? '', /^<sips:lamplighter@/);
    const subscription = { state: 'active', expires: 60 } as const;
    const message = { event: 'dialog', eventId: null, subscription, contentType: null, content: '' };
    await front.notify(seen.at(-1)!.dialog, message);
    const contact = engine.sent.at(-1)?.headers.find(([name]) => name === 'Contact')?.[1];
    assert.match(contact ?? '', /^<sips:lamplighter@/);
  }
});

test('RFC 3261 12.1.1: a sips Request-URI is owed a sips Contact for the life of the dialog, over a restart, whatever the phone calls itself', async () => {
  const { send, seen } = await startFront();
  const flow = { ...tcpFlow, transport: 'tls' } as const;
  const lines = ['Contact: <sip:1001@192.0.2.77:5061;transport=tls>'];
  const answer = await send({ uri: 'sips:1001@lamplighter.test', lines, flow });
  assert.match(valuesOf(answer, 'Contact')[0] ?? '', /^<sips:lamplighter@/);
  const stored = readDialog(writeDialog(seen[0]!.dialog), 7);
  const next = await startFront();
  const dialog = next.front.restore(stored!);
  const subscription = { state: 'active', expires: 60 } as const;
  await next.front.notify(dialog, { event: 'dialog', eventId: null, subscription, contentType: null, content: '' });
  const contact = next.engine.sent[0]?.headers.find(([name]) => name === 'Contact')?.[1];
  assert.match(contact ?? '', /^<sips:lamplighter@/);
  const refresh = await next.send({ lines, flow, cseq: 2, to: toWithTag(answer) });
  assert.match(valuesOf(refresh, 'Contact')[0] ?? '', /^<sips:lamplighter@/, 'also where the refresh says sip:');
  const plain = await send({ lines: [...lines], flow });
  assert.match(valuesOf(plain, 'Contact')[0] ?? '', /^<sip:.*;transport=tls>$/, 'and no other dialog');
});

test('RFC 3261 20.1: what is accepted is in the order of q, in that of the phone where q is equal', async () => {
  const { send, seen } = await startFront();
  const cases: readonly [string, readonly string[]][] = [
    ['a/x;q=0.1, a/y;q=1.0', ['a/y', 'a/x']],
    ['a/x, a/y', ['a/x', 'a/y']],
    ['a/x;q=0.5;level=1, a/y;q=0.50, a/z;Q=0.501', ['a/z', 'a/x', 'a/y']],
    ['a/x;q=2, a/y;q=, a/z;q=0.000', ['a/x', 'a/y', 'a/z;q=0']],
    ['*/*, a/*;q=1, a/y, a/z;q=0.1', ['a/y', 'a/*', '*/*', 'a/z']],
  ];
  for (const [accept, order] of cases) {
    assert.equal((await send({ lines: [`Accept: ${accept}`] })).status, 200, accept);
    assert.deepEqual(seen.at(-1)?.accept, order, accept);
  }
  await send({ lines: ['Accept: a/x;q=0.3', 'Accept: ', 'Accept: a/y,'] });
  assert.deepEqual(seen.at(-1)?.accept, ['a/y', 'a/x'], 'over several lines');
});

test('one separator too many at the end of Event and Accept means nothing and is forgiven', async () => {
  const { send, seen } = await startFront();
  for (const event of ['dialog;', 'dialog ; ', 'dialog;id=7;']) {
    assert.equal((await send({ lines: [`Event: ${event}`] })).status, 200, event);
  }
  assert.deepEqual(
    seen.map(({ eventId }) => eventId),
    [null, null, '7'],
  );
  for (const accept of ['application/dialog-info+xml,', 'application/dialog-info+xml , ']) {
    assert.equal((await send({ lines: [`Accept: ${accept}`] })).status, 200, accept);
    assert.deepEqual(seen.at(-1)?.accept, ['application/dialog-info+xml']);
  }
  for (const accept of [',application/x', 'application/x,,', 'application/x,,text/plain', 'a/b;x="q,']) {
    assert.equal((await send({ lines: [`Accept: ${accept}`] })).status, 400, accept);
  }
});

test('E65-25: compact header forms are the long ones', async () => {
  const { send, seen } = await startFront();
  const lines = ['o: dialog;id=c', 'm: <sip:1001@192.0.2.9>'];
  assert.equal((await send({ without: ['Event', 'Contact'], lines })).status, 200);
  assert.deepEqual([seen[0]?.eventId, seen[0]?.dialog.remoteTarget], ['c', 'sip:1001@192.0.2.9']);
});

test('section 8: Expires is read as a number of any length, or refused; the one in Contact means nothing', async () => {
  const { send, seen } = await startFront();
  const of = async (...lines: string[]): Promise<number | null | undefined> => {
    seen.length = 0;
    const { status } = await send({ without: ['Expires'], lines });
    return status === 200 ? seen[0]?.expires : status;
  };
  assert.equal(await of(), null);
  assert.equal(await of('Contact: <sip:1001@192.0.2.77>;expires=77'), null); // E65-05
  assert.equal(await of('Expires: 0'), 0);
  assert.equal(await of('Expires: 0005'), 5);
  assert.equal(await of('Expires: 4294967295'), 2 ** 31 - 1);
  assert.equal(await of('Expires: 4294967297'), 2 ** 31 - 1);
  assert.equal(await of(`Expires: ${'9'.repeat(400)}`), 2 ** 31 - 1);
  for (const bad of ['-1', '1.5', '', '60;x', '60 60', '0x10', '1e3', 'Thu, 01 Dec 1994 16:00:00 GMT']) {
    assert.equal(await of(`Expires: ${bad}`), 400, bad);
  }
});

test('section 8: Accept may be repeated 41 times, empty, absent or nonsense', async () => {
  const { send, seen } = await startFront();
  await send({ lines: Array.from({ length: 41 }, (_, index) => `Accept: a/b${index}`) });
  await send({ lines: ['Accept:'] });
  await send();
  await send({ lines: ['Accept: nonsense, a/b ; q=0.000, c/d;q=0.001'] });
  assert.deepEqual(
    seen.map(({ accept }) => (accept !== null && accept.length > 5 ? accept.length : accept)),
    [41, [], null, ['c/d', 'a/b;q=0']],
  );
  assert.equal((await send({ lines: ['Accept: a/b,,c/d'] })).status, 400);
});

test('E65-34: none, two, a star and an unusable Contact are 400', async () => {
  const { send, seen, engine } = await startFront();
  const contacts = [
    '*',
    '',
    '<sip:a@192.0.2.1>, <sip:b@192.0.2.1>',
    '<sip:a@192.0.2.1',
    '<tel:+4930>',
    '<sip:>',
    '<sip:a@>',
    '<sip:?Route=x>',
    '<sip:a@192.0.2.1:99999>',
    'nonsense',
    '<sip:a@192.0.2.1>;;x',
  ];
  for (const contact of contacts) assert.equal((await send({ lines: [`Contact: ${contact}`] })).status, 400, contact);
  assert.equal((await send({ without: ['Contact'] })).status, 400);
  assert.equal((await engine.receive(withHeader('Contact', ['<sip:a@192.0.2.1>', '<sip:a@192.0.2.1>']))).status, 400);
  assert.equal(seen.length, 0);
});

test('E65-33: Record-Route becomes the route set in its order, mixed lists included', async () => {
  const { send, seen } = await startFront();
  const lines = ['Record-Route: <sip:p1;lr>, <sip:p2;lr>', 'Record-Route: <sip:[2001:db8::1]:5060;lr>;x="a,b"'];
  assert.equal((await send({ lines })).status, 200);
  assert.deepEqual(seen[0]?.dialog.routeSet, ['<sip:p1;lr>', '<sip:p2;lr>', '<sip:[2001:db8::1]:5060;lr>;x="a,b"']);
  for (const bad of ['<sip:p1;lr>,,', 'p1', '<sip:p1']) {
    assert.equal((await send({ lines: [`Record-Route: ${bad}`] })).status, 400, bad);
  }
});

test('section 8: an unknown Require is 420 with Unsupported; Proxy-Require is not for us', async () => {
  const { send } = await startFront();
  const answer = await send({ lines: ['Require: foo, 100rel'] });
  assert.deepEqual([answer.status, valuesOf(answer, 'Unsupported')], [420, ['foo, 100rel']]);
  assert.equal((await send({ lines: ['Require: foo bar'] })).status, 400);
  assert.equal((await send({ lines: ['Proxy-Require: foo'] })).status, 200);
});

test('section 8: Request-URIs that are no SIP URI are 416, sips over anything but TLS too', async () => {
  const { send } = await startFront();
  for (const uri of [
    'tel:+4930123',
    'urn:service:sos',
    'pres:1001@lamplighter.test',
    'x-unknown:1',
    'sips:1001@lamplighter.test',
  ]) {
    assert.equal((await send({ uri })).status, 416, uri);
  }
  for (const transport of ['tcp', 'ws'] as const) {
    const flow = { ...tcpFlow, transport };
    assert.equal((await send({ uri: 'sips:1001@lamplighter.test', flow })).status, 416, transport);
  }
});

test('RFC 3261 26.2.2: sips is served where the phone had TLS, and what stands in front of us ended it', async () => {
  const uri = 'sips:1001@lamplighter.test';
  const phone = 'SIP/2.0/TLS 192.0.2.77:5061;branch=z9hG4bKphone';
  const proxy = 'SIP/2.0/TCP 192.0.2.7;branch=z9hG4bKproxy';
  for (const [vias, status] of [
    [[phone], 200],
    [[proxy, phone], 200],
    [[`${proxy}, ${phone}`], 200],
    [[proxy, phone.replace('TLS', 'WSS')], 200],
    [[proxy], 416],
    [[phone, proxy], 416], // TLS later on the way does not make the first hop secret
  ] as const) {
    const { send } = await startFront();
    const answer = await send({ uri, flow: tcpFlow, without: ['Via'], lines: vias.map((via) => `Via: ${via}`) });
    assert.equal(answer.status, status, vias.join());
    // the way back to us is the proxy's: a `sips:` of our own would be looked for by TLS
    if (status === 200) assert.match(valuesOf(answer, 'Contact')[0] ?? '', /^<sip:lamplighter@/);
  }
});

test('section 8: a tel From is no watcher of ours and no reason to refuse', async () => {
  const { send, seen } = await startFront();
  assert.equal((await send({ from: '<tel:+4930123>;tag=phone' })).status, 200);
  assert.equal((await send({ from: '<sip:1001@elsewhere.test>;tag=phone' })).status, 200);
  assert.deepEqual(
    seen.map(({ watcher }) => watcher),
    [
      { aor: null, how: 'trusted' },
      { aor: null, how: 'trusted' },
    ],
  );
});

test('section 8: the Request-URI names the resource, under every name of this place and no other', async () => {
  const { send, seen } = await startFront();
  const resource = async (uri: string): Promise<string | null | undefined | number> => {
    seen.length = 0;
    const { status } = await send({ uri, to: '<sip:9999@elsewhere.test>' });
    return status === 200 ? seen[0]?.resource : status;
  };
  for (const host of [
    'LampLighter.TEST',
    'lamplighter.test.',
    'alias.test',
    '192.0.2.1:5070',
    '198.51.100.1',
    '127.0.0.1',
    '[::1]',
    'localhost',
  ]) {
    assert.equal(await resource(`sip:1001@${host}`), '1001@lamplighter.test', host);
  }
  assert.equal(await resource('sip:%2a97@alias.test'), '*97@lamplighter.test');
  assert.equal(await resource('sip:Alice@alias.test'), 'Alice@lamplighter.test', 'the user is case-sensitive');
  for (const uri of ['sip:1001@elsewhere.test', 'sip:1001@192.0.2.2', 'sip:1001@0.0.0.0', 'sip:lamplighter.test']) {
    assert.equal(await resource(uri), 404, uri);
  }
});

test('a body that is too large is 413, a compressed one 415', async () => {
  const { send } = await startFront({ maxBodyBytes: 10 });
  const type = 'Content-Type: a/b';
  assert.equal((await send({ body: 'x'.repeat(11), lines: [type] })).status, 413);
  assert.equal((await send({ body: 'x'.repeat(10), lines: [type] })).status, 200);
  const packed = await send({ body: 'x', lines: [type, 'Content-Encoding: gzip'] });
  assert.deepEqual([packed.status, valuesOf(packed, 'Accept-Encoding')], [415, ['identity']]);
});

test('RFC 3261 8.2.3, 20.11: a coding of no body is nothing, and a compressed body that is optional is as if it was not there', async () => {
  const { send, seen } = await startFront();
  const lines = ['Content-Type: a/b', 'Content-Encoding: gzip'];
  assert.equal((await send({ lines })).status, 200);
  for (const handling of ['optional', '"optional"']) {
    const said = `Content-Disposition: render;handling=${handling}`;
    assert.equal((await send({ body: 'x', lines: [...lines, said] })).status, 200, said);
    assert.deepEqual([seen.at(-1)?.body.length, seen.at(-1)?.bodyRequired], [0, false]);
  }
  for (const said of ['Content-Disposition: render', 'Content-Disposition: render;handling=required']) {
    assert.equal((await send({ body: 'x', lines: [...lines, said] })).status, 415, said);
  }
});

test('what the notifier refuses goes out with its headers, keeps nothing and gets no Contact', async () => {
  const { send, front } = await startFront({ answer: () => ({ status: 423, headers: [['Min-Expires', '60']] }) });
  const answer = await send();
  assert.deepEqual([answer.status, answer.headers, answer.toTag], [423, [['Min-Expires', '60']], undefined]);
  assert.equal(front.dialogCount, 0);
});

test('the notifier goes on after the answer has left', async () => {
  const order: string[] = [];
  const { engine } = await startFront({
    answer: () => ({ status: 200, expires: 1, after: () => order.push('after') }),
  });
  await new Promise<void>((resolve) => {
    engine.deliver(subscribe(), () => {
      order.push('answered');
      resolve();
    });
  });
  await Promise.resolve();
  assert.deepEqual(order, ['answered', 'after']);
});

test('a notifier that fails is one 500 and one log line; nothing is kept', async () => {
  const { send, logger, front } = await startFront({ answer: () => Promise.reject(new Error('disk full')) });
  assert.equal((await send()).status, 500);
  assert.equal(logger.lines.filter(({ level }) => level === 'error').length, 1);
  assert.equal(front.dialogCount, 0);
});

test('security 3.1: nothing reaches the notifier before the digest is right', async () => {
  const { send, seen, front } = await startFront({ mode: 'pbx' });
  assert.equal((await send()).status, 401);
  assert.equal((await send({ lines: ['Authorization: Digest nonsense'] })).status, 401);
  assert.deepEqual([seen.length, front.dialogCount], [0, 0]);
  assert.equal((await login(send, '1001')).status, 200);
  assert.deepEqual(seen[0]?.watcher, { aor: '1001@lamplighter.test', how: 'digest' });
});

test('security 3.3: the watcher is who authenticated, whatever From says', async () => {
  const { send, seen } = await startFront({ mode: 'pbx' });
  const answer = await login(send, '1003', { from: '<sip:1001@lamplighter.test>;tag=phone' });
  assert.equal(answer.status, 200);
  assert.deepEqual(seen[0]?.watcher, { aor: '1003@lamplighter.test', how: 'digest' });
  assert.equal(seen[0]?.dialog.user, '1003@lamplighter.test');
});

test('security 2: strangers cannot tell an extension that exists from one that does not', async () => {
  const { send } = await startFront({ mode: 'pbx' });
  const shape = async (uri: string): Promise<string> =>
    JSON.stringify(await send({ uri })).replaceAll(/nonce=\\"[\w-]+\\"/g, 'nonce');
  const known = await shape('sip:1001@lamplighter.test');
  for (const uri of ['sip:7777@lamplighter.test', 'sip:1001@elsewhere.test', 'sip:lamplighter.test']) {
    assert.equal(await shape(uri), known, uri);
  }
});

test('security 2: SUBSCRIBEs that cannot be read ask nobody for a password', async () => {
  const { send, lookups } = await startFront({ mode: 'pbx' });
  await send({ lines: ['Contact: *'] });
  await send({ to: toWithTag({ status: 200, toTag: 'nobody' }) });
  assert.deepEqual(lookups, []);
});
