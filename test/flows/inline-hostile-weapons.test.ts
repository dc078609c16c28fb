import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Answer } from '../support/phone/agent.ts';
import { token } from '../support/phone/agent.ts';
import type { Hand } from './hand.ts';
import { domain } from './hand.ts';
import { InlineStage } from './inline-stage.ts';

let stage: InlineStage;
before(async () => {
  stage = await InlineStage.open();
});
afterEach(() => stage.tidy());
after(() => stage.close());

/** As FreeSWITCH and Asterisk answer strangers. */
const allow = 'INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY, PUBLISH, SUBSCRIBE';
const usual: [string, string][] = [
  ['User-Agent', 'FreeSWITCH-mod_sofia/1.10.9-release~64bit'],
  ['Allow', allow],
  ['Supported', 'timer, path, replaces'],
  [
    'Allow-Events',
    'talk, hold, conference, presence, as-feature-event, dialog, line-seize, call-info, sla, message-summary',
  ],
];
const challenge: [string, string] = [
  'WWW-Authenticate',
  `Digest realm="${domain}", nonce="b6a3b0de-6f2c-4d5e-8a6c-4e5f6a7b8c9d", algorithm=MD5, qop="auth"`,
];

/** The shortest request that we take for whole. */
const minimal = (method: string) => {
  const id = token(4);
  return [
    `${method} sip:1@${domain} SIP/2.0`,
    `v:SIP/2.0/UDP h;branch=z9hG4bK${id}`,
    'f:sip:a@b;tag=1',
    't:sip:a@b',
    `i:${id}`,
    `CSeq:1 ${method}`,
    'm:<sip:a@b>',
    '',
    '',
  ].join('\r\n');
};

/** Everything that came back for it so far; OPTIONS of the hand's own are not counted. */
const told = (hand: Hand) =>
  hand.responses.all.filter(({ message }) => !/@hand$/.test(message.header('Call-ID') ?? ''));

describe('what a forged datagram brings to its victim through us', () => {
  for (const [method, status, share] of [
    ['OPTIONS', 200, 1.5],
    ['MESSAGE', 404, 1.5],
    ['INVITE', 404, 1.5],
    ['INVITE', 407, 2.5],
    ['REGISTER', 401, 2.5],
  ] as const) {
    test(`the shortest ${method} that the PBX answers with ${status}: at most ${share} times its bytes`, async () => {
      const headers = status === 401 || status === 407 ? [challenge, ...usual] : usual;
      const body = status === 200 ? 'v=0\r\n'.repeat(50) : '';
      const answer: Answer = { status, headers, body };
      stage.pbx.script = (request) => (request.header('Call-ID')?.endsWith('@hand') ? null : answer);
      const hand = await stage.hand();
      const sent = minimal(method);
      for (let copies = 1; copies <= 3; copies += 1) {
        hand.send(sent);
        for (let probe = 0; probe < 3; probe += 1) await hand.ask({ user: 'probe', method: 'MESSAGE' });
        const bytes = told(hand).reduce((sum, { text }) => sum + text.length, 0);
        assert.ok(bytes <= share * copies * sent.length, `${bytes} bytes for ${copies} of ${sent.length}`);
      }
    });
  }

  test('a stranger who writes as phones do gets the whole challenge, and a phone that has registered all of an answer', async () => {
    const ext = stage.ext();
    stage.pbx.script = ({ method }) =>
      method === 'INVITE'
        ? { status: 407, headers: [challenge, ...usual] }
        : method === 'INFO'
          ? { status: 489, headers: usual }
          : null;
    const hand = await stage.hand();
    const Supported = 'replaces, outbound, path, gruu, timer, 100rel, norefersub, tdialog, histinfo, answermode';
    const { message } = await hand.ask({
      user: ext,
      method: 'INVITE',
      lines: { Supported, Allow: allow, Subject: 'x'.repeat(200) },
    });
    assert.equal(message.status, 407);
    assert.equal(message.header('Allow'), allow);
    const Contact = `<sip:${ext}@127.0.0.1:${hand.port}>`;
    assert.equal((await hand.ask({ user: ext, method: 'REGISTER', lines: { Contact } })).status, 200);
    const known = minimal('INFO');
    hand.send(known);
    const { text } = await hand.responses.next(({ message: { status } }) => status === 489);
    assert.match(text, /\r\nAllow: /);
  });
});

describe('what a phone would have the PBX do', () => {
  test('a Path that we do not lead is taken out: the PBX would call wherever it says, past us', async () => {
    const ext = stage.ext();
    const hand = await stage.hand();
    const Path = '<sip:10.9.8.7:5060;lr>';
    for (const [contact, Supported] of [
      [`<sip:${ext}@127.0.0.1:${hand.port}>`, 'timer'],
      [`<sip:${ext}@127.0.0.1:${hand.port};lamp=own>`, 'path'],
    ]) {
      const lines = { Contact: contact ?? '', Supported: Supported ?? '', Path };
      assert.equal((await hand.ask({ user: ext, method: 'REGISTER', lines })).status, 200);
      const { contact: known, path } = stage.pbx.bindings.get(ext) ?? { contact: '', path: [Path] };
      assert.deepEqual(path, []);
      assert.match(known, new RegExp(`^sip:${ext}@127\\.0\\.0\\.1:${stage.daemon.udpPort};lamp=[\\w-]{16}$`));
    }
  });

  test('a NOTIFY of a phone that a PBX sends on as a proxy does not reach another: it is not its own', async () => {
    const ext = stage.ext();
    const phone = await stage.registered(ext);
    const { uri } = stage.pbx.toPhone(ext);
    const ours = `SIP/2.0/UDP ${stage.here};rport;branch=z9hG4bK${token(8)}`;
    const theirs = 'SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKphone';
    const callId = token(8);
    const notify = (below: readonly string[]) =>
      [
        `NOTIFY ${uri} SIP/2.0`,
        `Via: SIP/2.0/UDP ${stage.pbx.place};branch=z9hG4bK${token(8)};rport`,
        ...below.map((via) => `Via: ${via}`),
        'From: <sip:evil@b>;tag=1',
        `To: <sip:${ext}@${domain}>`,
        `Call-ID: ${callId}`,
        'CSeq: 1 NOTIFY',
        'Event: check-sync',
        'Subscription-State: terminated',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n');
    const there = { host: '127.0.0.1', port: stage.daemon.udpPort };
    stage.pbx.raw(notify([`${ours}, ${theirs}`]), there);
    stage.pbx.raw(notify([ours, theirs]), there);
    assert.equal((await stage.pbx.ask('OPTIONS', ext)).status, 200);
    assert.ok(!phone.trace.some((line) => line.startsWith('< NOTIFY')));
    stage.pbx.raw(notify([]), there);
    await phone.nextUnsolicited();
  });
});
