import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { type DialogInfo, dialogInfo, lamp, type Subscription } from '../support/phone.ts';
import { it, Site, skip } from './scene.ts';

/** 1003 may take the calls of 1002, with a phone that does it by Replaces. */
const phones = `phones:
  pickup: [{ watchers: '1003', extensions: '1002' }]
  profiles: [{ name: Native, match: '.', pickup: replaces, notifyMinIntervalMs: 0 }]
`;

let site: Site;
before(async () => {
  if (skip === null) site = await Site.open((usual) => usual.replace(/^phones: .*\n/m, phones));
});
after(() => site?.close());

async function shows(subscription: Subscription, wanted: ReturnType<typeof lamp>): Promise<DialogInfo> {
  return dialogInfo(await subscription.next((one) => lamp(dialogInfo(one)) === wanted, 8000));
}

it('a phone takes a ringing call with what its lamp tells it (RFC 3891): the caller talks to it, the other phone is silent', async () => {
  const [caller, callee, picker] = [await site.line('1001'), await site.line('1002'), await site.line('1003')];
  const desk = await site.desk('1003');
  const watched = await desk.subscribe({ event: 'dialog', resource: '1002' });
  await shows(watched, 'off');
  const call = await caller.invite('1002');
  const incoming = await callee.nextCall();
  incoming.ringing();
  const named = (one: DialogInfo) => one.dialogs.find(({ callId }) => callId !== undefined);
  const info = dialogInfo(await watched.next((one) => named(dialogInfo(one)) !== undefined, 8000));
  const dialog = named(info)!;
  assert.deepEqual([lamp(info), dialog.direction], ['ringing', 'recipient']);
  // as Snom writes it: its own side is that of the phone it takes the call from
  const replaces = `${dialog.callId};to-tag=${dialog.remoteTag};from-tag=${dialog.localTag};early-only`;
  const target = /^sip:([^@]+)@/.exec(dialog.remote.target ?? '')?.[1] ?? '';
  assert.equal(target, '1002');
  const taken = await picker.invite(target, [
    ['Require', 'replaces'],
    ['Replaces', replaces],
  ]);
  assert.equal((await taken.answered).status, 200);
  assert.equal((await call.answered).status, 200);
  assert.equal((await incoming.ended).by, 'them');
  const over = await shows(watched, 'off');
  assert.doesNotMatch(JSON.stringify(over), /callId|tag=/);
  await call.hangup();
  await taken.ended;
});

it('a lamp offers nothing to whom the admin did not let, and nothing of a call that was answered', async () => {
  const [caller, callee] = [await site.line('1001'), await site.line('1002')];
  const [may, mayNot] = [await site.desk('1003'), await site.desk('1001')];
  const [first, second] = [
    await may.subscribe({ event: 'dialog', resource: '1002' }),
    await mayNot.subscribe({ event: 'dialog', resource: '1002' }),
  ];
  const call = await caller.invite('1002');
  const incoming = await callee.nextCall();
  incoming.ringing();
  await first.next(({ body }) => body.includes(' call-id='), 8000);
  await incoming.answer();
  await call.answered;
  await shows(first, 'busy');
  await shows(second, 'busy');
  assert.doesNotMatch(first.notifies.at(-1)!.body, /call-id|-tag/);
  for (const { body } of second.notifies) assert.doesNotMatch(body, /call-id|-tag/);
  await call.hangup();
  await shows(first, 'off');
});

it('a phone takes a ringing call by the code in the target that its lamp tells it', async () => {
  const code = phones.replace('pickup: replaces', "pickup: code, pickupCode: '**'");
  await site.daemon.kill();
  await site.restartDaemon((usual) => usual.replace(/^phones: .*\n/m, code));
  await site.daemon.ready(20_000);
  const [caller, callee, picker] = [await site.line('1001'), await site.line('1002'), await site.line('1003')];
  const watched = await (await site.desk('1003')).subscribe({ event: 'dialog', resource: '1002' });
  await shows(watched, 'off');
  const call = await caller.invite('1002');
  const incoming = await callee.nextCall();
  incoming.ringing();
  const target = (await shows(watched, 'ringing')).dialogs.at(-1)?.remote.target ?? '';
  const taken = await picker.invite(/^sip:([^@]+)@/.exec(target)?.[1] ?? '');
  assert.equal((await taken.answered).status, 200);
  assert.equal((await call.answered).status, 200);
  assert.equal((await incoming.ended).by, 'them');
  await call.hangup();
  await taken.ended;
  await shows(watched, 'off');
});
