import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { statusOf, TcpPeer, until } from '../sip/embedded/raw-peer.ts';
import { featureType, setForward } from '../support/phone.ts';
import { domain, type Hand } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage.close());

afterEach(() => stage.unharmed('udp', 'tcp'));

const options = (hand: Hand) => hand.write({ user: 'x', method: 'OPTIONS' });
const stream = () => TcpPeer.open({ address: '127.0.0.1', port: stage.daemon.tcpPort });
const statuses = (text: string) => [...text.matchAll(/^SIP\/2\.0 (\d{3}) /gm)].map(([, status]) => Number(status));

const stun = Buffer.concat([Buffer.from([0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42]), Buffer.alloc(12, 7)]);
const response = (start: string) =>
  `${start}\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 NOTIFY\r\nContent-Length: 0\r\n\r\n`;

const silent: readonly (readonly [what: string, bytes: string | Buffer])[] = [
  ['nothing at all', ''],
  ['four NULs', '\0\0\0\0'],
  ['CRLFCRLF', '\r\n\r\n'],
  ['a STUN indication', stun],
  ['a keep-alive word', 'jaK\0'],
  ['many NULs', Buffer.alloc(4096)],
  ['60 kB of 0xff', Buffer.alloc(60_000, 0xff)],
  ['60 kB of letters', 'A'.repeat(60_000)],
  ['60 kB of line ends', '\r\n'.repeat(30_000)],
  ['60 kB of colons', ':'.repeat(60_000)],
  ['an HTTP request', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['half a start line', 'SUBSCRIBE sip:2000@lamp'],
  [
    'a request without Via',
    'OPTIONS sip:x SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n',
  ],
  [
    'an ACK',
    `ACK sip:${domain} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 ACK\r\n\r\n`,
  ],
  ['a response nobody waits for', response('SIP/2.0 200 OK')],
  ['a response with an overlarge status', response('SIP/2.0 4294967301 OK')],
  ['a response without a reason', response('SIP/2.0 481')],
  [
    'a response with a broadcast address in Via',
    response('SIP/2.0 200 OK').replace('127.0.0.1:5070', '255.255.255.255'),
  ],
];

for (const [what, bytes] of silent) {
  test(`security 7.2: on UDP ${what} is not answered`, async () => {
    const hand = await stage.hand();
    assert.deepEqual(await hand.provoke(bytes), []);
  });
}

test('security 7.2: half a request on UDP is answered 400 once', async () => {
  const hand = await stage.hand();
  const whole = options(hand);
  assert.deepEqual((await hand.provoke(whole.slice(0, -3))).map(statusOf), [400]);
  assert.deepEqual((await hand.provoke(whole.slice(0, whole.indexOf('Call-ID')))).map(statusOf), [400]);
});

test('security 8.2: mutated requests never end the daemon, and each is answered at most once', async () => {
  const hand = await stage.hand();
  const user = stage.ext();
  const edit = fc.record({
    at: fc.nat(),
    byte: fc.nat(255),
    cut: fc.nat(8),
    kind: fc.constantFrom('set', 'insert', 'cut', 'twice'),
  });
  const mutated = (text: string, edits: readonly { at: number; byte: number; cut: number; kind: string }[]) =>
    edits.reduce((sum, { at, byte, cut, kind }) => {
      const place = at % Math.max(sum.length, 1);
      const [head, tail] = [sum.slice(0, place), sum.slice(place)];
      if (kind === 'set') return `${head}${String.fromCharCode(byte)}${tail.slice(1)}`;
      if (kind === 'insert') return `${head}${String.fromCharCode(byte)}${tail}`;
      return kind === 'cut' ? `${head}${tail.slice(cut)}` : `${head}${tail.slice(0, cut * 10)}${tail}`;
    }, text);
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
      const answers = await hand.provoke(mutated(hand.write({ user }), edits));
      assert.ok(answers.length <= 1, answers.join('\n'));
    }),
    { numRuns: 250 },
  );
});

test('security 7.2: two pipelined requests in one segment, and fifty, are answered in order', async () => {
  const hand = await stage.hand('tcp');
  for (const count of [2, 50]) {
    const talks = Array.from({ length: count }, () => hand.talk('x'));
    const answers = await hand.provoke(
      talks.map((talk) => hand.write({ user: 'x', method: 'OPTIONS' }, talk)).join('\r\n'),
    );
    assert.deepEqual(
      answers.map((text) => /^Call-ID: (.*)\r$/m.exec(text)?.[1]),
      talks.map(({ callId }) => callId),
    );
  }
});

test('security 7.2: a request split at any point of the stream is one request', async () => {
  const hand = await stage.hand('tcp');
  const peer = await stream();
  const template = `\r\n${hand.write({ user: 'x', method: 'OPTIONS' })}`;
  // each a request of its own: a repetition that comes before the answer is absorbed
  const request = (number: number) => {
    const name = String(number).padStart(8, '0');
    return template.replace(/z9hG4bK.{8}/, `z9hG4bK${name}`).replace(/Call-ID: .{8}/, `Call-ID: ${name}`);
  };
  const { length } = template;
  for (let at = 1; at < length; at += 1) {
    peer.send(request(at).slice(0, at));
    await pause(0);
    peer.send(request(at).slice(at));
  }
  await until(() => statuses(peer.text).length >= length - 1, 'an answer for each split point');
  for (const byte of request(0)) peer.send(byte);
  await until(() => statuses(peer.text).length >= length, 'the answer to single bytes');
  assert.deepEqual([...new Set(statuses(peer.text))], [200]);
  peer.close();
});

test('RFC 5626 4.4.1: CRLFCRLF on a stream is answered with CRLF', async () => {
  const peer = await stream();
  peer.send('\r\n\r\n');
  await until(() => peer.text === '\r\n', 'the pong');
  peer.close();
});

/** On a stream these leave no safe place for the next message: an answer where one can be written, then the end. */
const fatal: readonly (readonly [
  what: string,
  change: (text: string) => string | Buffer,
  answers: readonly number[],
])[] = [
  ['no Content-Length', (text) => text.replace(/Content-Length: 0\r\n/, ''), [400]],
  [
    'two Content-Lengths',
    (text) => text.replace('Content-Length: 0', 'Content-Length: 0\r\nContent-Length: 400'),
    [400],
  ],
  [
    'a Content-Length and a compact one',
    (text) => text.replace('Content-Length: 0', 'l: 400\r\nContent-Length: 0'),
    [400],
  ],
  [
    'the same Content-Length twice',
    (text) => text.replace('Content-Length: 0', 'Content-Length: 0\r\nContent-Length: 0'),
    [400],
  ],
  ['a list as Content-Length', (text) => text.replace('Content-Length: 0', 'Content-Length: 0, 400'), [400]],
  ['a negative Content-Length', (text) => text.replace('Content-Length: 0', 'Content-Length: -1'), [400]],
  ['a Content-Length in words', (text) => text.replace('Content-Length: 0', 'Content-Length: none'), [400]],
  ['a Content-Length of 10 MB', (text) => text.replace('Content-Length: 0', 'Content-Length: 10485760'), [513]],
  [
    'a Content-Length of 400 digits',
    (text) => text.replace('Content-Length: 0', `Content-Length: ${'9'.repeat(400)}`),
    [400],
  ],
  ['headers without end', (text) => text.replace(/\r\n\r\n$/, `\r\n${'X-Long: y\r\n'.repeat(8000)}`), [513]],
  ['one endless header', (text) => text.replace(/\r\n\r\n$/, `\r\nX: ${'y'.repeat(70_000)}`), [513]],
  ['control characters', (text) => text.replace('To:', 'To\x01:'), [400]],
  ['an HTTP request', () => 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', []],
  ['70 kB of garbage', () => Buffer.alloc(70_000, 0xa5), []],
];

for (const [what, change, answers] of fatal) {
  test(`security 7.2: on TCP ${what} is answered ${answers.join() || 'nothing'}, and the connection closed`, async () => {
    const hand = await stage.hand('tcp');
    const peer = await stream();
    const behind = answers[0] === 513 && !/Length/.test(what) ? '' : options(hand);
    peer.send(Buffer.concat([Buffer.from(change(options(hand)) as string, 'latin1'), Buffer.from(behind, 'latin1')]));
    await until(() => peer.closed, 'the connection is closed');
    assert.deepEqual(statuses(peer.text), answers, 'and what was smuggled behind it is not served');
  });
}

test('half a message on TCP, then the end or a reset, costs nothing', async () => {
  const hand = await stage.hand('tcp');
  for (let round = 0; round < 20; round += 1) {
    const half = options(hand).slice(0, 40 + round * 10);
    const socket = connect({ host: '127.0.0.1', port: stage.daemon.tcpPort });
    await new Promise<void>((resolve) => socket.write(half, () => resolve()));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    if (round % 2 === 0) socket.end();
    else socket.resetAndDestroy();
    socket.resume();
    await closed;
  }
});

test('AST-2016-005: the fifty-first connection of one address is closed, the others are served', async () => {
  const peers: TcpPeer[] = [];
  for (let count = 0; count < 60; count += 1) peers.push(await stream());
  await until(() => peers.filter(({ closed }) => closed).length >= 10, 'ten are closed');
  const hand = await stage.hand('udp');
  const alive = peers.find(({ closed }) => !closed);
  alive?.send(options(hand));
  await until(() => statuses(alive?.text ?? '').length === 1, 'an answer on an old connection');
  for (const peer of peers) peer.close();
});

const lineEnd = '\r\n';
const web: readonly (readonly [what: string, bytes: string | Buffer])[] = [
  ['garbage', Buffer.alloc(2000, 0xa5)],
  ['NULs', Buffer.alloc(2000)],
  ['a SIP request', `OPTIONS sip:x SIP/2.0${lineEnd}Via: SIP/2.0/TCP x${lineEnd}${lineEnd}`],
  ['a header of 200 kB', `GET / HTTP/1.1${lineEnd}X: ${'y'.repeat(200_000)}${lineEnd}${lineEnd}`],
  [
    'two Content-Lengths',
    `PUT /api/v1/extensions/2000/features/dnd HTTP/1.1${lineEnd}Host: localhost${lineEnd}Content-Length: 2${lineEnd}Content-Length: 5${lineEnd}${lineEnd}{}`,
  ],
  [
    'a foreign Host',
    `GET /api/v1/extensions HTTP/1.1${lineEnd}Host: evil.example${lineEnd}Connection: close${lineEnd}${lineEnd}`,
  ],
  [
    'bad chunks',
    `POST /api/v1/simulator/call HTTP/1.1${lineEnd}Host: localhost${lineEnd}Transfer-Encoding: chunked${lineEnd}${lineEnd}zz${lineEnd}`,
  ],
];

for (const [what, bytes] of web) {
  test(`${what} on the HTTP port is refused, and the API goes on`, async () => {
    const { hostname, port } = new URL(stage.daemon.http);
    const peer = await TcpPeer.open({ address: hostname, port: Number(port) });
    peer.send(bytes);
    await until(() => peer.closed, 'the connection is closed');
    if (peer.text !== '') assert.match(peer.text, /^HTTP\/1\.1 4\d\d /);
    assert.equal((await stage.daemon.api('/healthz')).status, 200);
  });
}

test('strange paths and bodies of the API are refused with 4xx', async () => {
  const { daemon } = stage;
  for (const path of [
    '%00',
    '%0d%0aX',
    '..%2f..%2fetc%2fpasswd',
    `${'9'.repeat(5000)}`,
    '%ff',
    "2000'--",
    '__proto__',
  ]) {
    const { status } = await daemon.api(`/api/v1/extensions/${path}`);
    assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
  }
  const bodies = [
    null,
    [],
    'x',
    { enabled: 'true' },
    { enabled: true, __proto: 1 },
    { enabled: true, target: {} },
    'x'.repeat(200_000),
  ];
  for (const body of bodies) {
    const { status } = await daemon.api('/api/v1/extensions/2000/features/cfa', { method: 'PUT', body });
    assert.ok(status >= 400 && status < 500, `${JSON.stringify(body).slice(0, 40)}: ${status}`);
  }
});

test('a User-Agent with terminal controls is kept and logged without them', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const lines = { 'User-Agent': 'evil\x9b2J\xc2\x9b31m\xe2\x80\xa8{"level":"error"}', 'Content-Type': featureType };
  const body = setForward('cfa', true, '0900123456');
  const { talk, status } = await hand.ask({ user, event: 'as-feature-event', body, lines });
  assert.equal(status, 200);
  await hand.next(talk);
  assert.match((await stage.subscriptions(user))[0]?.userAgent ?? '', /^evil/);
  await until(() => stage.daemon.log.some(({ message }) => message === 'wish not granted'), 'the refusal in the log');
  assert.equal((await hand.ask({ user, talk, event: 'as-feature-event', expires: 0 })).status, 200);
});

test('a thousand garbage datagrams and a hundred wrong passwords are a dozen log lines or two, all clean JSON', async () => {
  const hand = await stage.hand();
  const before = stage.daemon.output.length;
  for (let round = 0; round < 1000; round += 1) {
    hand.send(
      round % 2 === 0
        ? `OPTIONS sip:\x1b[31m${round} SIP/2.0\r\nVia: x\x07\r\n\r\n`
        : `${round}\r\n\x9b31m{"level":"error"}\r\n\r\n`,
    );
    if (round % 50 === 0) await hand.ask({ user: 'x', method: 'OPTIONS' });
  }
  const user = `${stage.ext()}`;
  const { talk, message } = await hand.ask({ user, answerChallenge: false });
  const nonce = /nonce="([^"]*)"/.exec(message.header('WWW-Authenticate') ?? '')?.[1];
  for (let round = 0; round < 100; round += 1) {
    const wrong = `Digest username="e\x9b31mvil\xe2\x80\xa8", realm="${domain}", nonce="${nonce}", uri="${talk.target}", response="${'0'.repeat(64)}", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="x"`;
    assert.equal((await hand.ask({ user, answerChallenge: false, lines: { Authorization: wrong } })).status, 401);
  }
  await until(() => stage.daemon.log.some(({ event }) => event === 'unknown-user'), 'the line about the wrong user');
  const lines = stage.daemon.output.slice(before);
  assert.ok(lines.length <= 24, `${lines.length} lines: ${lines.join('\n')}`);
});

test('the log of all this: every line one JSON object, no control character in it', () => {
  const { output } = stage.daemon;
  const start = output.findIndex((line) => line.startsWith('{'));
  for (const line of output.slice(start).filter((text) => text.startsWith('{'))) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
    assert.equal(typeof (JSON.parse(line) as { message: unknown }).message, 'string');
  }
  // a raw line end would leave a piece that is no JSON
  const after = output.slice(output.findLastIndex((line) => /^ {2}(Panel|Phones|PBX) /.test(line)) + 1);
  assert.deepEqual(
    after.filter((line) => !line.startsWith('{')),
    [],
  );
  assert.ok(output.some((line) => line.includes('SIP message refused')));
});
