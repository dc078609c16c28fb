import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { Framer } from '../support/phone/message.ts';
import { Pairs } from '../support/phone/scripted-pair.ts';
import { Message, Phone } from '../support/phone.ts';

const pairs = new Pairs();
afterEach(() => pairs.close());

const field = (header: string, name: string) => new RegExp(`\\b${name}="?([^",]*)`).exec(header)?.[1];

describe('digest', () => {
  const challenge = (nonce: string, more = '') =>
    `WWW-Authenticate: Digest realm="pbx", nonce="${nonce}", qop="auth"${more}`;

  test('a challenge is answered in a new transaction of the same call with the next CSeq', async () => {
    const { phone, peer } = await pairs.open();
    const registering = phone.register(120);
    const first = await peer.next('REGISTER');
    assert.equal(first.lines('Authorization').length, 0);
    first.reply('401 Unauthorized', [challenge('n1', ', algorithm=MD5, opaque="o"')]);
    const second = await peer.next('REGISTER');
    assert.equal(second.cseq, first.cseq + 1);
    assert.equal(second.line('Call-ID'), first.line('Call-ID'));
    assert.notEqual(second.line('Via'), first.line('Via'));
    const sent = second.line('Authorization');
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const expected = md5(
      `${md5('1001:pbx:geheim')}:n1:00000001:${field(sent, 'cnonce')}:auth:${md5('REGISTER:sip:pbx.test')}`,
    );
    assert.equal(field(sent, 'response'), expected);
    assert.equal(field(sent, 'opaque'), 'o');
    second.reply('200 OK', ['Contact: <sip:1001@127.0.0.1>;expires=120']);
    assert.equal((await registering).status, 200);
    assert.equal(phone.challenged, 1);
  });

  test('of two algorithms the first offered is taken, or the one chosen (RFC 8760 2.4)', async () => {
    for (const [algorithm, expected] of [
      ['first-offered', 'SHA-256'],
      ['md5', 'MD5'],
      ['sha-256', 'SHA-256'],
    ] as const) {
      const { phone, peer } = await pairs.open({ algorithm });
      const registering = phone.register();
      (await peer.next('REGISTER')).reply('401 Unauthorized', [
        challenge('n1', ', algorithm=SHA-256'),
        challenge('n2', ', algorithm=MD5'),
      ]);
      const second = await peer.next('REGISTER');
      assert.equal(field(second.line('Authorization'), 'algorithm'), expected);
      assert.equal(field(second.line('Authorization'), 'response')?.length, expected === 'MD5' ? 32 : 64);
      second.reply('200 OK');
      await registering;
    }
  });

  test('a wrong password is not tried again, an old nonce is', async () => {
    const { phone, peer } = await pairs.open();
    const registering = phone.register();
    (await peer.next('REGISTER')).reply('401 Unauthorized', [challenge('n1')]);
    (await peer.next('REGISTER')).reply('401 Unauthorized', [challenge('n2', ', stale=true')]);
    const third = await peer.next('REGISTER');
    assert.equal(field(third.line('Authorization'), 'nonce'), 'n2');
    third.reply('401 Unauthorized', [challenge('n3')]);
    assert.equal((await registering).status, 401);
  });

  test('with reuseNonce the next request carries the same nonce and the next count', async () => {
    const { phone, peer } = await pairs.open({ reuseNonce: true });
    const registering = phone.register();
    (await peer.next('REGISTER')).reply('401 Unauthorized', [challenge('n1')]);
    (await peer.next('REGISTER')).reply('200 OK');
    await registering;
    const again = phone.unregister();
    const third = await peer.next('REGISTER');
    assert.equal(field(third.line('Authorization'), 'nonce'), 'n1');
    assert.match(third.line('Authorization'), /nc=00000002/);
    // the server forgot the nonce without saying stale: one more try
    third.reply('401 Unauthorized', [challenge('n4')]);
    const fourth = await peer.next('REGISTER');
    assert.match(fourth.line('Authorization'), /nonce="n4".*nc=00000001/);
    fourth.reply('200 OK');
    assert.equal((await again).status, 200);
  });
});

describe('transport', () => {
  test('an unanswered request is sent again, byte for byte', async () => {
    const { phone, peer } = await pairs.open({}, { copies: true });
    const asking = phone.request('OPTIONS', '1002');
    const first = await peer.next('OPTIONS');
    const second = await peer.next('OPTIONS');
    assert.equal(second.text, first.text);
    second.reply('200 OK');
    assert.equal((await asking).status, 200);
  });

  test('a stream is cut by Content-Length wherever the segments break', () => {
    const one = new Message('OPTIONS sip:a@b SIP/2.0', [['Call-ID', 'x']], 'body').toBytes();
    const stream = Buffer.concat([Buffer.from('\r\n\r\n'), one, Buffer.from('\r\n'), one]);
    for (let size = 1; size <= stream.length; size += 7) {
      const framer = new Framer();
      const cut: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) cut.push(...framer.push(stream.subarray(at, at + size)));
      assert.deepEqual(cut.map(String), [one.toString(), one.toString()]);
    }
  });

  test('over TCP a lost connection is reported and dialled again by the next request', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('data', (bytes) => {
        const request = Message.parse(bytes);
        const kept = request.headers.filter(([name]) => /^(via|from|to|call-id|cseq)$/i.test(name));
        socket.write(new Message('SIP/2.0 200 OK', kept).toBytes());
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const { port } = server.address() as { port: number };
    const phone = await Phone.open({
      user: '1001',
      password: 'geheim',
      domain: 'pbx.test',
      server: { host: '127.0.0.1', port, transport: 'tcp' },
    });
    pairs.keep(phone);
    pairs.keep({ close: () => new Promise((done) => server.close(() => done())) });
    assert.equal((await phone.request('OPTIONS', '1002')).status, 200);
    assert.match(phone.contact, /^<sip:1001@127\.0\.0\.1:\d+;transport=tcp>$/);
    sockets[0]?.destroy();
    await phone.nextDisconnect();
    assert.equal((await phone.request('OPTIONS', '1002')).status, 200);
    assert.equal(sockets.length, 2);
  });

  test('raw bytes go out untouched and their answer is handed over', async () => {
    const { phone, peer } = await pairs.open();
    const text = 'OPTIONS sip:x SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKraw\r\n\r\n';
    phone.raw(text);
    assert.equal((await peer.next('OPTIONS')).text, text);
    peer.send('SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKraw\r\nContent-Length: 0\r\n\r\n');
    assert.equal((await phone.nextResponse()).status, 400);
  });

  test('OPTIONS and an unsolicited NOTIFY are answered 200, a dialog nobody knows 481', async () => {
    const { phone, peer, request } = await pairs.subscribed();
    const ask = (method: string, to: string) =>
      peer.send(
        `${method} sip:1001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bK${method}${to.length}\r\nFrom: <sip:p@pbx.test>;tag=p\r\nTo: ${to}\r\nCall-ID: other\r\nCSeq: 1 ${method}\r\nEvent: message-summary\r\nContent-Length: 0\r\n\r\n`,
      );
    ask('OPTIONS', '<sip:1001@pbx.test>');
    assert.equal((await peer.next('SIP/2.0')).status, 200);
    ask('NOTIFY', '<sip:1001@pbx.test>');
    assert.equal((await peer.next('SIP/2.0')).status, 200);
    assert.equal((await phone.nextUnsolicited()).event, 'message-summary');
    ask('NOTIFY', request.line('From'));
    assert.equal((await peer.next('SIP/2.0')).status, 481);
  });
});
