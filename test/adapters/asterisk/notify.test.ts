import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../../src/model/aor.ts';
import type { PhoneNotice } from '../../../src/model/phone-notice.ts';
import { type Rig, rig } from './rig.ts';

const aor = aorOf('1001', 'lab.test');
const checkSync: PhoneNotice = { event: 'check-sync;reboot=true', contentType: null, body: '' };

async function registered({ ami, telling }: Rig, uri: string): Promise<void> {
  await telling.up();
  ami.send({ Event: 'ContactStatus', URI: uri, ContactStatus: 'Reachable', AOR: '1001', EndpointName: '1001' });
  await telling.until(() => telling.of('registration').length > 0, 'no registration');
}

const notifications = ({ ami }: Rig) => ami.writes.filter((line) => line.startsWith('PJSIPNotify'));
const code = (outcome: Awaited<ReturnType<NonNullable<Rig['adapter']['notifyPhones']>>> | undefined) =>
  outcome?.ok ? 'granted' : outcome?.refusal.code;

test('Asterisk sends the NOTIFY to the endpoint, and says to which contacts it went', () =>
  rig({}, async (it) => {
    const uri = 'sip:1001@192.0.2.7:5062';
    await registered(it, uri);
    assert.equal(it.adapter.capabilities.notifiesPhones, true);
    const outcome = await it.adapter.notifyPhones?.(aor, checkSync, 2_000);
    const phone = { contact: uri, userAgent: null, source: null, answer: null };
    assert.deepEqual(outcome, { ok: true, value: [phone] });
    assert.deepEqual(notifications(it), ['PJSIPNotify 1001 Event=check-sync;reboot=true']);
  }));

test('nobody registered, nobody known, another domain, no plain event: refused, and nothing is sent', () =>
  rig({}, async (it) => {
    await it.telling.up();
    assert.equal(code(await it.adapter.notifyPhones?.(aor, checkSync, 2_000)), 'not-registered');
    await registered(it, 'sip:1001@192.0.2.7');
    for (const stranger of [aorOf('1001', 'other.test'), aorOf('provider', 'lab.test'), aorOf('9', 'lab.test')]) {
      assert.equal(code(await it.adapter.notifyPhones?.(stranger, checkSync, 2_000)), 'pbx-refused');
    }
    for (const event of ['check-sync\r\nAction: Command', 'check-sync,Route=<sip:evil>', 'a b', '', 'x;y="z"']) {
      assert.equal(code(await it.adapter.notifyPhones?.(aor, { ...checkSync, event }, 2_000)), 'pbx-refused', event);
    }
    assert.deepEqual(notifications(it), []);
  }));

test('an account without the right is refused, with the right it lacks in the log', () =>
  rig({}, async (it) => {
    await registered(it, 'sip:1001@192.0.2.7');
    it.ami.denied.add('PJSIPNotify');
    assert.equal(code(await it.adapter.notifyPhones?.(aor, checkSync, 2_000)), 'pbx-refused');
    assert.ok(it.logger.lines.some(({ level, message }) => level === 'error' && /system,call,reporting/.test(message)));
    it.ami.denied.clear();
    it.ami.swallowed.add('PJSIPNotify');
    assert.equal(code(await it.adapter.notifyPhones?.(aor, checkSync, 100)), 'pbx-timeout');
  }));

test('a right that is lacking is said once, however much is pushed, and again when it is lost again', () =>
  rig({}, async (it) => {
    await registered(it, 'sip:1001@192.0.2.7');
    const send = () => it.adapter.notifyPhones?.(aor, checkSync, 2_000);
    const said = () => it.logger.lines.filter(({ level }) => level === 'error').length;
    it.ami.denied.add('PJSIPNotify');
    for (let turn = 0; turn < 5; turn += 1) assert.equal(code(await send()), 'pbx-refused');
    assert.equal(said(), 1);
    it.ami.denied.clear();
    assert.equal(code(await send()), 'granted');
    it.ami.denied.add('PJSIPNotify');
    await send();
    assert.equal(said(), 2);
  }));

test('a body that AMI cannot carry is refused, and nothing is sent', () =>
  rig({}, async (it) => {
    await registered(it, 'sip:1001@192.0.2.7');
    for (const [contentType, body] of [
      ['text/plain', 'x'.repeat(2_000)],
      ['application/x+xml', `<a>${'x'.repeat(2_000)}</a>`],
      ['text/plain', 'a\0b'],
      ['text/plain\r\nAction: Command', 'a'],
      ['text/plain,Route=x', 'a'],
    ] as const) {
      const outcome = await it.adapter.notifyPhones?.(aor, { event: 'dialog', contentType, body }, 2_000);
      assert.equal(code(outcome), 'pbx-refused', contentType);
    }
    assert.deepEqual(notifications(it), []);
  }));

test('without AMI there is no way', () =>
  rig({ ami: null }, async ({ telling, adapter }) => {
    await telling.up();
    assert.notEqual(adapter.capabilities.notifiesPhones, true);
    assert.equal(code(await adapter.notifyPhones?.(aor, checkSync, 2_000)), 'not-writable');
  }));
