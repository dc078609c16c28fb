import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as later } from 'node:timers/promises';
import type { FeaturePhone } from '../support/freeswitch/phones.ts';
import { domain, NativeStage } from './native-stage.ts';

async function stage(
  users: readonly string[],
  work: (it: NativeStage) => Promise<void>,
  ...[features, options]: [string?, Parameters<typeof NativeStage.open>[2]?]
): Promise<void> {
  const it = await NativeStage.open(users, features, options);
  try {
    await work(it);
  } finally {
    await it.close();
  }
}

/** A phone that has subscribed and been told how things stand. */
async function phoneOf(it: NativeStage, user: string): Promise<FeaturePhone> {
  const phone = it.pbx.subscribeFeatures(`${user}@${domain}`);
  await it.until(() => phone.told.length > 0, 'never told');
  return phone;
}

describe('keys of phones that stay subscribed to FreeSWITCH', () => {
  for (const store of ['db', 'hash'] as const) {
    test(`a key is kept in mod_${store}, and every phone of the user is told, each once`, () =>
      stage(
        ['2001', '2002'],
        async (it) => {
          const one = await phoneOf(it, '2001');
          const two = await phoneOf(it, '2001');
          const other = await phoneOf(it, '2002');
          assert.deepEqual(one.shown, {
            doNotDisturbOn: 'false',
            forwardImmediate: 'false 0',
            forwardBusy: 'false 0',
            forwardNoAns: 'false 0',
          });
          one.setDnd(true);
          await it.until(() => two.shown['doNotDisturbOn'] === 'true', 'the other phone is not told');
          one.setForward('forward_no_answer', true, '2002', 4);
          await it.until(() => two.shown['forwardNoAns'] === 'true 2002 4', 'the other phone is not told');
          await later(100);
          assert.equal(it.pbx[store].get('dnd', `2001@${domain}`), 'true');
          assert.equal(it.pbx[store].get('cfna', `2001@${domain}`), '2002');
          assert.deepEqual(one.shown, two.shown);
          assert.deepEqual([one.told.length, other.told.length], [3, 1]);
          assert.deepEqual(
            it.audit.map(({ feature, origin, decision }) => [feature, origin.kind, origin.from, decision]),
            [
              ['dnd', 'phone', 'freeswitch:internal', 'granted'],
              ['cfna', 'phone', 'freeswitch:internal', 'granted'],
            ],
          );
        },
        store,
      ));
  }

  test('from the press until the other phone is told: its own time, printed', (context) =>
    stage(
      Array.from({ length: 40 }, (_, index) => String(3000 + index)),
      async (it) => {
        const times: number[] = [];
        for (let user = 3000; user < 3040; user++) {
          const one = await phoneOf(it, String(user));
          const two = await phoneOf(it, String(user));
          const at = performance.now();
          one.setDnd(true);
          while (two.shown['doNotDisturbOn'] !== 'true') await new Promise((resolve) => setImmediate(resolve));
          times.push(performance.now() - at);
          assert.equal(it.pbx.db.get('dnd', `${user}@${domain}`), 'true');
        }
        // The first ones run code that has never run.
        const settled = times.slice(10).sort((a, b) => a - b);
        const at = (share: number) => settled[Math.floor(settled.length * share)]?.toFixed(1);
        context.diagnostic(
          `press to told: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, worst ${settled.at(-1)?.toFixed(1)} ms`,
        );
      },
    ));

  test('nothing is sent before a phone or a change asks for it, and nothing ever for a lamp that is no user', () =>
    stage(['2001', '2002'], async (it) => {
      await phoneOf(it, '2001');
      it.pbx.dial(`2002@${domain}`, '*78');
      await it.until(
        () => it.pbx.esl.commands.filter((command) => command.startsWith('sendevent')).length === 2,
        'not sent',
      );
      await later(50);
      assert.equal(it.pbx.esl.commands.filter((command) => command.startsWith('sendevent')).length, 2);
    }));

  test('a code that is dialled is told to the phones', () =>
    stage(['2001'], async (it) => {
      const phone = await phoneOf(it, '2001');
      it.pbx.dial(`2001@${domain}`, '*78');
      await it.until(() => phone.shown['doNotDisturbOn'] === 'true', 'not told');
      it.pbx.dial(`2001@${domain}`, '*79');
      await it.until(() => phone.shown['doNotDisturbOn'] === 'false', 'not told');
    }));

  test('off without a number, as most phones say it, ends the one forward that is on', () =>
    stage(['2001', '2002'], async (it) => {
      const phone = await phoneOf(it, '2001');
      phone.setForward('forward_busy', true, '2002');
      await it.until(() => phone.shown['forwardBusy'] === 'true 2002', 'not told');
      phone.press({ 'Feature-Action': 'SetCallForward' });
      // The number is remembered: the phone offers it again.
      await it.until(() => phone.shown['forwardBusy'] === 'false 2002', 'not told');
      assert.equal(it.pbx.db.get('cfb', `2001@${domain}`), undefined);
    }));

  test('what is refused is in the audit trail, FreeSWITCH is unharmed, and the phone is told the truth', () =>
    stage(['2001', '2002'], async (it) => {
      const phone = await phoneOf(it, '2001');
      const bad = ['9'.repeat(900), '0900123456', '2002\n\napi db insert/dnd/2002@pbx.example/true', 'a&b<c>', '2001'];
      for (const target of bad) {
        const told = phone.told.length;
        phone.setForward('forward_immediate', true, target);
        await it.until(() => phone.told.length > told, `not told after ${target}`);
      }
      assert.equal(phone.shown['forwardImmediate'], 'false 0');
      phone.press({ device: 'd'.repeat(900), 'Feature-Action': 'SetDoNotDisturb', 'Feature-Enabled': 'true' });
      await it.until(() => phone.shown['doNotDisturbOn'] === 'true', 'not told');
      assert.equal(it.pbx.crashed, null);
      assert.deepEqual(it.pbx.db.writes, [`db insert/dnd/2001@${domain}/true`]);
      assert.deepEqual(
        it.audit.map(({ reason }) => reason?.split(':')[0] ?? null),
        ['premium', 'foreign-host', 'bad-characters', 'self-forward', null],
      );
      assert.ok(it.pbx.esl.commands.every((command) => !command.includes('\n\n')));
      assert.deepEqual(
        it.complaints().filter((code) => code !== 'nonsense'),
        [],
      );
    }));

  test('a phone of another user in this one’s name changes nothing and hears nothing', () =>
    stage(['2001', '2002'], async (it) => {
      const phone = await phoneOf(it, '2001');
      const thief = it.pbx.subscribeFeatures(`2001@${domain}`);
      await it.until(() => thief.told.length > 0, 'never told');
      const before = thief.told.length;
      // FreeSWITCH authenticated 2002 and says 2001; the contact is the one 2002 is registered with.
      thief.press({
        contact: '"x" <sip:2002@127.0.0.1:5262>',
        'Feature-Action': 'SetDoNotDisturb',
        'Feature-Enabled': 'true',
      });
      await it.until(() => it.complaints().includes('spoofed'), 'not said');
      phone.setForward('forward_busy', true, '2002');
      await it.until(() => phone.shown['forwardBusy'] === 'true 2002', 'not told');
      await later(50);
      assert.equal(it.feature('2001', 'dnd').enabled, false);
      assert.equal(thief.told.length, before);
    }));

  test('a user nobody knows, and one without a registered phone, change nothing', () =>
    stage(['2001'], async (it) => {
      it.pbx.directory.add('2003', domain, { password: 'x' });
      const stranger = it.pbx.subscribeFeatures(`9999@${domain}`);
      stranger.setDnd(true);
      await it.until(() => it.complaints().includes('unknown-user'), 'not said');
      assert.deepEqual(it.pbx.db.writes, []);
      assert.deepEqual(stranger.told, []);
    }));

  test('FusionPBX’s own script answers the phones: said once, and only observed from then on', () =>
    stage(
      ['2001'],
      async (it) => {
        const phone = it.pbx.subscribeFeatures(`2001@${domain}`);
        await it.until(() => it.logger.lines.some(({ message }) => /lua\.conf\.xml/.test(message)), 'not said');
        phone.setDnd(true);
        await it.until(() => it.feature('2001', 'dnd').enabled, 'not learnt');
        const fired = it.pbx.esl.commands.filter((command) => command.startsWith('sendevent PHONE_FEATURE'));
        const told = phone.told.length;
        phone.setDnd(false);
        await it.until(() => !it.feature('2001', 'dnd').enabled, 'not learnt');
        assert.equal(phone.told.length, told + 1);
        assert.ok(fired.length <= 1, fired.join());
        assert.equal(it.logger.lines.filter(({ level }) => level === 'error').length, 1);
      },
      'fusionpbx',
      { fusionpbx: true },
    ));

  test('what changed while the event socket was away is told when it is back', () =>
    stage(['2001'], async (it) => {
      const phone = await phoneOf(it, '2001');
      it.pbx.drop();
      it.pbx.db.set('dnd', `2001@${domain}`, 'true');
      await it.until(() => phone.shown['doNotDisturbOn'] === 'true', 'not told');
    }));

  test('a FreeSWITCH that was started again tells phones as soon as they have subscribed again', () =>
    stage(['2001'], async (it) => {
      const phone = await phoneOf(it, '2001');
      await it.pbx.kill();
      await it.until(() => it.hub.links()[0]?.state === 'down', 'not down');
      await it.pbx.start();
      await it.until(() => it.hub.links()[0]?.state === 'up', 'not up');
      const told = phone.told.length;
      phone.refresh();
      await it.until(() => phone.told.length > told, 'not told');
      phone.setDnd(true);
      await it.until(() => phone.shown['doNotDisturbOn'] === 'true', 'not told');
    }));
});
