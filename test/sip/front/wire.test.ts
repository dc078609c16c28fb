import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { Authenticator } from '../../../src/sip/auth/authenticator.ts';
import { EmbeddedEngine } from '../../../src/sip/embedded/engine.ts';
import type { NotifyResult, SubscribeRequest } from '../../../src/sip/front.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { Places } from '../../../src/sip/places.ts';
import { SipFront } from '../../../src/sip/sip-front.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { answerTo } from '../auth/digest-phone.ts';

const domain = 'lamplighter.test';
const tools = { clock: systemClock, random: systemRandom, logger: silentLogger };

function frontOnLoopback(): SipFront {
  const engine = new EmbeddedEngine({
    listen: [
      { transport: 'udp', address: '127.0.0.1', port: 0 },
      { transport: 'tcp', address: '127.0.0.1', port: 0 },
    ],
    serverName: 'Lamplighter',
    ...tools,
  });
  const addresses = new LocalAddresses(systemClock);
  const places = new Places({
    domains: [{ name: domain, aliases: [] }],
    advertise: null,
    listen: ['127.0.0.1'],
    addresses,
  });
  const authenticator = new Authenticator({
    places,
    mode: 'pbx',
    trusted: [],
    lookup: async (user) => ({ realm: domain, password: `secret${user}` }),
    facts: () => ({ realm: domain, md5Only: false }),
    secret: Buffer.alloc(32, 3),
    security: { report: () => undefined },
    ...tools,
  });
  return new SipFront({
    engine,
    authenticator,
    places,
    allowEvents: ['dialog'],
    maxBodyBytes: 65_536,
    advertise: null,
    ...tools,
  });
}

/** A phone's side of a transport: what it hears comes out one message at a time. */
interface Line {
  send(text: string): void;
  hear(): Promise<string>;
  close(): void;
}

function inbox(): { take: (message: string) => void; hear: () => Promise<string> } {
  const messages: string[] = [];
  const waiting: ((message: string) => void)[] = [];
  return {
    take: (message) => {
      const next = waiting.shift();
      if (next === undefined) messages.push(message);
      else next(message);
    },
    hear: () =>
      new Promise((resolve) => {
        const message = messages.shift();
        if (message === undefined) waiting.push(resolve);
        else resolve(message);
      }),
  };
}

function udpLine(port: number): Line {
  const socket: Socket = createSocket('udp4');
  const { take, hear } = inbox();
  socket.on('message', (bytes) => take(bytes.toString()));
  return { send: (text) => socket.send(text, port, '127.0.0.1'), hear, close: () => socket.close() };
}

function tcpLine(port: number): Line {
  const socket = connect(port, '127.0.0.1');
  const { take, hear } = inbox();
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1'); // one character a byte, as Content-Length counts
    for (;;) {
      const end = text.indexOf('\r\n\r\n') + 4;
      const length = end < 4 ? Number.NaN : end + Number(/Content-Length: *(\d+)/i.exec(text.slice(0, end))?.[1]);
      if (!(text.length >= length)) break;
      take(Buffer.from(text.slice(0, length), 'latin1').toString());
      text = text.slice(length);
    }
  });
  return { send: (message) => socket.write(message), hear, close: () => socket.destroy() };
}

function subscribe(transport: string, cseq: number, to: string, authorization: string): string {
  return [
    `SUBSCRIBE sip:1001@${domain} SIP/2.0`,
    `Via: SIP/2.0/${transport.toUpperCase()} 10.0.0.9:5060;rport;branch=z9hG4bK${cseq}`,
    'Max-Forwards: 70',
    'Record-Route: <sip:10.0.0.8;lr>',
    `From: "Désk" <sip:1002@${domain}>;tag=phone`,
    `To: ${to}`,
    'Call-ID: wire',
    `CSeq: ${cseq} SUBSCRIBE`,
    'o: dialog;id=7',
    'm: <sip:1002@10.0.0.9:5060;line=3>',
    'Expires: 600',
    ...(authorization === '' ? [] : [`Authorization: ${authorization}`]),
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

function header(message: string, name: string): string {
  return new RegExp(`^${name}: *(.*)$`, 'im').exec(message)?.[1]?.trim() ?? '';
}

for (const transport of ['udp', 'tcp'] as const) {
  test(`E65-25, E65-33: over ${transport}, challenge, 200, NOTIFY on the same flow, refresh, 481 after the end`, {
    timeout: 20_000,
  }, async (t) => {
    const front = frontOnLoopback();
    const results: NotifyResult[] = [];
    const seen: SubscribeRequest[] = [];
    const points = await front.start(async (request) => {
      seen.push(request);
      const { dialog, event, eventId } = request;
      const notify = async (): Promise<void> => {
        const subscription = { state: 'active', expires: 600 } as const;
        const message = { event, eventId, subscription, contentType: 'text/plain', content: 'grüße' };
        results.push(await front.notify(dialog, message));
      };
      return { status: 200, expires: 600, after: () => void notify() };
    });
    const port = points.find((point) => point.transport === transport)?.port ?? 0;
    const phone = transport === 'udp' ? udpLine(port) : tcpLine(port);
    t.after(async () => {
      phone.close();
      await front.stop();
    });

    phone.send(subscribe(transport, 1, `<sip:1001@${domain}>`, ''));
    const challenge = await phone.hear();
    assert.match(challenge, /^SIP\/2\.0 401 /);
    const [sha = ''] = /^WWW-Authenticate: .*SHA-256.*$/m.exec(challenge) ?? [];
    const user = { user: '1002', password: 'secret1002', uri: `sip:1001@${domain}`, algorithm: 'SHA-256' } as const;

    phone.send(subscribe(transport, 2, `<sip:1001@${domain}>`, answerTo(sha, user)));
    const ok = await phone.hear();
    assert.match(ok, /^SIP\/2\.0 200 /);
    assert.equal(header(ok, 'Record-Route'), '<sip:10.0.0.8;lr>');
    assert.equal(header(ok, 'Allow-Events'), 'dialog');
    assert.equal(header(ok, 'Expires'), '600');
    const suffix = transport === 'tcp' ? ';transport=tcp' : '';
    assert.equal(header(ok, 'Contact'), `<sip:lamplighter@127.0.0.1:${port}${suffix}>`);

    const notify = await phone.hear();
    assert.match(notify, /^NOTIFY sip:1002@10\.0\.0\.9:5060;line=3 SIP\/2\.0\r\n/);
    assert.equal(header(notify, 'Route'), '<sip:10.0.0.8;lr>');
    assert.equal(header(notify, 'Event'), 'dialog;id=7');
    assert.equal(header(notify, 'To'), `"Désk" <sip:1002@${domain}>;tag=phone`);
    assert.equal(header(notify, 'From'), header(ok, 'To'));
    assert.equal(header(notify, 'Allow'), '', 'COMPAT: small');
    assert.ok(notify.endsWith('\r\n\r\ngrüße'));
    const echoed = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => `${name}: ${header(notify, name)}\r\n`);
    phone.send(`SIP/2.0 200 OK\r\n${echoed.join('')}Content-Length: 0\r\n\r\n`);

    phone.send(subscribe(transport, 3, header(ok, 'To'), answerTo(sha, { ...user, nc: 2 })));
    assert.match(await phone.hear(), /^SIP\/2\.0 200 /, 'a refresh with the same nonce');
    assert.deepEqual(results[0], { status: 200, local: false, retryAfter: null });
    assert.equal(seen[1]?.dialog, seen[0]?.dialog);
    assert.match(await phone.hear(), /^NOTIFY /);

    front.release(seen[0]!.dialog);
    phone.send(subscribe(transport, 4, header(ok, 'To'), ''));
    let last = await phone.hear();
    while (last.startsWith('NOTIFY')) last = await phone.hear(); // the unanswered one, retransmitted
    assert.match(last, /^SIP\/2\.0 481 /);
  });
}
