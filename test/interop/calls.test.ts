import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { dialogInfo, lamp, type Subscription } from '../support/phone.ts';
import { it, Site, skip } from './scene.ts';

const event = 'dialog';
let site: Site;

before(async () => {
  if (skip === null) site = await Site.open();
});
after(() => site?.close());

async function shows(subscription: Subscription, wanted: ReturnType<typeof lamp>) {
  return dialogInfo(await subscription.next((one) => lamp(dialogInfo(one)) === wanted, 8000));
}

it('a call rings, is answered, held by the side that pressed hold, resumed and ended on the lamps of a third phone', async () => {
  const [caller, callee] = [await site.line('1001'), await site.line('1002')];
  const watcher = await site.desk('1003');
  const ofCaller = await watcher.subscribe({ event, resource: '1001' });
  const ofCallee = await watcher.subscribe({ event, resource: '1002' });
  await shows(ofCaller, 'off');
  await shows(ofCallee, 'off');
  const call = await caller.invite('1002');
  const incoming = await callee.nextCall();
  incoming.ringing();
  const ringing = await shows(ofCallee, 'ringing');
  assert.equal(ringing.dialogs.filter(({ state }) => state !== 'terminated').length, 1);
  assert.equal(ringing.dialogs[0]?.direction, 'recipient');
  assert.match(ringing.dialogs[0]?.remote.identity ?? '', /1001/);
  const calling = await shows(ofCaller, 'busy');
  assert.equal(calling.dialogs.at(-1)?.direction, 'initiator');
  await incoming.answer();
  await call.answered;
  await shows(ofCallee, 'busy');
  await call.hold();
  await shows(ofCaller, 'held');
  assert.equal(lamp(dialogInfo(ofCallee.notifies.at(-1)!)), 'busy', 'the held side is not the holder');
  await call.resume();
  await shows(ofCaller, 'busy');
  await call.hangup();
  await shows(ofCaller, 'off');
  await shows(ofCallee, 'off');
  assert.deepEqual(watcher.violations, []);
  await caller.unregister(); // 1001 has room for three phones, and a later test needs two of them
});

it('a call that is cancelled or refused leaves no lamp behind', async () => {
  const [caller, callee] = [await site.line('1001'), await site.line('1002')];
  const watcher = await site.desk('1003');
  const lampOf = await watcher.subscribe({ event, resource: '1002' });
  await shows(lampOf, 'off');
  const cancelled = await caller.invite('1002');
  (await callee.nextCall()).ringing();
  await shows(lampOf, 'ringing');
  await cancelled.hangup();
  await shows(lampOf, 'off');
  const busy = await caller.invite('1002');
  const incoming = await callee.nextCall();
  incoming.ringing();
  await shows(lampOf, 'ringing');
  incoming.reject(486);
  await shows(lampOf, 'off');
  await busy.hangup();
  await site.daemon.until<{ dialogs: unknown[] }>('/api/v1/extensions/1001', ({ dialogs }) => dialogs.length === 0);
  await caller.unregister();
});

it('a phone that rings on two devices is one call, and the answer at one is one confirmed dialog', async () => {
  const caller = await site.line('1003');
  const [one, two] = [await site.line('1001'), await site.line('1001')];
  const watcher = await site.desk('1002');
  const lampOf = await watcher.subscribe({ event, resource: '1001' });
  await shows(lampOf, 'off');
  const call = await caller.invite('1001');
  const [first, second] = [await one.nextCall(), await two.nextCall()];
  first.ringing();
  second.ringing();
  const ringing = await shows(lampOf, 'ringing');
  assert.equal(ringing.dialogs.filter(({ state }) => state === 'early').length, 1);
  await first.answer();
  const talking = await shows(lampOf, 'busy');
  assert.deepEqual(
    talking.dialogs.filter(({ state }) => state !== 'terminated').map(({ state }) => state),
    ['confirmed'],
  );
  await call.hangup();
  await shows(lampOf, 'off');
  assert.deepEqual(watcher.violations, []);
});

it('registrations and voicemail of the PBX are seen', async () => {
  const line = await site.line('1004');
  await site.daemon.until<{ registered: boolean }>('/api/v1/extensions/1004', ({ registered }) => registered);
  await line.unregister();
  await site.daemon.until<{ registered: boolean }>('/api/v1/extensions/1004', ({ registered }) => !registered);
  await site.lab.setMailbox('1002', 2, 1);
  await site.daemon.until<{ mailbox: { new: number; old: number } | null }>(
    '/api/v1/extensions/1002',
    ({ mailbox }) => mailbox?.new === 2 && mailbox.old === 1,
  );
});
