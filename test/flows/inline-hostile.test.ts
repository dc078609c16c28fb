import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { token } from '../support/phone/agent.ts';
import type { Phone } from '../support/phone.ts';
import { domain, type Lines } from './hand.ts';
import { InlineStage } from './inline-stage.ts';

let stage: InlineStage;
before(async () => {
  stage = await InlineStage.open();
});
afterEach(() => stage.tidy());
after(() => stage.close());

const atPbx = (callId: string) => stage.pbx.received.filter(({ request }) => request.header('Call-ID') === callId);

/** Requests of a method that reached a phone. */
const atPhone = (phone: Phone, method: string) => phone.trace.filter((line) => line.startsWith(`< ${method} `));

/** What was on its way before has come, or never will: the PBX's own request overtakes nothing. */
async function settled(user: string): Promise<void> {
  assert.equal((await stage.pbx.ask('OPTIONS', user)).status, 200);
}

const summary: [string, string][] = [
  ['Event', 'message-summary'],
  ['Subscription-State', 'terminated;reason=timeout'],
  ['Content-Type', 'application/simple-message-summary'],
];
const notifyLines: Lines = Object.fromEntries([...summary, ['Content-Type', 'text/plain']]);

/** A call that stands: its phones, and the URI that the PBX was given for the dialog of the caller. */
async function standing() {
  const [a, b] = [stage.ext(), stage.ext()];
  const [caller, callee] = [await stage.registered(a), await stage.registered(b)];
  callee.onCall((call) => void call.answer());
  const call = await caller.invite(b);
  await call.answered;
  const { callId } = call.dialog;
  const invite = stage.pbx.of('INVITE').find((one) => one.header('Call-ID') === callId);
  const route = invite?.header('Record-Route') ?? '';
  return { a, b, caller, callee, call, callId, route };
}

describe('a NOTIFY from outside of any dialog', () => {
  test('of the PBX itself reaches the phone that registered through us', async () => {
    const ext = stage.ext();
    const phone = await stage.registered(ext, 'tcp');
    const told = stage.pbx.ask('NOTIFY', ext, summary, 'Messages-Waiting: no\r\n');
    assert.equal((await phone.nextUnsolicited()).body, 'Messages-Waiting: no\r\n');
    assert.equal((await told).status, 200);
  });

  test('of anybody else goes nowhere: neither to the phone nor to the PBX', async () => {
    const ext = stage.ext();
    const phone = await stage.registered(ext);
    const { contact } = stage.pbx.bindings.get(ext) ?? { contact: '' };
    const direct = /<([^>]*)>/.exec(phone.contact)?.[1] ?? '';
    for (const transport of ['udp', 'tcp'] as const) {
      const hand = await stage.hand(transport);
      // by TCP the PBX is who comes from its host and knows the token, and this is its host
      const known = transport === 'udp' ? [contact] : [];
      for (const uri of [...known, direct, `sip:${ext}@${domain}`, `sip:${ext}@${stage.here}`]) {
        for (const To of [`<sip:${ext}@${domain}>`, `<sip:${ext}@${domain}>;tag=guessed`]) {
          const ask = { user: 'evil', method: 'NOTIFY', uri, lines: { ...notifyLines, To }, body: 'x' };
          const { status, talk } = await hand.ask(ask);
          assert.equal(status, 481, `${transport} ${uri}`);
          assert.deepEqual(atPbx(talk.callId), []);
        }
      }
    }
    await settled(ext);
    assert.deepEqual(atPhone(phone, 'NOTIFY'), []);
  });

  test('in another spelling of its method goes nowhere either: 501', async () => {
    const ext = stage.ext();
    const phone = await stage.registered(ext);
    const { contact } = stage.pbx.bindings.get(ext) ?? { contact: '' };
    const hand = await stage.hand();
    for (const method of ['notify', 'Notify', 'iNVITE', 'invite']) {
      const { status } = await hand.ask({ user: 'evil', method, uri: contact, lines: notifyLines, body: 'x' });
      assert.equal(status, 501, method);
    }
    const own = await stage.pbx.until(() => stage.pbx.bindings.get(ext), 'the binding');
    const there = { host: '127.0.0.1', port: stage.daemon.udpPort };
    stage.pbx.raw(handWritten('notify', own.contact), there);
    await settled(ext);
    assert.ok(!phone.trace.some((line) => /^< notify/i.test(line)));
  });

  test('shows a token of another dialog, or one that was changed: 481', async () => {
    const { a, caller, route, call } = await standing();
    const [, uri = ''] = /<([^>]*)>/.exec(route) ?? [];
    const [, used = ''] = /^sip:([^@]*)@/.exec(uri) ?? [];
    const changed = `${used.slice(0, 8)}${used[8] === 'A' ? 'B' : 'A'}${used.slice(9)}`;
    for (const Route of [
      route,
      `<${uri.replace(used, changed)}>`,
      `<sip:${'A'.repeat(used.length)}@${stage.here};lr>`,
    ]) {
      const target = `sip:${a}@127.0.0.1:${caller.port}`;
      const { status } = await stage.pbx.send('NOTIFY', target, [['Route', Route], ...summary], 'x');
      assert.equal(status, 481);
    }
    await settled(a);
    assert.deepEqual(atPhone(caller, 'NOTIFY'), []);
    await call.hangup();
  });
});

test('with unsolicited: never not even the PBX reaches a phone by a NOTIFY outside of a dialog', async () => {
  const strict = await InlineStage.open({ inline: 'unsolicited: never' });
  try {
    const phone = await strict.registered('2001');
    assert.equal((await strict.pbx.ask('NOTIFY', '2001', summary, 'x')).status, 481);
    const dialogs = strict.pbx.accept('SUBSCRIBE', [['Expires', '60']]);
    const subscription = await phone.subscribe({ event: 'x-unknown', resource: '2001' });
    const [dialog] = dialogs;
    assert.ok(dialog !== undefined);
    const told = strict.pbx.inside(dialog, 'NOTIFY', [['Event', 'x-unknown'], ...summary.slice(1)], 'y');
    assert.equal((await subscription.next()).body, 'y');
    assert.equal((await told).status, 200);
  } finally {
    await strict.close();
  }
});

describe('who is no PBX and what is no token of ours', () => {
  test('a stranger reaches no phone, whatever Route and Request-URI say: everything of his goes to the PBX', async () => {
    const { a, b, callee, route, call } = await standing();
    const { contact } = stage.pbx.bindings.get(b) ?? { contact: '' };
    const direct = `sip:${b}@127.0.0.1:${callee.port}`;
    const before = callee.trace.length;
    const hand = await stage.hand();
    const routes = [[], [route], [`<${contact};lr>`], [`<sip:${stage.here};lr>`, `<${direct};lr>`], [`<${direct};lr>`]];
    let sent = 0;
    for (const uri of [contact, direct]) {
      for (const Route of routes) {
        const { talk } = await hand.ask({ user: 'evil', method: 'MESSAGE', uri, lines: { Route } });
        sent += atPbx(talk.callId).length;
      }
    }
    assert.equal(sent, 10);
    await settled(b);
    const came = callee.trace.slice(before).filter((line) => line.startsWith('<'));
    assert.deepEqual(
      came.filter((line) => line.includes('evil')),
      [],
    );
    await call.hangup();
    assert.ok(a !== b);
  });

  test('maddr to a stranger is refused, and one that is us is taken off', async () => {
    const hand = await stage.hand();
    const ask = { user: 'evil', method: 'MESSAGE' };
    const away = await hand.ask({ ...ask, uri: `sip:2299@${domain};maddr=203.0.113.66` });
    assert.equal(away.status, 403);
    assert.deepEqual(atPbx(away.talk.callId), []);
    const here = await hand.ask({
      ...ask,
      uri: `sip:2299@${domain}:${stage.daemon.udpPort};transport=udp;maddr=127.0.0.1`,
    });
    assert.equal(atPbx(here.talk.callId)[0]?.request.uri, `sip:2299@${domain}`);
  });

  test('the PBX without a token of ours: 404, 481 in a dialog, and an ACK is dropped', async () => {
    const ext = stage.ext();
    const phone = await stage.registered(ext);
    for (const uri of [
      `sip:${ext}@${stage.here}`,
      `sip:${ext}@${stage.here};lamp=${token(8)}`,
      `sip:${ext}@127.0.0.1:${phone.port}`,
    ]) {
      const onward: [string, string][] = [['Route', `<sip:${stage.here};lr>`]];
      assert.equal((await stage.pbx.send('MESSAGE', uri, onward)).status, 404, uri);
    }
    await settled(ext);
    assert.deepEqual(atPhone(phone, 'MESSAGE'), []);
  });

  test('a REGISTER that has ended leaves a Contact that leads nowhere', async () => {
    const ext = stage.ext();
    const phone = await stage.registered(ext);
    const { uri } = stage.pbx.toPhone(ext);
    assert.equal((await phone.unregister()).status, 200);
    assert.equal((await stage.pbx.send('MESSAGE', uri)).status, 404);
    assert.deepEqual(atPhone(phone, 'MESSAGE'), []);
  });

  test('a phone whose connection is gone: 480, and the request goes to nobody else', async () => {
    const ext = stage.ext();
    const phone = await stage.registered(ext, 'tcp');
    const { uri } = stage.pbx.toPhone(ext);
    await phone.close();
    const answers = async (): Promise<number> => (await stage.pbx.send('MESSAGE', uri)).status;
    // until the end of the connection has been noticed it may still be written to
    let status = await answers();
    for (let tries = 0; status !== 480 && tries < 50; tries++) status = await answers();
    assert.equal(status, 480);
  });
});

describe('what reaches the PBX is what we understood', () => {
  /** Sends bytes by hand that name a dialog; gives what the PBX got of it, raw. */
  const through = async (text: (callId: string, branch: string) => string | Buffer) => {
    const hand = await stage.hand();
    const callId = `${token(8)}@hand`;
    hand.send(text(callId, `z9hG4bK${token(8)}`));
    const { talk } = await hand.ask({ user: 'probe', method: 'MESSAGE' });
    await stage.pbx.until(() => atPbx(talk.callId)[0], 'the probe');
    const answers = hand.responses.all.filter(({ message }) => message.header('Call-ID') === callId);
    return { raw: atPbx(callId).map(({ raw }) => raw), status: answers.at(-1)?.message.status ?? 0 };
  };
  const message = (
    callId: string,
    branch: string,
    extra = '',
    body = '',
    length: string | null = String(body.length),
  ) =>
    [
      `MESSAGE sip:2299@${domain} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:9;branch=${branch};rport`,
      'Max-Forwards: 70',
      `From: <sip:a@${domain}>;tag=1`,
      `To: <sip:2299@${domain}>`,
      `Call-ID: ${callId}`,
      'CSeq: 1 MESSAGE',
      ...(extra === '' ? [] : [extra]),
      ...(length === null ? [] : [`Content-Length: ${length}`]),
      '',
      body,
    ].join('\r\n');

  test('compact forms are written out, folded lines unfolded, spelled names made equal', async () => {
    const { raw } = await through((callId, branch) =>
      [
        `MESSAGE sip:2299@${domain} SIP/2.0`,
        `v: SIP/2.0/UDP 127.0.0.1:9;branch=${branch};rport`,
        `f: "A\r\n B" <sip:a@${domain}>\r\n ;tag=1`,
        `t : <sip:2299@${domain}>`,
        `i: ${callId}`,
        'cSeQ: 1\r\n\tMESSAGE',
        's: one\r\n two',
        'x-oWn:\tthree',
        'l: 0',
        '',
        '',
      ].join('\r\n'),
    );
    const [got = ''] = raw;
    assert.match(got, new RegExp(`\r\nFrom: "A B" <sip:a@${domain}> ;tag=1\r\n`));
    for (const line of ['To: <sip:2299@', 'CSeq: 1 MESSAGE', 'Subject: one two', 'X-Own: three', 'Content-Length: 0'])
      assert.ok(got.includes(`\r\n${line}`), `${line} in ${got}`);
    assert.doesNotMatch(got, /\r\n[ \t]|\r\n[a-z] ?:/);
  });

  test('what stands behind Content-Length, and a second message in a datagram, stay here', async () => {
    const { raw } = await through(
      (callId, branch) =>
        `${message(callId, branch, 'Content-Type: text/plain', 'abcdef', '3')}${message(`${callId}2`, `${branch}2`)}`,
    );
    assert.equal(raw.length, 1);
    assert.ok(raw[0]?.endsWith('Content-Length: 3\r\n\r\nabc'));
  });

  const refused: readonly (readonly [what: string, extra: string])[] = [
    ['a header twice that has one value', 'Refer-To: <sip:a@b>\r\nRefer-To: <sip:c@d>'],
    ['a compact and a long form of one header', `t: <sip:x@${domain}>`],
    ['two transfers in one header', 'Refer-To: <sip:a@b>, <sip:c@d>'],
    ['two who refer', 'Referred-By: <sip:a@b>\r\nb: <sip:c@d>'],
    ['a second Contact', 'Contact: <sip:a@b>, <sip:c@d>'],
    ['a Contact that is none', 'Contact: <sip:a@b:99999>'],
    ['a Contact that would say what the PBX sends there', 'Contact: <sip:a@b?Route=%3Csip:c%3E>'],
    ['a Record-Route with headers', 'Record-Route: <sip:a@b;lr?Subject=x>'],
    ['a star where nothing is registered', 'Contact: *'],
    ['Via that nobody can read', 'Via: SIP/2.0/UDP [::1;branch=x'],
    ['Via with something behind the comma', 'Via: SIP/2.0/UDP a;branch=z9hG4bKa, INVITE'],
    ['Record-Route without brackets', 'Record-Route: sip:a@b;lr'],
    ['a Path that is none', 'Path: <mailto:a@b>'],
    ['an unknown compact form', 'h: 1'],
    ['a length in words', 'Session-Expires: ninety'],
    ['two lengths', 'Expires: 1, 2'],
    ['a dialog that cannot be', 'Replaces: a b;to-tag=1'],
    ['a type without a subtype', 'Content-Type: text'],
    ['a parameter with two values', 'Content-Type: multipart/mixed;boundary=a;boundary=b'],
    ['a requirement of two words', 'Require: 100 rel'],
    ['an Event of nothing', 'Event: ;id=1'],
    ['a control character', 'Subject: a\x01b'],
    ['a bare CR', 'Subject: a\rInjected: b'],
    ['a bare LF', 'Subject: a\nInjected: b'],
    ['a name with a blank inside', 'Con tent-Length: 5'],
    ['a NUL', 'Subject: a\x00b'],
    ['credentials of no scheme', 'Authorization: ='],
    ['a digest of nothing', 'Authorization: Digest ,,,='],
    ['a digest that says a thing twice', 'Authorization: Digest username="a", realm="r", username="b"'],
    ['two digests in one line', 'Proxy-Authorization: Digest username="a", realm="r", Digest username="b"'],
  ];
  for (const [what, extra] of refused) {
    test(`${what}: 400, and nothing of it at the PBX`, async () => {
      const { raw, status } = await through((callId, branch) => message(callId, branch, extra));
      assert.deepEqual(raw, []);
      assert.equal(status, 400);
    });
  }

  test('a Call-ID that two would read in two ways: 400', async () => {
    for (const odd of ['a b', 'a@b@c', 'a;b', 'a,b', 'ä']) {
      const { raw, status } = await through((callId, branch) =>
        message(callId, branch).replace(`Call-ID: ${callId}`, `Call-ID: ${odd}`),
      );
      assert.deepEqual(raw, []);
      assert.ok(status === 400 || status === 0); // the answer has the odd Call-ID
      assert.ok(!stage.pbx.received.some(({ request }) => request.header('Call-ID') === odd));
    }
  });

  test('the Latin-1 of an old phone becomes UTF-8, and UTF-8 stays as it is', async () => {
    const latin = await through((callId, branch) =>
      Buffer.from(message(callId, branch, 'Subject: Gr\xfc\xdfe').replace('From: <', 'From: "M\xfcller" <'), 'latin1'),
    );
    const bytes = Buffer.from(latin.raw[0] ?? '', 'latin1').toString('utf8');
    assert.match(bytes, /\r\nFrom: "Müller" </);
    assert.match(bytes, /\r\nSubject: Grüße\r\n/);
    const utf8 = await through((callId, branch) => Buffer.from(message(callId, branch, 'Subject: Grüße ☎'), 'utf8'));
    assert.match(Buffer.from(utf8.raw[0] ?? '', 'latin1').toString('utf8'), /\r\nSubject: Grüße ☎\r\n/);
  });

  test('lists of what a phone can do lose what nobody can read, and stay as they came where there is nothing of that', async () => {
    const odd = await through((callId, branch) =>
      message(callId, branch, 'Supported: replaces, ,100 rel\r\nk: timer,\r\nAllow: INVITE,,ACK;x\r\nAllow-Events: ;'),
    );
    assert.match(odd.raw[0] ?? '', /\r\nSupported: replaces, timer\r\n/);
    assert.match(odd.raw[0] ?? '', /\r\nAllow: INVITE\r\n/);
    assert.doesNotMatch(odd.raw[0] ?? '', /Allow-Events|100 rel/);
    const usual = await through((callId, branch) => message(callId, branch, 'Supported:\r\nAllow: INVITE,ACK'));
    assert.match(usual.raw[0] ?? '', /\r\nSupported: \r\nAllow: INVITE,ACK\r\n/);
  });

  test('what only a proxy may assert is left out', async () => {
    const extra = [
      `P-Asserted-Identity: <sip:boss@${domain}>`,
      'X-AUTH-IP: 10.0.0.1',
      'x-auth-port: 5060',
      'X-Kept: yes',
    ];
    const { raw } = await through((callId, branch) => message(callId, branch, extra.join('\r\n')));
    assert.match(raw[0] ?? '', /\r\nX-Kept: yes\r\n/);
    assert.doesNotMatch(raw[0] ?? '', /Asserted|X-Auth/i);
  });

  test('a phone’s answer names the dialog as the PBX did, and what cannot be read in it stays here', async () => {
    const ext = stage.ext();
    const hand = await stage.hand();
    const Contact = `<sip:${ext}@127.0.0.1:${hand.port}>`;
    assert.equal((await hand.ask({ user: ext, method: 'REGISTER', lines: { Contact } })).status, 200);
    const asked = stage.pbx.ask('MESSAGE', ext);
    const came = await hand.requests.next(({ method }) => method === 'MESSAGE');
    const others: Readonly<Record<string, string>> = { 'Call-ID': 'another@call', From: '<sip:else@b>;tag=9' };
    const forged = {
      all: (name: string) => (others[name] === undefined ? came.all(name) : [others[name]]),
      header: (name: string) => came.header(name),
    };
    hand.answerAs(came, forged, 200, ['Contact: <sip:a@b:99999>', `P-Asserted-Identity: <sip:boss@${domain}>`]);
    const response = await asked;
    assert.equal(response.header('Call-ID'), came.header('Call-ID'));
    assert.equal(response.header('From'), came.header('From'));
    assert.equal(response.header('Contact'), undefined);
    assert.equal(response.header('P-Asserted-Identity'), undefined);
  });
});

function handWritten(method: string, uri: string): string {
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${stage.pbx.place};branch=z9hG4bK${token(8)};rport`,
    `From: <sip:pbx@${stage.pbx.place}>;tag=1`,
    `To: <${uri}>`,
    `Call-ID: ${token(8)}`,
    `CSeq: 1 ${method}`,
    'Event: check-sync',
    'Subscription-State: terminated',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
