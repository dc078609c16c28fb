import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { dialogInfo, lamp } from '../support/phone.ts';
import { domain, type Hand } from './hand.ts';
import { InlineStage } from './inline-stage.ts';

let stage: InlineStage;
before(async () => {
  stage = await InlineStage.open({ inline: 'pbx: [message-summary]' });
});
afterEach(() => stage.tidy());
after(() => stage.close());

/** What the PBX got of this dialog. */
const atPbx = (callId: string) => stage.pbx.received.filter(({ request }) => request.header('Call-ID') === callId);

/** Nothing of the dialog is at the PBX, though something later is: it reads in order. */
async function neverAtPbx(callId: string): Promise<void> {
  const hand = await stage.hand();
  const { talk } = await hand.ask({ user: 'probe', method: 'MESSAGE' });
  await stage.pbx.until(() => atPbx(talk.callId)[0], 'the probe');
  assert.deepEqual(
    atPbx(callId).map(({ request }) => request.start),
    [],
  );
}

describe('what is served and what goes on', () => {
  test('a SUBSCRIBE of our packages is served, and its lamp follows; one of a package that stays goes to the PBX', async () => {
    const [watcher, watched] = [stage.ext(), stage.ext()];
    const phone = await stage.registered(watcher);
    const own = await phone.subscribe({ event: 'dialog', resource: watched });
    assert.equal(own.response.status, 200);
    assert.equal(lamp(dialogInfo(await own.next())), 'off');
    stage.pbx.accept('SUBSCRIBE', [['Expires', '60']]);
    const theirs = await phone.subscribe({ event: 'message-summary', resource: watcher });
    assert.equal(theirs.response.status, 200);
    const came = await stage.pbx.nth('SUBSCRIBE');
    assert.deepEqual([came.header('Event'), stage.pbx.of('SUBSCRIBE').length], ['message-summary', 1]);
  });

  test('E65-24: a subscription at the PBX is told and renewed along our Routes', async () => {
    const ext = stage.ext();
    const phone = await stage.registered(ext, 'tcp');
    const before = stage.pbx.of('SUBSCRIBE').length;
    const dialogs = stage.pbx.accept('SUBSCRIBE', [['Expires', '60']]);
    const subscription = await phone.subscribe({ event: 'message-summary', resource: ext });
    const [dialog] = dialogs;
    assert.ok(dialog !== undefined);
    const told = stage.pbx.inside(dialog, 'NOTIFY', summary, 'Messages-Waiting: yes\r\n');
    assert.equal((await subscription.next()).body, 'Messages-Waiting: yes\r\n');
    assert.equal((await told).status, 200);
    await subscription.refresh();
    const renewed = await stage.pbx.nth('SUBSCRIBE', before + 2);
    assert.equal(renewed.uri, `sip:pbx@${stage.pbx.place}`);
    assert.deepEqual(renewed.all('Route'), []);
  });

  test('E65-23: what the PBX answers goes back without an Allow-Events of ours', async () => {
    stage.pbx.accept('SUBSCRIBE', [['Expires', '60']]);
    const hand = await stage.hand();
    for (const ask of [
      { event: 'x-unknown' },
      { event: 'message-summary' },
      { method: 'OPTIONS', uri: `sip:${stage.pbx.place}` },
    ]) {
      const answer = await hand.ask({ user: '2298', ...ask });
      assert.equal(answer.status, 200);
      assert.equal(answer.header('Allow-Events'), undefined);
    }
  });

  test('OPTIONS to Lamplighter is answered here, OPTIONS to the PBX there', async () => {
    const hand = await stage.hand();
    const here = await hand.ask({ user: 'probe', method: 'OPTIONS', uri: `sip:${stage.here}` });
    assert.match(here.header('Allow-Events') ?? '', /dialog/);
    assert.deepEqual(atPbx(here.talk.callId), []);
    const there = await hand.ask({ user: 'probe', method: 'OPTIONS', uri: `sip:${stage.pbx.place}` });
    assert.equal(there.status, 200);
    assert.equal(atPbx(there.talk.callId).length, 1);
  });

  test('a request by way of us loses our Route, by whatever name it knows us, and keeps those of the PBX', async () => {
    const hand = await stage.hand();
    const pbx = `<sip:${stage.pbx.place};lr>`;
    for (const [routes, left] of [
      [[`<sip:${stage.here};lr>`], []],
      [[`<sip:proxy.example.com:5062;lr>`], []],
      [[`<sip:${stage.here};lr>, ${pbx}`], [pbx]],
      [[`<sip:${stage.here};lr>`, `<sip:${stage.here};transport=tcp;lr>`, pbx], [pbx]],
      [[pbx], [pbx]],
    ] as const) {
      const { status, talk } = await hand.ask({ user: '2299', method: 'MESSAGE', lines: { Route: routes } });
      assert.equal(status, 404); // nobody has registered
      assert.deepEqual(atPbx(talk.callId)[0]?.request.all('Route'), left, String(routes));
    }
  });

  test('a SUBSCRIBE by way of us is served; one that goes by somebody else is the PBX’s', async () => {
    const ext = stage.ext();
    const hand = await stage.hand();
    const served = await hand.ask({ user: ext, lines: { Route: `<sip:${stage.here};lr>` } });
    assert.equal(served.status, 200);
    const routes = [`<sip:${stage.here};lr>`, '<sip:edge.example.net;lr>'];
    const gone = await hand.ask({ user: ext, lines: { Route: routes } });
    assert.equal(atPbx(gone.talk.callId).length, 1);
  });

  test('a strict router’s work is undone: our Record-Route as Request-URI makes way for the last Route', async () => {
    const [a, b] = [stage.ext(), stage.ext()];
    const [caller, callee] = [await stage.registered(a), await stage.registered(b)];
    callee.onCall((call) => void call.answer());
    const call = await caller.invite(b);
    await call.answered;
    const { callId, localTag, remoteTag } = call.dialog;
    const ours =
      stage.pbx
        .of('INVITE')
        .find((one) => one.header('Call-ID') === callId)
        ?.header('Record-Route') ?? '';
    const hand = await stage.hand();
    const sent = await hand.ask({
      user: a,
      method: 'INFO',
      uri: /<([^>]*)>/.exec(ours)?.[1]?.replace(';lr', '') ?? '',
      talk: { user: a, callId, fromTag: localTag, toTag: remoteTag ?? null, cseq: 50, target: '' },
      lines: { Route: `<sip:pbx@${stage.pbx.place}>` },
    });
    assert.ok(sent.status > 0);
    const info = atPbx(callId).find(({ request }) => request.method === 'INFO')?.request;
    assert.equal(info?.uri, `sip:pbx@${stage.pbx.place}`);
    assert.deepEqual(info?.all('Route'), []);
    await call.hangup();
  });
});

test('reach: path: the PBX keeps the phone’s own Contact and comes by our Path; a phone that knows no Path by our Contact', async () => {
  const site = await InlineStage.open({ inline: 'reach: path' });
  try {
    const knowing = await site.phone('2001', 'tcp');
    assert.equal((await knowing.register(300, [['Supported', 'path']])).status, 200);
    const unknowing = await site.registered('2002');
    const [path] = site.pbx.bindings.get('2001')?.path ?? [];
    assert.match(path ?? '', new RegExp(`^<sip:[\\w-]{16}@${site.here.replaceAll('.', '\\.')};lr`));
    assert.deepEqual(site.pbx.bindings.get('2002')?.path, []);
    for (const phone of [knowing, unknowing]) {
      const asked = site.pbx.ask('MESSAGE', phone.user, [['Content-Type', 'text/plain']], 'x');
      const came = await phone.nextRequest();
      assert.equal(`<${came.uri}>`, phone.contact);
      assert.deepEqual(came.all('Route'), []);
      assert.equal((await asked).status, 200);
    }
    assert.match(site.pbx.bindings.get('2002')?.contact ?? '', /;lamp=/);
    assert.equal(`<${site.pbx.bindings.get('2001')?.contact}>`, knowing.contact);
  } finally {
    await site.close();
  }
});

describe('what a proxy must refuse (RFC 3261 16.3)', () => {
  const refused = async (status: number, ask: Parameters<Hand['ask']>[0]) => {
    const answer = await (await stage.hand()).ask(ask);
    assert.equal(answer.status, status, answer.text);
    await neverAtPbx(answer.talk.callId);
    return answer;
  };

  test('W-24: Max-Forwards 0: 483, and an OPTIONS is answered in the PBX’s stead', async () => {
    await refused(483, { user: '2299', method: 'MESSAGE', lines: { 'Max-Forwards': '0' } });
    await refused(200, {
      user: '2299',
      method: 'OPTIONS',
      uri: `sip:${stage.pbx.place}`,
      lines: { 'Max-Forwards': '0' },
    });
  });

  test('Max-Forwards is one less behind us', async () => {
    const { talk } = await (await stage.hand()).ask({
      user: '2299',
      method: 'MESSAGE',
      lines: { 'Max-Forwards': '7' },
    });
    assert.equal(atPbx(talk.callId)[0]?.request.header('Max-Forwards'), '6');
  });

  test('an extension asked of proxies: 420 that names it', async () => {
    const answer = await refused(420, {
      user: '2299',
      method: 'MESSAGE',
      lines: { 'Proxy-Require': 'sec-agree, foo' },
    });
    assert.equal(answer.header('Unsupported'), 'sec-agree, foo');
  });

  test('a scheme that nobody knows: 416; sips: that would go on in the clear: 480 with a Warning', async () => {
    await refused(416, { user: '2299', method: 'MESSAGE', uri: 'fax:4930' });
    const answer = await refused(480, { user: '2299', method: 'INVITE', uri: `sips:2298@${domain}` });
    assert.match(answer.header('Warning') ?? '', /^380 /);
  });

  test('tel: is the PBX’s to understand', async () => {
    const { talk } = await (await stage.hand()).ask({ user: '2299', method: 'MESSAGE', uri: 'tel:+49301234' });
    assert.equal(atPbx(talk.callId)[0]?.request.uri, 'tel:+49301234');
  });

  test('a PBX that sends a request back as it came: 482, and it does not go round', async () => {
    stage.pbx.script = ({ method }) => (method === 'MESSAGE' ? { status: 480 } : null);
    const hand = await stage.hand();
    const { talk } = await hand.ask({ user: '2299', method: 'MESSAGE', uri: `sip:2298@${domain}` });
    const [first] = atPbx(talk.callId);
    const back = first?.raw.replace(/^Via: /m, `Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKback\r\nVia: `) ?? '';
    // by TCP from the host that phones share with the PBX, where nothing says whose it is
    const other = await stage.hand('tcp');
    other.send(back);
    const { message } = await other.responses.next();
    assert.equal(message.status, 482);
  });

  test('malformed Routes: 400', async () => {
    for (const route of ['sip:x@y', '<sip:a', '<sip:a@b>, ', '<mailto:a@b>']) {
      await refused(400, { user: '2299', method: 'MESSAGE', lines: { Route: route } });
    }
  });
});

const summary: [string, string][] = [
  ['Event', 'message-summary'],
  ['Subscription-State', 'active;expires=60'],
  ['Content-Type', 'application/simple-message-summary'],
];
