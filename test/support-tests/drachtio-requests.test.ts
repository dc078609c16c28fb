import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  answerTo,
  headerOf,
  headersOf,
  statusOf,
  TcpListener,
  TcpPeer,
  UdpPeer,
  until,
} from '../sip/embedded/raw-peer.ts';
import { subscribe } from '../sip/message/sample.ts';
import { active, type Changes, callId, DrachtioStage } from './drachtio-stage.ts';

const stage = new DrachtioStage();

describe('a request out of dialog', () => {
  const byHand = (headers = '', uri = `sip:1001@127.0.0.1:${stage.phone.endpoint.port}`, proxy = '') =>
    stage.client.ask(
      `sip||${proxy === '' ? '' : `|${proxy}`}`,
      `NOTIFY ${uri} SIP/2.0\r\nfrom: <sip:a@b>;tag=1\r\nto: <sip:c@d>;tag=2\r\nCall-ID: ${callId}\r\ncseq: 250 NOTIFY\r\n${active}${headers}\r\n`,
    );

  test('has exactly the tags, Call-ID and CSeq of the client, also beside a dialog of that Call-ID', async () => {
    await stage.subscribed();
    const echo = await byHand('Contact: <sip:me@localhost>\r\nx-own: 1\r\nsip-etag: e\r\n');
    const sent = await stage.phone.inbox.nth(2);
    assert.equal(echo.text, sent);
    assert.equal(headerOf(sent, 'From'), '<sip:a@b>;tag=1');
    assert.equal(headerOf(sent, 'To'), '<sip:c@d>;tag=2');
    assert.equal(headerOf(sent, 'CSeq'), '250 NOTIFY');
    assert.equal(headerOf(sent, 'Contact'), `<sip:me@127.0.0.1:${stage.point('udp').port}>`);
    assert.match(sent, /\r\nx-own: 1\r\nSIP-ETag: e\r\n/);
    stage.phone.send(answerTo(sent, 200), stage.point('udp'));
    assert.deepEqual((await stage.client.next()).fields.slice(8), [echo.fields[7], '', '']);
    assert.equal(headerOf((await stage.notify()).text, 'CSeq'), '314160 NOTIFY');
  });

  test('goes to the proxy field, to the Route escaped in its URI, or to the URI, in that order', async () => {
    const [one, two] = [await UdpPeer.open(), await UdpPeer.open()];
    stage.cleanups.push(() => Promise.all([one.close(), two.close()]));
    const hop = (peer: UdpPeer) => `sip:127.0.0.1:${peer.endpoint.port}`;
    const uri = `sip:1001@192.0.2.9:5062?Route=%3C${hop(one)};lr%3E%2C%3Csip:p2;lr%3E`;
    await byHand('', uri);
    const sent = await one.inbox.nth(1);
    assert.equal(sent.split('\r\n', 1)[0], 'NOTIFY sip:1001@192.0.2.9:5062 SIP/2.0');
    assert.deepEqual(headersOf(sent, 'Route'), [`<${hop(one)};lr>`, '<sip:p2;lr>']);
    await byHand('', uri, hop(two));
    assert.deepEqual(headersOf(await two.inbox.nth(1), 'Route'), [`<${hop(one)};lr>`, '<sip:p2;lr>']);
  });

  test('what cannot go anywhere is refused with the reason', async () => {
    const own = `sip:x@127.0.0.1:${stage.point('udp').port}`;
    assert.deepEqual((await byHand('', own)).fields, ['NOK', 'can not send request to myself']);
    assert.deepEqual((await byHand('', 'sip:x@[::1]:5060')).fields, [
      'NOK',
      'requested protocol/transport not available',
    ]);
    const unknown = await stage.client.ask('sip||', 'FROB sip:x@y SIP/2.0\r\n\r\n');
    assert.deepEqual(unknown.fields, ['NOK', 'invalid request-uri: FROB sip:x@y SIP/2.0']);
  });

  test('refuseRequests answers NOK with what it says', async () => {
    stage.server.refuseRequests = 'out of everything';
    assert.deepEqual((await byHand()).fields, ['NOK', 'out of everything']);
  });

  test('dropOnRequest takes the connection away before or after it is sent, once', async () => {
    for (const [drop, sent] of [
      ['before', 0],
      ['after', 1],
    ] as const) {
      const peer = await stage.connect();
      stage.server.dropOnRequest = drop;
      const text = `OPTIONS sip:127.0.0.1:${stage.phone.endpoint.port} SIP/2.0\r\n\r\n`;
      peer.send('sip||', text);
      await until(() => peer.closed, 'closed');
      await byHand();
      await stage.phone.inbox.nth(1 + 2 * sent);
      assert.equal(stage.phone.inbox.messages.filter((it) => it.startsWith('OPTIONS ')).length, sent);
      assert.equal(peer.frames.length, 1);
    }
  });

  test('too large for UDP it goes by TCP, and by UDP after all where nobody listens there', async () => {
    const large = `Subject: ${'x'.repeat(1400)}\r\n`;
    const beside = await UdpPeer.besideTcp();
    stage.cleanups.push(() => beside.close());
    const uri = `sip:1001@127.0.0.1:${beside.endpoint.port}`;
    await byHand(large, uri);
    assert.match(headerOf(await beside.inbox.nth(1), 'Via') ?? '', /^SIP\/2\.0\/UDP /);
    const listener = await TcpListener.open(beside.endpoint);
    stage.cleanups.push(() => listener.close());
    const echo = await byHand(large, uri);
    await until(() => (listener.peers[0]?.text ?? '').includes('\r\n\r\n'), 'by TCP');
    assert.equal(listener.peers[0]?.text, echo.text);
    assert.equal(echo.fields[3], 'tcp');
  });
});

describe('a phone on TCP', () => {
  const open = async (changes: Changes = {}): Promise<TcpPeer> => {
    const peer = await TcpPeer.open(stage.point('tcp'));
    stage.cleanups.push(() => peer.close());
    const via = `SIP/2.0/TCP 192.0.2.1:5060;branch=${stage.branch()}`;
    peer.send(subscribe({ Via: via, Contact: '<sip:1001@192.0.2.1;transport=tcp>', ...changes }));
    await stage.answer(await stage.client.next());
    await until(() => peer.text.includes('\r\n\r\n'), 'answered');
    return peer;
  };
  const inbox = (peer: TcpPeer) => peer.text.split(/(?=NOTIFY )/).filter((it) => it.startsWith('NOTIFY '));

  test('gets its NOTIFY over its connection, in dialog and by hand; keep-alives are answered', async () => {
    const peer = await open();
    const echo = await stage.notify();
    assert.equal(echo.fields[3], 'tcp');
    await stage.client.ask('sip||', `NOTIFY sip:1001@192.0.2.1 SIP/2.0\r\ncseq: 9 NOTIFY\r\n${active}\r\n`);
    await until(() => inbox(peer).length === 2, 'two');
    assert.match(headerOf(inbox(peer)[0] ?? '', 'Via') ?? '', /^SIP\/2\.0\/TCP 127\.0\.0\.1:/);
    peer.text = '';
    peer.send('\r\n\r\n');
    await until(() => peer.text === '\r\n', 'answered');
    peer.send(answerTo(echo.text, 200));
    assert.equal(statusOf((await stage.client.next()).text), 200);
  });

  test('is followed to a new connection by a refresh there', async () => {
    const first = await open();
    const tag = /;tag=([0-9a-f]+)\r\n/.exec(first.text.slice(first.text.indexOf('To:')))?.[1];
    const second = await open({ To: `<sip:1002@lamplighter.test>;tag=${tag}`, CSeq: '314160 SUBSCRIBE' });
    await stage.notify();
    await until(() => inbox(second).length === 1, 'by the new one');
    assert.equal(inbox(first).length, 0);
  });

  test('whose connection broke is answered 410 for half a minute, then sofia dials its Contact', async () => {
    const listener = await TcpListener.open({ address: '127.0.0.1', port: 0 });
    stage.cleanups.push(() => listener.close());
    const peer = await open({ Contact: `<sip:1001@127.0.0.1:${listener.port};transport=tcp>` });
    peer.close();
    await until(() => stage.server.phoneConnections === 0, 'the server knows');
    const echo = await stage.notify();
    const lost = await stage.client.next();
    assert.equal(statusOf(lost.text), 410);
    assert.equal(lost.fields[8], echo.fields[7]);
    assert.deepEqual(lost.fields.slice(3, 7), ['0', 'tcp', '', '0']);
    stage.clock.advance(29_999);
    await stage.notify();
    assert.equal(statusOf((await stage.client.next()).text), 410);
    stage.clock.advance(1);
    await stage.notify();
    await until(() => (listener.peers[0]?.text ?? '').startsWith('NOTIFY '), 'dialled');
  });

  test('a request whose Via names another transport is dropped', async () => {
    const peer = await TcpPeer.open(stage.point('tcp'));
    stage.cleanups.push(() => peer.close());
    peer.send(subscribe({ 'Call-ID': 'wrong' }));
    peer.send(subscribe({ 'Call-ID': 'right', Via: 'SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKr' }));
    assert.equal(headerOf((await stage.client.next()).text, 'Call-ID'), 'right');
  });
});

describe('a SUBSCRIBE of the client', () => {
  const watch = () =>
    stage.client.ask(
      'sip||',
      `SUBSCRIBE sip:pbx@127.0.0.1:${stage.phone.endpoint.port} SIP/2.0\r\nfrom: <sip:w@x>;tag=w\r\nCall-ID: watch\r\ncseq: 5 SUBSCRIBE\r\nEvent: dialog\r\n\r\n`,
    );
  let cseq = 0;
  const fromPbx = (state: string, tag = 'w') => {
    const via = `SIP/2.0/UDP 127.0.0.1:${stage.phone.endpoint.port};branch=${stage.branch()}`;
    const headers = {
      Via: via,
      From: '<sip:pbx@x>;tag=p',
      To: `<sip:w@x>;tag=${tag}`,
      'Call-ID': 'watch',
      CSeq: `${++cseq} NOTIFY`,
    };
    stage.phone.send(
      subscribe({ ...headers, 'Subscription-State': state }, 'NOTIFY sip:x SIP/2.0'),
      stage.point('udp'),
    );
  };

  test('makes a dialog with its 2xx; a NOTIFY before it is answered 500, one in it as the client says', async () => {
    await stage.client.ask('route|notify');
    const echo = await watch();
    assert.match(headerOf(echo.text, 'Contact') ?? '', /^<sip:127/);
    fromPbx('active');
    const early = await stage.client.next();
    assert.equal(early.fields[9], '');
    assert.equal(statusOf(await stage.phone.inbox.nth(2)), 500);
    assert.equal((await stage.answer(early)).fields[0], 'NOK');
    const to = `Contact: <sip:pbx@127.0.0.1:${stage.phone.endpoint.port}>\r\nExpires: 60\r\n`;
    stage.phone.send(
      answerTo(echo.text.replace(/\r\nTo: (.*)\r\n/, '\r\nTo: $1;tag=p\r\n'), 200, to),
      stage.point('udp'),
    );
    const answered = await stage.client.next();
    assert.equal(answered.fields[9], 'watch;from-tag=w');
    assert.deepEqual(stage.server.dialogs, ['watch;from-tag=w']);
    fromPbx('active');
    const inDialog = await stage.client.next();
    assert.equal(inDialog.fields[9], 'watch;from-tag=w');
    await stage.answer(inDialog);
    assert.equal(statusOf(await stage.phone.inbox.nth(3)), 200);
    fromPbx('terminated;reason=noresource');
    assert.equal(statusOf(await stage.phone.inbox.nth(4)), 500);
    assert.deepEqual(stage.server.dialogs, []);
  });
});
