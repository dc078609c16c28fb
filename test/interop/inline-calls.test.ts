import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setDnd } from '../support/phone.ts';
import { allQuiet, enter, inline, Lamps, talk } from './inline-scene.ts';
import { it, Site, says, skip } from './scene.ts';

let site: Site;
before(async () => {
  if (skip === null) site = await Site.open(inline());
});
after(() => site?.close());

it('a phone registers through Lamplighter with its password at Asterisk, which is told how to reach it, and leaves', async () => {
  const stranger = await site.desk('1003', { password: 'wrong' });
  assert.equal((await stranger.register()).status, 401);
  const phone = await enter(site, '1003');
  await site.daemon.until<{ registered: boolean }>('/api/v1/extensions/1003', ({ registered }) => registered);
  assert.match(
    await site.lab.cli('pjsip show contacts'),
    new RegExp(`1003/sip:1003@127\\.0\\.0\\.1:${site.daemon.udpPort}`),
  );
  assert.equal((await phone.unregister()).status, 200);
  await site.daemon.until<{ registered: boolean }>('/api/v1/extensions/1003', ({ registered }) => !registered);
});

it('a call rings, is answered, held by either side, resumed and ended by either side, and the lamps follow', async () => {
  const [caller, callee] = [await enter(site, '1001'), await enter(site, '1002')];
  const lamps = await Lamps.on(site, '1001', '1002');
  const first = await caller.invite('1002');
  const ringing = await callee.nextCall();
  ringing.ringing();
  await lamps.show({ '1001': 'busy', '1002': 'ringing' });
  await ringing.answer();
  await first.answered;
  await lamps.show({ '1001': 'busy', '1002': 'busy' });
  assert.equal((await first.hold()).status, 200);
  await lamps.show({ '1001': 'held', '1002': 'busy' });
  assert.equal((await first.resume()).status, 200);
  await lamps.show({ '1001': 'busy' });
  assert.equal((await ringing.hold()).status, 200);
  await lamps.show({ '1002': 'held', '1001': 'busy' });
  assert.equal((await ringing.resume()).status, 200);
  await lamps.show({ '1002': 'busy' });
  await first.hangup();
  assert.equal((await ringing.ended).by, 'them');
  await lamps.show({ '1001': 'off', '1002': 'off' });
  const second = await talk(caller, callee);
  await lamps.show({ '1001': 'busy', '1002': 'busy' });
  await second.incoming.hangup();
  assert.equal((await second.call.ended).by, 'them');
  await lamps.show({ '1001': 'off', '1002': 'off' });
  await lamps.leave();
  await caller.unregister(); // 1001 has room for three phones, and a later test needs two of them
  await allQuiet(site);
});

it('a call is cancelled by the caller, and refused as busy and as declined: both phones are free, no lamp stays lit', async () => {
  const [caller, callee] = [await enter(site, '1001'), await enter(site, '1002')];
  const lamps = await Lamps.on(site, '1001', '1002');
  const cancelled = await caller.invite('1002');
  const rings = await callee.nextCall();
  rings.ringing();
  await lamps.show({ '1002': 'ringing' });
  await cancelled.hangup();
  assert.deepEqual(await cancelled.ended, { by: 'them', status: 487 });
  assert.deepEqual(await rings.ended, { by: 'them', status: 487 });
  await lamps.show({ '1001': 'off', '1002': 'off' });
  await site.lab.cli('database put AMPUSER 1002/voicemail novm'); // else it would answer for the phone that declines
  for (const [status, told] of [
    [486, 486],
    [603, 503],
  ] as const) {
    const call = await caller.invite('1002');
    const refused = await callee.nextCall();
    refused.ringing();
    await lamps.show({ '1002': 'ringing' });
    refused.reject(status);
    assert.deepEqual(await call.ended, { by: 'them', status: told }, 'what Asterisk makes of it');
    await lamps.show({ '1001': 'off', '1002': 'off' });
  }
  await lamps.leave();
  await caller.unregister();
  await allQuiet(site);
});

it('two phones of one number ring, each by its own Contact; one answers, the other falls silent', async () => {
  const caller = await enter(site, '1002');
  const [desk, sofa] = [await enter(site, '1001'), await enter(site, '1001', { transport: 'tcp' })];
  const lamps = await Lamps.on(site, '1001');
  const call = await caller.invite('1001');
  const [first, second] = [await desk.nextCall(), await sofa.nextCall()];
  for (const one of [first, second]) one.ringing();
  await lamps.show({ '1001': 'ringing' });
  assert.equal(first.invite.uri, desk.contact.slice(1, -1));
  assert.equal(second.invite.uri, sofa.contact.slice(1, -1));
  await second.answer();
  await call.answered;
  assert.deepEqual(await first.ended, { by: 'them', status: 487 });
  await lamps.show({ '1001': 'busy' });
  await call.hangup();
  await second.ended;
  await lamps.show({ '1001': 'off' });
  await lamps.leave();
  for (const phone of [desk, sofa]) assert.equal((await phone.unregister()).status, 200);
});

it('a text message goes from phone to phone by the dialplan', async () => {
  const [from, to] = [await enter(site, '1001'), await enter(site, '1002')];
  const sent = await from.request('MESSAGE', '1002', [['Content-Type', 'text/plain']], 'lunch?');
  assert.equal(sent.status, 202);
  const received = await to.nextRequest(({ method }) => method === 'MESSAGE');
  assert.equal(received.text, 'lunch?');
  assert.match(received.header('From') ?? '', /1001/);
  assert.equal(received.uri, to.contact.slice(1, -1));
});

it('Asterisk asks a phone whether it is there, and hears its answer', async () => {
  const phone = await enter(site, '1004');
  const asked = await phone.nextRequest(({ method }) => method === 'OPTIONS');
  assert.equal(asked.uri, phone.contact.slice(1, -1));
  for (const end = Date.now() + 8000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const contacts = await site.lab.cli('pjsip show contacts');
    if (/1004\/sip:1004@.* Avail /.test(contacts)) break;
    assert.ok(Date.now() < end, contacts);
  }
});

it('the mailbox stays with Asterisk, unasked and subscribed; lamps and keys of the same phone are served here', async () => {
  const phone = await enter(site, '1006');
  const unasked = await phone.nextUnsolicited(({ event }) => event === 'message-summary');
  assert.match(unasked.body, /Messages-Waiting: no/);
  const mailbox = await phone.subscribe({ event: 'message-summary' });
  assert.equal(mailbox.response.status, 200);
  assert.equal(mailbox.response.header('Server'), 'Asterisk PBX');
  const keys = await phone.subscribe({ event: 'as-feature-event' });
  const lampOf = await phone.subscribe({ event: 'dialog', resource: '1004' });
  for (const one of [keys, lampOf]) assert.notEqual(one.response.header('Server'), 'Asterisk PBX');
  await site.lab.setMailbox('1006', 1);
  await mailbox.next(({ body }) => /Voice-Message: 1\/0/.test(body));
  await keys.refresh({ body: setDnd(true), contentType: 'application/x-as-feature-event+xml' });
  await says(keys, 'dnd', true);
  await keys.refresh({ body: setDnd(false), contentType: 'application/x-as-feature-event+xml' });
  await says(keys, 'dnd', false);
  await mailbox.unsubscribe();
  await mailbox.next(({ subscriptionState }) => subscriptionState.state === 'terminated');
  assert.deepEqual(phone.violations, []);
});

it('Lamplighter is killed in a call and started again: either side holds and resumes, both phones are called without registering anew', async () => {
  const [caller, callee] = [await enter(site, '1002'), await enter(site, '1003')];
  const { call, incoming } = await talk(caller, callee);
  const bothHold = async () => {
    for (const side of [call, incoming]) {
      assert.equal((await side.hold()).status, 200);
      assert.equal((await side.resume()).status, 200);
    }
  };
  await bothHold();
  // behind the last ACKs, which are with Asterisk then: nobody sends again what a dead proxy had in its hands
  for (const phone of [caller, callee]) await phone.request('OPTIONS', '1001');
  await site.daemon.kill();
  await site.restartDaemon(inline());
  await site.daemon.ready(20_000);
  await bothHold();
  await incoming.hangup();
  assert.equal((await call.ended).by, 'them');
  const back = await talk(callee, caller);
  await back.call.hangup();
  assert.equal((await back.incoming.ended).by, 'them');
  await allQuiet(site);
});
