import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EslCommands } from '../../../adapters/freeswitch/esl/commands.ts';
import { notifyRegistrations } from '../../../adapters/freeswitch/notify.ts';
import type { PhoneNotice } from '../../../src/model/phone-notice.ts';
import { rig, secondDomain, user } from './rig.ts';

const checkSync: PhoneNotice = { event: 'check-sync;reboot=false', contentType: null, body: '' };

test('FreeSWITCH sends the NOTIFY by each registration of the user, and of nobody else', () =>
  rig(
    {
      before: (pbx) => {
        pbx.register('1001@lab.test', 5262);
        pbx.register('1001@lab.test', 5265);
        pbx.register(`1001@${secondDomain}`, 5266);
        pbx.register('1002@lab.test', 5267);
      },
    },
    async ({ pbx, telling, adapter }) => {
      await telling.up();
      assert.equal(adapter.capabilities.notifiesPhones, true);
      const outcome = await adapter.notifyPhones?.(user('1001'), checkSync, 2_000);
      assert.ok(outcome?.ok);
      assert.deepEqual(outcome.value.map(({ contact }) => /:(\d+)/.exec(contact.split('@')[1] ?? '')?.[1]).sort(), [
        '5262',
        '5265',
      ]);
      assert.ok(outcome.value.every(({ answer, source }) => answer === null && source === null));
      const fired = pbx.fired.filter((line) => line.startsWith('NOTIFY')).sort();
      assert.deepEqual(fired, [
        'NOTIFY check-sync;reboot=false reg-1001-lab.test-5262',
        'NOTIFY check-sync;reboot=false reg-1001-lab.test-5265',
      ]);
    },
  ));

test('a user without a phone, nobody, and no plain event are refused, and nothing is sent', () =>
  rig({ before: (pbx) => pbx.register('1001@lab.test', 5262) }, async ({ pbx, telling, adapter }) => {
    await telling.up();
    const code = async (aor: ReturnType<typeof user>, event = checkSync.event) => {
      const outcome = await adapter.notifyPhones?.(aor, { ...checkSync, event }, 2_000);
      return outcome?.ok ? 'granted' : outcome?.refusal.code;
    };
    assert.equal(await code(user('1002')), 'not-registered');
    assert.equal(await code(user('9999')), 'pbx-refused');
    for (const event of ['check-sync\n\napi status', 'a b', '', 'x"']) {
      assert.equal(await code(user('1001'), event), 'pbx-refused', event);
    }
    assert.deepEqual(
      pbx.fired.filter((line) => line.startsWith('NOTIFY')),
      [],
    );
  }));

test('what is pushed goes with its type and body, as they are', async () => {
  const sent: unknown[] = [];
  const esl: Pick<EslCommands, 'sendEvent'> = {
    sendEvent: async (name, headers, body) => {
      sent.push([name, headers['event-string'], headers['content-type'], body]);
      return '';
    },
  };
  const body = '<?xml version="1.0"?>\n<a b="1,2">\\ \u00e4</a>';
  const contentType = 'application/x-as-feature-event+xml';
  const registration = { profile: 'internal', callId: 'c1', uri: 'sip:1001@192.0.2.7' };
  const notice = { event: 'as-feature-event', contentType, body };
  await notifyRegistrations(esl as EslCommands, user('1001'), [registration], notice, 1_000);
  assert.deepEqual(sent, [['NOTIFY', 'as-feature-event', contentType, body]]);
});
