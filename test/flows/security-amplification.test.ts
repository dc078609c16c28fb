import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { TcpPeer, UdpPeer, until } from '../sip/embedded/raw-peer.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage.close());
afterEach(() => stage.tidy());

let calls = 0;
const unique = () => String.fromCharCode(0x61 + Math.floor(calls / 26)) + String.fromCharCode(0x61 + (calls++ % 26));

/** The shortest requests that we take for whole: compact names, no LWS, nothing that is not needed. */
const minimal = (method: string, more = '', uri = 'sip:1@x') => {
  const id = unique();
  return [
    `${method} ${uri} SIP/2.0`,
    `v:SIP/2.0/UDP h;branch=z9hG4bK${id}`,
    'f:sip:a@b;tag=1',
    't:sip:a@b',
    `i:${id}`,
    `CSeq:1 ${method}`,
    ...(more === '' ? [] : [more]),
    '',
    '',
  ].join('\r\n');
};
const contact = 'm:<sip:a>';

/** What anybody may write into a datagram with somebody else's address on it. */
const weapons: readonly (readonly [what: string, text: () => string])[] = [
  ['SUBSCRIBE', () => minimal('SUBSCRIBE', `${contact}\r\no:dialog`, `sip:1@${domain}`)],
  ['SUBSCRIBE for feature keys', () => minimal('SUBSCRIBE', `${contact}\r\no:as-feature-event`, `sip:1@${domain}`)],
  ['SUBSCRIBE without Event (489)', () => minimal('SUBSCRIBE', contact)],
  ['SUBSCRIBE without Contact (400)', () => minimal('SUBSCRIBE', 'o:dialog')],
  [
    'SUBSCRIBE in no dialog of ours (481)',
    () => minimal('SUBSCRIBE', `${contact}\r\no:dialog`).replace('t:sip:a@b', 't:sip:a@b;tag=2'),
  ],
  ['SUBSCRIBE with Require (420)', () => minimal('SUBSCRIBE', `${contact}\r\no:dialog\r\nRequire:a`)],
  ['SUBSCRIBE with tel: (416)', () => minimal('SUBSCRIBE', `${contact}\r\no:dialog`, 'tel:1')],
  ['OPTIONS', () => minimal('OPTIONS')],
  ['NOTIFY', () => minimal('NOTIFY')],
  ['PUBLISH', () => minimal('PUBLISH')],
  ['INVITE', () => minimal('INVITE')],
  ['an unknown method', () => minimal('X')],
  ['CANCEL', () => minimal('CANCEL')],
  ['an unreadable request', () => `X sip:a SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bK${unique()}\r\n\r\n`],
  ['an unreadable request without line end', () => `X sip:a SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bK${unique()}`],
  ['another version', () => minimal('SUBSCRIBE', contact).replace('SIP/2.0\r', 'SIP/3.0\r')],
  ['a body without type', () => `${minimal('SUBSCRIBE', `${contact}\r\no:dialog\r\nl:1`)}x`],
];

/** Without a challenge a phone stays dark, so it goes out; nobody writes as little as these, where it is twice as large. */
const challenged = new Set(['SUBSCRIBE', 'SUBSCRIBE for feature keys']);

for (const [what, text] of weapons) {
  const most = challenged.has(what) ? 2.1 : 1.5;
  test(`security 3.2: the shortest forged ${what} brings at most ${most} times its bytes to the victim, sent once or ten times`, async () => {
    const hand = await stage.hand();
    const sent = text();
    for (let copies = 1; copies <= 10; copies += 1) {
      await hand.provoke(sent);
      await hand.provoke(''); // a second probe: what is answered a moment later is counted, too
      const answers = hand.responses.all.filter(({ message }) => !/@hand$/.test(message.header('Call-ID') ?? ''));
      const bytes = answers.reduce((sum, answer) => sum + answer.text.length, 0);
      assert.ok(bytes <= most * copies * sent.length, `${bytes} bytes for ${copies} of ${sent.length}`);
    }
    assert.equal(hand.notifies.all.length, 0);
  });
}

test('security 3.2: what a phone writes is answered with both algorithms, and with less than 1.2 times its bytes', async () => {
  const hand = await stage.hand();
  const lines = {
    'User-Agent': 'Yealink SIP-T46U 108.86.0.20',
    Accept: 'application/dialog-info+xml',
    Allow:
      'INVITE, INFO, PRACK, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REGISTER, SUBSCRIBE, REFER, PUBLISH, UPDATE, MESSAGE',
  };
  const { text, sent } = await hand.ask({ user: stage.ext(), answerChallenge: false, lines });
  assert.equal(text.match(/^WWW-Authenticate: /gm)?.length, 2);
  assert.ok(text.length <= 1.2 * sent.length, `${text.length} bytes for ${sent.length}`);
  assert.doesNotMatch(text, /^Server:/m);
});

test('security 3.2: a short SUBSCRIBE is challenged with MD5 alone', async () => {
  const hand = await stage.hand();
  const user = stage.ext();
  const more = `m:<sip:${user}@127.0.0.1:${hand.port}>\r\no:dialog\r\nUser-Agent: sip-in-a-small-device/1.0\r\nMax-Forwards: 70`;
  const short = minimal('SUBSCRIBE', more, `sip:${user}@${domain}`);
  const callId = /^i:(.*)\r$/m.exec(short)?.[1];
  hand.send(short);
  const { text: answer } = await hand.responses.next(({ message }) => message.header('Call-ID') === callId);
  assert.match(answer, /^SIP\/2\.0 401 /);
  assert.deepEqual(answer.match(/algorithm=[\w-]+/g), ['algorithm=MD5']);
});

test('RFC 3261 22.1: the smallest phone, compact names and no software name, is challenged whatever the realm is', async () => {
  const realm = 'telephones.second-branch-office.a-rather-long-company-name.example';
  const home = new Home();
  const listen = `sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }`;
  const store = `store: { path: ${home.path('l.db')} }\nhttp: { listen: '127.0.0.1:0' }`;
  const pbx = `pbx: [{ name: sim, type: simulated, extensions: ['20-29'] }]`;
  const daemon = await Daemon.start(
    home.write('l.yaml', `version: 1\ndomain: ${realm}\n${listen}\n${store}\n${pbx}\n`),
  );
  const peer = await UdpPeer.open();
  const lines = [
    'SUBSCRIBE sip:21@10.1.0.5 SIP/2.0',
    'v: SIP/2.0/UDP 10.1.0.9;rport;branch=z9hG4bK5a3f',
    'Max-Forwards: 70',
    'f: <sip:20@10.1.0.5>;tag=9a1b',
    't: <sip:21@10.1.0.5>',
    'i: 3f2a91@10.1.0.9',
    'CSeq: 1 SUBSCRIBE',
    'm: <sip:20@10.1.0.9>',
    'o: dialog',
  ];
  try {
    peer.send([...lines, '', ''].join('\r\n'), { address: '127.0.0.1', port: daemon.udpPort });
    const answer = await peer.inbox.nth(1);
    assert.match(answer, /^SIP\/2\.0 401 /);
    assert.ok(answer.includes(`WWW-Authenticate: Digest realm="${realm}"`), answer);
  } finally {
    await peer.close();
    await daemon.kill();
    home.remove();
  }
});

test('security 3.2: over TCP nobody can forge a sender: the shortest SUBSCRIBE gets the whole challenge', async () => {
  const text = minimal('SUBSCRIBE', `${contact}\r\no:dialog\r\nl:0`, `sip:1@${domain}`).replace('/UDP', '/TCP');
  const peer = await TcpPeer.open({ address: '127.0.0.1', port: stage.daemon.tcpPort });
  peer.send(text);
  await until(() => peer.text.endsWith('\r\n\r\n'), 'the answer');
  assert.equal(peer.text.match(/^WWW-Authenticate: /gm)?.length, 2);
  peer.close();
});
