import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { UdpPeer, until } from '../sip/embedded/raw-peer.ts';
import { subscribe } from '../sip/message/sample.ts';
import { BadFrame, ControlInput } from '../support/drachtio-server/control-input.ts';
import { ControlPeer } from '../support/drachtio-server/control-peer.ts';
import { DrachtioServer, type Listening } from '../support/drachtio-server/drachtio-server.ts';

describe('what the server reads from its control port', () => {
  const reader = () => {
    const frames: string[] = [];
    return { frames, input: new ControlInput((payload) => frames.push(payload)) };
  };
  const frame = (payload: string) => `${payload.length}#${payload}`;

  test('frames come out whole however the bytes are cut', () => {
    const { frames, input } = reader();
    for (const byte of `${frame('abc')}${frame('a#1|x')}${frame('y'.repeat(150))}`) input.feed(byte);
    input.feed(frame('one') + frame('two'));
    assert.deepEqual(frames, ['abc', 'a#1|x', 'y'.repeat(150), 'one', 'two']);
  });

  test('the largest frame that fits is read, one of a byte more is waited for for ever', () => {
    const { frames, input } = reader();
    input.feed('12228#');
    input.feed('x'.repeat(12_228));
    assert.equal(frames.length, 1);
    input.feed('12229#');
    input.feed('x'.repeat(12_229));
    for (let count = 0; count < 100; count++) input.feed(frame('m|ping'));
    assert.equal(frames.length, 1);
  });

  test('what fills one read to the brim while a large frame is incomplete loses its beginning', () => {
    const { frames, input } = reader();
    assert.throws(() => input.feed(frame('z'.repeat(7000)).repeat(60)), BadFrame);
    assert.ok(frames.length > 0 && frames.length < 60);
    const small = reader();
    small.input.feed(frame('z'.repeat(1200)).repeat(100));
    assert.equal(small.frames.length, 100);
  });

  test('a length is made of one to five digits', () => {
    for (const wrong of ['123456#', 'abc', '#x', '-1#x']) assert.throws(() => reader().input.feed(wrong), BadFrame);
  });
});

describe('the control port', () => {
  let server: DrachtioServer;
  let at: Listening;
  let phone: UdpPeer;
  const peers: ControlPeer[] = [];

  beforeEach(async () => {
    server = new DrachtioServer();
    at = await server.start();
    phone = await UdpPeer.open();
  });

  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.close();
    await phone.close();
    await server.stop();
  });

  const client = async (...verbs: readonly string[]): Promise<ControlPeer> => {
    const peer = await ControlPeer.open(at.control);
    peers.push(peer);
    for (const verb of verbs) assert.deepEqual((await peer.ask(`route|${verb}`)).fields, ['OK']);
    return peer;
  };
  let number = 0;
  const ask = (method = 'SUBSCRIBE') => {
    const own = {
      Via: `SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK${++number}`,
      'Call-ID': `${number}@phone`,
      CSeq: `1 ${method}`,
    };
    const [udp] = at.sip;
    assert.ok(udp);
    phone.send(subscribe(own, `${method} sip:1002@lamplighter.test SIP/2.0`), udp);
  };

  test('a login is told the listeners and the version', async () => {
    const peer = await client();
    const points = at.sip.map(({ transport, address, port }) => `${transport}/${address}:${port}`).join(',');
    assert.deepEqual((await peer.ask('authenticate|cymru|tag1,tag2')).fields, ['OK', points, 'v0.9.3', points]);
    assert.deepEqual((await peer.ask('ping')).fields, ['OK', 'pong']);
  });

  test('a wrong secret is refused and its client dropped; without any, everything is allowed', async () => {
    const peer = await client();
    assert.deepEqual((await peer.ask('authenticate|wrong|')).fields, ['NO', 'incorrect secret']);
    await until(() => peer.closed, 'closed');
    const stranger = await client('subscribe');
    ask();
    assert.equal((await stranger.next()).fields[2], 'network');
  });

  test('refuseAuth refuses the right secret, too', async () => {
    server.refuseAuth = true;
    const peer = await client();
    assert.deepEqual((await peer.ask('authenticate|cymru|')).fields, ['NO', 'incorrect secret']);
    await until(() => peer.closed, 'closed');
    assert.equal(server.clients.length, 0);
  });

  test('what it does not understand is said so, and the client dropped', async () => {
    for (const [what, why] of [
      ['hello', 'Unknown message type'],
      ['sip||\r\nSIP/2.0 200 OK', 'transaction id missing'],
    ] as const) {
      const peer = await client();
      assert.deepEqual((await peer.ask(what)).fields, ['NO', why]);
      await until(() => peer.closed, 'closed');
    }
    const peer = await client();
    peer.raw('nonsense');
    await until(() => peer.closed, 'closed');
  });

  test('new requests are dealt in turn to all who asked for them', async () => {
    const [one, two] = [await client('subscribe'), await client('subscribe')];
    for (let count = 0; count < 4; count++) ask();
    await until(() => one.frames.length + two.frames.length === 6, 'four requests');
    assert.equal(one.frames.length, 3);
    one.close();
    await until(() => server.clients.length === 1, 'one left');
    for (let count = 0; count < 4; count++) ask();
    await until(() => two.frames.length === 7, 'four more');
  });

  test('a verb nobody asked for is answered 503; remove_route takes back all verbs of its client, whichever it names', async () => {
    const peer = await client('subscribe', 'publish');
    ask('MESSAGE');
    assert.match(await phone.inbox.nth(1), /^SIP\/2\.0 503 /);
    assert.deepEqual((await peer.ask('remove_route|publish')).fields, ['OK']);
    ask('SUBSCRIBE');
    assert.match(await phone.inbox.nth(2), /^SIP\/2\.0 503 /);
  });

  test('a frame that does not fit wedges its connection; requests still arrive there', async () => {
    const peer = await client('subscribe');
    peer.send('sip||', `MESSAGE sip:a@127.0.0.1:9 SIP/2.0\r\nContent-Type: text/plain\r\n\r\n${'x'.repeat(12_500)}`);
    peer.send('ping');
    ask();
    assert.equal((await peer.next()).fields[2], 'network');
    assert.equal(peer.frames.length, 2);
    assert.equal(peer.closed, false);
    assert.deepEqual((await (await client()).ask('ping')).fields, ['OK', 'pong']);
  });

  test('wedge() does the same to all present clients, and to none that comes later', async () => {
    const peer = await client('subscribe');
    server.wedge();
    peer.send('ping');
    ask();
    assert.equal((await peer.next()).fields[2], 'network');
    assert.equal(peer.frames.length, 2);
    assert.deepEqual((await (await client()).ask('ping')).fields, ['OK', 'pong']);
  });

  test('silent() hangs without a word, until it is over', async () => {
    server.silent();
    const peer = await ControlPeer.open(at.control);
    peers.push(peer);
    await until(() => server.clients.length === 1, 'connected');
    peer.send('authenticate|cymru|');
    await until(() => (server.clients[0]?.ignored ?? 0) > 0, 'it was not heard');
    server.silent(false);
    assert.deepEqual((await peer.ask('ping')).fields, ['OK', 'pong']);
    assert.equal(peer.frames.length, 1);
  });

  test('dropConnection() ends the connections with FIN or RST, and lets them come again', async () => {
    for (const how of ['fin', 'rst'] as const) {
      const peer = await client();
      await until(() => server.clients.length === 1, 'connected');
      server.dropConnection(how);
      await until(() => peer.closed, 'closed');
    }
    await client('subscribe');
    assert.equal(server.connections, 3);
  });

  test('restart() keeps the ports and nothing else', async () => {
    const peer = await client('subscribe');
    await server.restart();
    await until(() => peer.closed, 'closed');
    ask();
    assert.match(await phone.inbox.nth(1), /^SIP\/2\.0 503 /);
    await client('subscribe');
  });
});
