import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Daemon } from '../support/daemon.ts';
import { type DialogInfo, dialogInfo, lamp, type Notify, type Subscription } from '../support/phone.ts';
import { scene } from './simulated.ts';
import { Stage } from './stage.ts';

const event = 'dialog';
/** No wait between NOTIFYs: these tests are about what is shown, not how often. */
const quick = 'phones: { profiles: [{ name: quick, match: ".", notifyMinIntervalMs: 0 }] }\n';

async function act<T = unknown>(daemon: Daemon, what: string, body: object): Promise<T> {
  const answer = await daemon.api<T>(`/api/v1/simulator/${what}`, { method: 'POST', body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

/** The next document that shows this lamp. */
async function shows(subscription: Subscription, wanted: ReturnType<typeof lamp>): Promise<DialogInfo> {
  const notify: Notify = await subscription.next((one) => lamp(dialogInfo(one)) === wanted);
  return dialogInfo(notify);
}

describe('lamps', () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open(quick);
  });
  afterEach(() => stage.tidy());
  after(() => stage.close());

  test('a lamp follows a call: dark, ringing, busy, held by the side that pressed hold, busy, dark', async () => {
    const { daemon } = stage;
    const desk = await stage.phone('2293');
    const caller = await desk.subscribe({ event, resource: '2001' });
    const callee = await desk.subscribe({ event, resource: '2002' });
    await shows(caller, 'off');
    await shows(callee, 'off');
    const { id } = await act<{ id: string }>(daemon, 'call', { from: '2001', to: '2002', fromName: 'Zoë <&"> Müller' });
    const ringing = await shows(callee, 'ringing');
    assert.equal(ringing.dialogs[0]?.direction, 'recipient');
    assert.equal(ringing.dialogs[0]?.state, 'early');
    assert.equal(ringing.dialogs[0]?.remote.display, 'Zoë <&"> Müller');
    assert.equal(ringing.state, 'full');
    const calling = await shows(caller, 'busy');
    assert.equal(calling.dialogs[0]?.direction, 'initiator');
    await act(daemon, 'answer', { id });
    const talking = await shows(callee, 'busy');
    assert.equal(talking.dialogs[0]?.id, ringing.dialogs[0]?.id, 'one call, one id');
    await act(daemon, 'hold', { id, by: '2002' });
    await shows(callee, 'held');
    assert.equal(lamp(dialogInfo(caller.notifies.at(-1)!)), 'busy', 'the held side is not the holder');
    await act(daemon, 'resume', { id, by: '2002' });
    await shows(callee, 'busy');
    await act(daemon, 'hangup', { id });
    const over = await shows(callee, 'off');
    assert.deepEqual(
      over.dialogs.map(({ id: ended, state }) => [ended, state]),
      [[ringing.dialogs[0]?.id, 'terminated']],
    );
    await shows(caller, 'off');
    assert.deepEqual(desk.violations, []);
  });

  test('two calls of one extension are two dialogs, and the end of one leaves the other', async () => {
    const { daemon } = stage;
    const desk = await stage.phone('2293');
    const watched = await desk.subscribe({ event, resource: '2012' });
    const first = await act<{ id: string }>(daemon, 'call', { from: '2011', to: '2012' });
    await act(daemon, 'answer', { id: first.id });
    await act(daemon, 'call', { from: '2014', to: '2012' });
    const both = await watched.next(
      (one) => dialogInfo(one).dialogs.filter(({ state }) => state !== 'terminated').length === 2,
    );
    assert.deepEqual(
      dialogInfo(both).dialogs.map(({ state }) => state),
      ['confirmed', 'early'],
    );
    await act(daemon, 'hangup', { id: first.id });
    await shows(watched, 'ringing');
    const states = dialogInfo(watched.notifies.at(-1)!).dialogs.map(({ state }) => state);
    assert.deepEqual(states.sort(), ['early', 'terminated']);
    assert.deepEqual(desk.violations, []);
  });

  test('do-not-disturb shows as busy on the lamp and goes out with it', async () => {
    const { daemon } = stage;
    const desk = await stage.phone('2293');
    const watched = await desk.subscribe({ event, resource: '2022' });
    await shows(watched, 'off');
    const dnd = (enabled: boolean) =>
      daemon.api('/api/v1/extensions/2022/features/dnd', { method: 'PUT', body: { enabled } });
    await dnd(true);
    await shows(watched, 'busy');
    await dnd(false);
    await shows(watched, 'off');
    assert.deepEqual(desk.violations, []);
  });

  test('an unknown extension is 404, the entity is what the phone wrote, versions grow', async () => {
    const { daemon } = stage;
    const desk = await stage.phone('2293');
    const nobody = await desk.subscribe({ event, resource: '9999' });
    assert.equal(nobody.response.status, 404);
    const written = `sip:2032@127.0.0.1:${daemon.udpPort};user=phone`;
    const watched = await desk.subscribe({ event, resource: written });
    assert.equal(watched.response.status, 200);
    const first = dialogInfo(await watched.next());
    assert.equal(first.entity, written);
    await watched.refresh();
    const second = dialogInfo(await watched.next());
    assert.ok(second.version > first.version);
  });
});

test('changes faster than once a second are told once, and the last one always arrives', () =>
  scene(async ({ start, phone }) => {
    const daemon = await start();
    const desk = await phone(daemon, '1003');
    const watched = await desk.subscribe({ event, resource: '1002' });
    await shows(watched, 'off');
    for (let round = 0; round < 5; round++) {
      const { id } = await act<{ id: string }>(daemon, 'call', { from: '1001', to: '1002' });
      await act(daemon, 'answer', { id });
      await act(daemon, 'hangup', { id });
    }
    const { id } = await act<{ id: string }>(daemon, 'call', { from: '1004', to: '1002' });
    await act(daemon, 'answer', { id });
    const last = await watched.next((one) =>
      dialogInfo(one).dialogs.some(({ state, remote }) => state === 'confirmed' && remote.identity?.includes('1004')),
    );
    assert.equal(lamp(dialogInfo(last)), 'busy');
    assert.ok(watched.notifies.length < 17, `${watched.notifies.length} NOTIFYs for 17 changes`);
    assert.deepEqual(desk.violations, []);
  }));
