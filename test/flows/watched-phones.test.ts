import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Message } from '../support/phone/message.ts';
import { tagOf } from '../support/phone/message.ts';
import { type Held, type WatchedOptions, WatchedPhone } from '../support/phone/watched.ts';
import { domain, type Hand } from './hand.ts';
import { Stage } from './stage.ts';

const profiles = `phones:
  profiles:
    - { name: watched, match: '^Watched/', watch: [presence, dialog, as-feature-event] }
    - { name: shy, match: '^Shy/', watch: [presence] }
    - { name: signing, match: '^Signing/', watch: [presence], watchProof: digest }
`;

let stage: Stage;
let open: WatchedPhone[] = [];
before(async () => {
  stage = await Stage.open(profiles);
});
afterEach(async () => {
  await Promise.all(open.map((phone) => phone.close()));
  open = [];
  await stage.tidy();
});
after(() => stage.close());

async function phone(user: string, more: Partial<WatchedOptions> = {}, transport: 'udp' | 'tcp' = 'udp') {
  const port = transport === 'udp' ? stage.daemon.udpPort : stage.daemon.tcpPort;
  const made = await WatchedPhone.open({ user, domain, server: { host: '127.0.0.1', port, transport }, ...more });
  open.push(made);
  return made;
}

async function register(ext: string, uri: string | null, userAgent = 'Shy/1.0'): Promise<void> {
  const body = uri === null ? { ext, registered: false } : { ext, registered: true, device: { uri, userAgent } };
  const { status } = await stage.daemon.api('/api/v1/simulator/register', { method: 'POST', body });
  assert.equal(status, 200);
}

interface Extension {
  readonly features: { readonly dnd: { readonly enabled: boolean }; readonly cfa: { readonly target: string | null } };
}

const dndIs = (ext: string, on: boolean) =>
  stage.daemon.until<Extension>(`/api/v1/extensions/${ext}`, ({ features }) => features.dnd.enabled === on);

const pidfType = 'application/pidf+xml';
const dialogType = 'application/dialog-info+xml';
const featureType = 'application/x-as-feature-event+xml';

const pidf = (dnd: boolean) => `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:phone@${domain}">
<tuple id="t"><status><basic>open</basic></status><note>${dnd ? 'DND' : 'Online'}</note></tuple></presence>`;

const dialogInfo = (version: number, state: 'full' | 'partial', ...dialogs: readonly (readonly [string, string])[]) =>
  `<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${version}" state="${state}" entity="sip:phone@${domain}">${dialogs
    .map(([id, phase]) => `<dialog id="${id}" direction="recipient"><state>${phase}</state></dialog>`)
    .join('')}</dialog-info>`;

const say = (one: WatchedPhone, held: Held, body: string, contentType = pidfType) =>
  one.notify(held, { body, contentType });

test('a phone that registers is subscribed to as its profile says, and what it says of do not disturb becomes a wish', async () => {
  const ext = stage.ext();
  const one = await phone(ext);
  await register(ext, one.contact);
  const held = await one.next('presence');
  const [request] = one.subscribes.all;
  assert.ok(request);
  assert.equal(request.uri, one.contact);
  assert.match(request.header('From') ?? '', new RegExp(`^<sip:lamplighter@${domain}>;tag=`));
  assert.match(
    request.header('Contact') ?? '',
    new RegExp(`^<sip:lamplighter@127\\.0\\.0\\.1:${stage.daemon.udpPort}>$`),
  );
  assert.equal(request.header('Accept'), 'application/pidf+xml, application/xpidf+xml');
  assert.equal(request.header('Expires'), '3600');
  assert.equal((await say(one, held, pidf(true))).status, 200);
  await dndIs(ext, true);
  const [row] = await stage.daemon.until<{ via: string; who: string; from: string; userAgent: string }[]>(
    `/api/v1/audit?ext=${ext}`,
    (rows) => rows.length > 0,
  );
  const { via, who, from, userAgent } = row!;
  assert.deepEqual([via, who, from, userAgent], ['phone', ext, `udp:127.0.0.1:${one.port}`, 'Shy/1.0']);
  // Switched off elsewhere, and the phone repeats itself: that is no wish.
  await stage.setDnd(ext, false);
  assert.equal((await say(one, held, pidf(true))).status, 200);
  assert.equal((await say(one, held, pidf(false))).status, 200);
  assert.equal((await say(one, held, pidf(true))).status, 200);
  await dndIs(ext, true);
  assert.equal(one.subscribes.all.length, 1);
});

test('a phone whose profile says nothing is not asked, and one that is gone is unsubscribed', async () => {
  const [quiet, ext] = [stage.ext(), stage.ext()];
  const [silent, one] = [await phone(quiet), await phone(ext)];
  await register(quiet, silent.contact, 'Other/1.0');
  await register(ext, one.contact, 'Watched/1.0');
  for (const event of ['presence', 'dialog', 'as-feature-event']) {
    await one.begun.next((held) => held.event === event).catch(() => assert.fail(`${event} was not asked for`));
    if (event === 'presence') break;
  }
  await stage.daemon.until<unknown[]>(`/api/v1/watched?ext=${ext}`, (rows) => rows.length === 3);
  await register(ext, null);
  for (let ended = 0; ended < 3; ended += 1) {
    const last = await one.subscribes.next((request) => request.header('Expires') === '0');
    assert.ok(tagOf(last.header('To')), 'within its dialog');
  }
  assert.equal(one.held.size, 0);
  await stage.daemon.until<unknown[]>(`/api/v1/watched?ext=${ext}`, (rows) => rows.length === 0);
  assert.equal(silent.subscribes.all.length, 0);
});

test('a phone on TCP is asked over TCP', async () => {
  const ext = stage.ext();
  const one = await phone(ext, {}, 'tcp');
  await register(ext, one.contact);
  const held = await one.next('presence');
  assert.match(one.subscribes.all[0]?.header('Via') ?? '', /^SIP\/2\.0\/TCP /);
  assert.equal((await say(one, held, pidf(true))).status, 200);
  await dndIs(ext, true);
});

for (const [status, algorithm] of [
  [401, 'MD5'],
  [407, 'MD5'],
  [401, 'SHA-256'],
] as const) {
  test(`a phone that asks for its password is answered (${status}, ${algorithm}), in the refresh at once`, async () => {
    const ext = stage.ext();
    const one = await phone(ext, {
      challenge: { status, algorithm, realm: 'phone "x"'.replaceAll('"', ''), password: `secret${ext}` },
    });
    await register(ext, one.contact, 'Watched/2');
    await one.next('as-feature-event');
    await register(ext, null);
    await one.subscribes.next((request) => request.header('Expires') === '0');
    assert.equal(one.wrong, 0, 'each answer was right');
    assert.ok(one.counts.includes('00000002'), 'the nonce of the first challenge served for the last SUBSCRIBE');
  });
}

test('a phone with another password is not asked twice with the same one', async () => {
  const ext = stage.ext();
  const one = await phone(ext, { challenge: { status: 401, algorithm: 'MD5', realm: 'phone', password: 'another' } });
  await register(ext, one.contact);
  await stage.daemon.until<{ reason: string }[]>(
    `/api/v1/watched?ext=${ext}`,
    ([row]) => row?.reason === 'SUBSCRIBE was answered 401',
  );
  assert.equal(one.wrong, 1);
  assert.equal(one.subscribes.all.length, 0);
});

test('E65-28: a NOTIFY that nobody asked for is 481: another tag, another Call-ID, another package, an id', async () => {
  const ext = stage.ext();
  const one = await phone(ext);
  await register(ext, one.contact);
  const held = await one.next('presence');
  const state = async (text: Parameters<WatchedPhone['notify']>[1], forged: Partial<Held> = {}) => {
    const before = held.cseq;
    const { status } = await one.notify({ ...held, ...forged, cseq: before + 5 }, text);
    return status;
  };
  const dnd = { body: pidf(true), contentType: pidfType };
  assert.equal(await state(dnd, { ownTag: 'forged' }), 481);
  assert.equal(await state(dnd, { to: held.to.replace(/tag=.*/, 'tag=0123456789abcdef01234567') }), 481);
  assert.equal(await state(dnd, { callId: 'another' }), 481);
  assert.equal(await state({ ...dnd, lines: { Event: 'dialog' } }), 481);
  assert.equal(await state({ ...dnd, lines: { Event: 'presence;id=1' } }), 481);
  assert.equal(await state({ ...dnd, lines: { To: held.to.replace(/;tag=.*/, '') } }), 481);
  await dndIs(ext, false);
  assert.equal((await say(one, held, pidf(true))).status, 200, 'the subscription stands');
});

test('a NOTIFY from another address than the one asked is refused with 403 and changes nothing', async () => {
  const ext = stage.ext();
  const one = await phone(ext);
  await register(ext, one.contact);
  const held = await one.next('presence');
  const stranger: Hand = await stage.hand('tcp');
  // Another address of this host's loopback network.
  const { Socket } = await import('node:net');
  const socket = new Socket();
  const answered = new Promise<string>((resolve, reject) => {
    socket.on('data', (bytes: Buffer) => resolve(bytes.toString('latin1')));
    socket.on('error', reject);
  });
  socket.connect({ host: '127.0.0.1', port: stage.daemon.tcpPort, localAddress: '127.0.0.77' });
  const forged = one.write({ ...held, cseq: 50 }, { body: pidf(true), contentType: pidfType });
  socket.write(forged.toBytes());
  assert.match(await answered, /^SIP\/2\.0 403 /);
  socket.destroy();
  await stranger.close();
  await dndIs(ext, false);
  assert.equal((await say(one, held, pidf(true))).status, 200);
  await dndIs(ext, true);
});

test('with watchProof digest a NOTIFY is challenged, and only the password of the phone’s own user opens', async () => {
  const [ext, other] = [stage.ext(), stage.ext()];
  const one = await phone(ext);
  one.react = () => ({ status: 200, notify: null });
  await register(ext, one.contact, 'Signing/1');
  const held = await one.next('presence');
  const dnd = { body: pidf(true), contentType: pidfType };
  assert.equal((await one.notify(held, dnd)).status, 401);
  assert.equal((await one.notify(held, { ...dnd, password: 'wrong' })).status, 401);
  const from = `<sip:${ext}@${domain}>`;
  const named = { ...held, from };
  assert.equal((await one.notify(named, { ...dnd, password: `secret${other}` })).status, 401);
  await dndIs(ext, false);
  assert.equal((await one.notify({ ...named, cseq: 20 }, { ...dnd, password: `secret${ext}` })).status, 200);
  await dndIs(ext, true);
});

test('a NOTIFY whose CSeq does not grow is 500 and says nothing', async () => {
  const ext = stage.ext();
  const one = await phone(ext);
  await register(ext, one.contact);
  const held = await one.next('presence');
  assert.equal((await one.notify(held, { cseq: 10 })).status, 200);
  const dnd = { body: pidf(true), contentType: pidfType };
  assert.equal((await one.notify(held, { ...dnd, cseq: 9 })).status, 500);
  assert.equal((await one.notify(held, { ...dnd, cseq: 10 })).status, 500);
  await dndIs(ext, false);
  assert.equal((await one.notify(held, { ...dnd, cseq: 400 })).status, 200);
  await dndIs(ext, true);
});

test('what cannot be read is refused with its status, and the subscription goes on', async () => {
  const ext = stage.ext();
  const one = await phone(ext, {}, 'tcp');
  await register(ext, one.contact);
  const held = await one.next('presence');
  const answers: number[] = [];
  const ask = async (text: Parameters<WatchedPhone['notify']>[1]): Promise<Message> => {
    const answer = await one.notify(held, text);
    answers.push(answer.status);
    return answer;
  };
  const unknown = await ask({ body: 'x', contentType: 'text/plain' });
  assert.equal(unknown.header('Accept'), 'application/pidf+xml, application/xpidf+xml');
  await ask({ body: '<presence', contentType: pidfType });
  await ask({ body: `<presence>${'<a>'.repeat(500)}</presence>`, contentType: pidfType });
  await ask({ body: `<!DOCTYPE p [<!ENTITY a "b">]>${pidf(true)}`, contentType: pidfType });
  await ask({ body: pidf(true).replace('<note>', `<note>${'x'.repeat(50_000)}`), contentType: pidfType });
  await ask({ lines: { 'Subscription-State': null } });
  await ask({ lines: { 'Subscription-State': 'active;expires=1, active' } });
  await ask({ lines: { Event: null } });
  const zipped = await ask({ body: 'x', contentType: pidfType, lines: { 'Content-Encoding': 'gzip' } });
  assert.equal(zipped.header('Accept-Encoding'), 'identity');
  const required = await ask({ lines: { Require: 'eventlist' } });
  assert.equal(required.header('Unsupported'), 'eventlist');
  assert.deepEqual(answers, [415, 400, 400, 400, 413, 400, 400, 489, 415, 420]);
  await dndIs(ext, false);
  assert.equal((await say(one, held, pidf(true))).status, 200);
  await dndIs(ext, true);
});

test('64 kB of NOTIFY are refused, and phones are served on', async () => {
  const ext = stage.ext();
  const one = await phone(ext, {}, 'tcp');
  await register(ext, one.contact);
  const held = await one.next('presence');
  const body = pidf(true).replace('<note>', `<note>${'x'.repeat(64_000)}`);
  const { status } = await one.notify(held, { body, contentType: pidfType });
  assert.equal(status, 413);
  const hand = await stage.hand();
  assert.equal((await hand.ask({ user: 'probe', method: 'OPTIONS' })).status, 200);
});

test('do not disturb and a forward of an as-feature-event NOTIFY become wishes; a forward outside the policy does not', async () => {
  const [ext, target] = [stage.ext(), stage.ext()];
  const one = await phone(ext);
  await register(ext, one.contact, 'Watched/1');
  const held = await one.next('as-feature-event');
  const forward = (to: string, on = true) =>
    `<?xml version="1.0"?><ForwardingEvent xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3"><device>x</device><forwardingType>forwardImmediate</forwardingType><forwardStatus>${on}</forwardStatus><forwardTo>${to}</forwardTo></ForwardingEvent>`;
  const dnd = (on: boolean) =>
    `<?xml version="1.0"?><DoNotDisturbEvent xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3"><device>x</device><doNotDisturbOn>${on}</doNotDisturbOn></DoNotDisturbEvent>`;
  assert.equal((await say(one, held, dnd(false), featureType)).status, 200);
  assert.equal((await say(one, held, dnd(true), featureType)).status, 200);
  await dndIs(ext, true);
  assert.equal((await say(one, held, forward('00900123456'), featureType)).status, 200);
  await stage.daemon.until<{ decision: string }[]>(`/api/v1/audit?ext=${ext}`, (rows) =>
    rows.some(({ decision }) => decision === 'refused'),
  );
  assert.equal((await say(one, held, forward(target), featureType)).status, 200);
  await stage.daemon.until<Extension>(`/api/v1/extensions/${ext}`, ({ features }) => features.cfa.target === target);
});

interface Calls {
  readonly dialogs: readonly { readonly state: string }[];
}

const callsAre = (ext: string, ...phases: readonly string[]) =>
  stage.daemon.until<Calls>(
    `/api/v1/extensions/${ext}`,
    ({ dialogs }) => dialogs.map(({ state }) => state).join() === phases.join(),
  );

test('a phone’s own calls light its lamp while the PBX has none of it; one that the PBX has too is the PBX’s to the end', async () => {
  const [ext, caller] = [stage.ext(), stage.ext()];
  const one = await phone(ext);
  await register(ext, one.contact, 'Watched/1');
  const held = await one.next('dialog');
  const tell = async (body: string) => assert.equal((await say(one, held, body, dialogType)).status, 200);
  await tell(dialogInfo(0, 'full', ['direct', 'confirmed']));
  await callsAre(ext, 'confirmed');
  await tell(dialogInfo(1, 'full'));
  await callsAre(ext);
  const rung = await stage.daemon.api<{ id: string }>('/api/v1/simulator/call', {
    method: 'POST',
    body: { from: caller, to: ext },
  });
  await callsAre(ext, 'early');
  await tell(dialogInfo(2, 'full', ['by-pbx', 'early']));
  await callsAre(ext, 'early');
  await stage.daemon.api('/api/v1/simulator/hangup', { method: 'POST', body: { id: rung.body.id } });
  await callsAre(ext);
  // the phone tells another call, and still the old one
  await tell(dialogInfo(3, 'full', ['by-pbx', 'confirmed'], ['own', 'early']));
  await callsAre(ext, 'early');
});

test('D42-14: of dialog-info an older version is passed over, a partial one adds, and after a gap everything is asked for', async () => {
  const ext = stage.ext();
  const one = await phone(ext);
  await register(ext, one.contact, 'Watched/1');
  const held = await one.next('dialog');
  const tell = async (body: string) => assert.equal((await say(one, held, body, dialogType)).status, 200);
  await tell(dialogInfo(5, 'full', ['a', 'early']));
  await callsAre(ext, 'early');
  await tell(dialogInfo(4, 'full'));
  await tell(dialogInfo(6, 'partial', ['b', 'confirmed']));
  await callsAre(ext, 'early', 'confirmed');
  const asked = one.subscribes.all.filter((request) => request.header('Event') === 'dialog').length;
  await tell(dialogInfo(9, 'partial', ['b', 'terminated']));
  await one.subscribes.next(
    (request) => request.header('Event') === 'dialog' && tagOf(request.header('To')) !== undefined,
  );
  assert.equal(one.subscribes.all.filter((request) => request.header('Event') === 'dialog').length, asked + 1);
  await callsAre(ext, 'early', 'confirmed');
  await tell(dialogInfo(10, 'full', ['b', 'confirmed']));
  await callsAre(ext, 'confirmed');
});

test('what a phone said is withdrawn when it ends the subscription, which begins anew at once after deactivated', async () => {
  const ext = stage.ext();
  const one = await phone(ext);
  await register(ext, one.contact, 'Watched/1');
  const held = await one.next('dialog');
  assert.equal((await say(one, held, dialogInfo(0, 'full', ['a', 'confirmed']), dialogType)).status, 200);
  await callsAre(ext, 'confirmed');
  assert.equal((await one.notify(held, { state: 'terminated;reason=deactivated' })).status, 200);
  await callsAre(ext);
  const again = await one.next('dialog');
  assert.notEqual(again.callId, held.callId);
  assert.equal((await say(one, held, dialogInfo(9, 'full', ['a', 'confirmed']), dialogType)).status, 481);
  assert.equal((await say(one, again, dialogInfo(0, 'full', ['a', 'early']), dialogType)).status, 200);
  await callsAre(ext, 'early');
  assert.equal((await one.notify(again, { state: 'terminated;reason=rejected' })).status, 200);
  await stage.daemon.until<{ event: string; state: string }[]>(`/api/v1/watched?ext=${ext}`, (rows) =>
    rows.some(({ event, state }) => event === 'dialog' && state === 'over'),
  );
});

test('a contact that leads to a listener of ours, or is no address of a phone, is never sent to', async () => {
  const own = [
    `sip:x@127.0.0.1:${stage.daemon.udpPort}`,
    'sip:x@224.0.0.1:5060',
    'sip:x@0.0.0.0:5060',
    'tel:1',
    'nonsense',
  ];
  for (const uri of [...own, `sip:x@127.0.0.1:${stage.daemon.tcpPort};transport=tcp`]) {
    const ext = stage.ext();
    await register(ext, uri);
    const [row] = await stage.daemon.until<{ state: string; reason: string | null }[]>(
      `/api/v1/watched?ext=${ext}`,
      ([it]) => it?.state === 'over',
    );
    assert.ok(row?.reason, uri);
    await register(ext, null);
  }
});

test('a phone that nobody can connect to is asked over the connection of its own subscription', async () => {
  const ext = stage.ext();
  const one = await phone(ext, {}, 'tcp');
  // Its contact is no address, as that of a phone on a web page.
  const contact = `sip:${ext}@${ext}.invalid;transport=ws`;
  const hand = await stage.hand('tcp');
  hand.onSubscribe = (bytes, back) => one.onBytes(bytes, back);
  await hand.ask({ user: ext, lines: { Contact: `<${contact}>` } });
  await register(ext, contact);
  const held = await one.next('presence', 30_000);
  assert.equal((await say(one, held, pidf(true))).status, 200);
  await dndIs(ext, true);
});

test('a refused SUBSCRIBE is not repeated: 489, 403; an interval too short is asked for again as long as the phone wants', async () => {
  for (const status of [489, 403]) {
    const ext = stage.ext();
    const one = await phone(ext);
    one.react = () => ({ status });
    await register(ext, one.contact);
    await stage.daemon.until<{ state: string }[]>(`/api/v1/watched?ext=${ext}`, ([row]) => row?.state === 'over');
    assert.equal(one.subscribes.all.length, 1);
  }
  const ext = stage.ext();
  const one = await phone(ext);
  one.react = (request) =>
    Number(request.header('Expires')) < 7200 && request.header('Expires') !== '0'
      ? { status: 423, headers: [['Min-Expires', '7200']] }
      : { status: 200 };
  await register(ext, one.contact);
  assert.equal((await one.next('presence')).expires, 7200);
});

test('a stop unsubscribes everywhere; after kill -9 the NOTIFY of a phone gets 481, and the phone is asked anew', async () => {
  const ext = stage.ext();
  const one = await phone(ext);
  await register(ext, one.contact);
  const held = await one.next('presence');
  await stage.killAndStart();
  assert.equal((await say(one, held, pidf(true))).status, 481);
  await stage.daemon.ready();
  await register(ext, one.contact);
  const again = await one.next('presence');
  assert.notEqual(again.callId, held.callId);
  assert.equal((await say(one, again, pidf(true))).status, 200);
  await dndIs(ext, true);
  one.held.delete(`${held.callId} ${held.theirTag}`);
  const begun = Date.now();
  const stopped = stage.daemon.stop();
  await one.subscribes.next((request) => request.header('Expires') === '0');
  assert.equal(await stopped, 0);
  assert.ok(Date.now() - begun < 20_000);
  assert.equal(one.held.size, 0, 'no phone tells a dialog that nobody knows');
  await stage.killAndStart();
  await stage.daemon.ready();
});
