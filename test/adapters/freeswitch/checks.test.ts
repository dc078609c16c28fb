import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Domains } from '../../../adapters/freeswitch/domains.ts';
import { readEsl } from '../../../adapters/freeswitch/events.ts';
import { freeswitch } from '../../../adapters/freeswitch/freeswitch.ts';
import type { Finding } from '../../../src/model/check.ts';
import { type Clock, systemClock } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import type { FakeFreeswitch, FakeFreeswitchOptions } from '../../support/freeswitch/fake-freeswitch.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { domains, populated, rig, settingsFor } from './rig.ts';

const deadlineMs = 20_000;

/** What is found by an adapter that was never started. */
async function found(
  spoil: (pbx: FakeFreeswitch) => unknown,
  {
    more = {},
    esl = {},
    fake = {},
    clock = systemClock,
  }: { more?: object; esl?: object; fake?: FakeFreeswitchOptions; clock?: Clock } = {},
): Promise<readonly Finding[]> {
  const pbx = await populated(fake);
  try {
    await spoil(pbx);
    const adapter = freeswitch(settingsFor(pbx, more, esl), { clock, random: systemRandom, logger: silentLogger });
    const findings = await adapter.checks!(deadlineMs);
    assert.ok(findings.every(({ fix, level }) => (fix === null) === (level === 'ok')));
    return findings;
  } finally {
    await pbx.close();
  }
}

function complaints(findings: readonly Finding[]): readonly string[] {
  return findings.filter(({ level }) => level !== 'ok').map(({ check, level }) => `${check}: ${level}`);
}

function textOf(findings: readonly Finding[], check: string): string {
  return (
    findings.find((one) => one.check === check && one.level !== 'ok')?.text ?? assert.fail(`${check} says nothing`)
  );
}

const same = () => undefined;

describe('a FreeSWITCH examined', { concurrency: 4 }, () => {
  test('a whole one has no complaint, and keeps nothing of it', async () => {
    let writes: readonly string[] = [];
    const findings = await found((pbx) => {
      pbx.answers.set('version', 'FreeSWITCH Version 1.10.12-release~64bit (-release 64bit)\n');
      writes = pbx.db.writes;
    });
    assert.deepEqual(complaints(findings), []);
    assert.deepEqual(writes, ['db insert/lamplighter/probe/true', 'db delete/lamplighter/probe']);
    for (const check of ['freeswitch-version', 'esl', 'esl-rights', 'esl-events', 'feature-home']) {
      assert.ok(
        findings.some((one) => one.check === check),
        check,
      );
    }
    assert.ok(!JSON.stringify(findings).includes('esl-secret'));
  });

  test('a running adapter lends its connection, and takes the probe for nothing', () =>
    rig({}, async ({ telling, adapter, pbx }) => {
      await telling.up();
      const { logins } = pbx.esl;
      assert.deepEqual(complaints(await adapter.checks!(deadlineMs)), []);
      assert.equal(pbx.esl.logins, logins);
      assert.equal(pbx.db.get('lamplighter', 'probe'), undefined);
    }));

  test('a probe means nothing to the picture', () => {
    const probe = { 'Event-Name': 'CUSTOM', 'Event-Subclass': 'lamplighter::changed', 'Lamplighter-Probe': 'x' };
    assert.deepEqual(readEsl(probe, new Domains(domains)), { facts: [], changed: [] });
  });

  test('a closed port, a wrong password and an access list are told apart', async () => {
    assert.match(textOf(await found((pbx) => pbx.close()), 'esl'), /ECONNREFUSED/);
    const wrong = await found(same, { esl: { password: 'another' } });
    assert.match(textOf(wrong, 'esl'), /refuses the password/);
    assert.deepEqual(complaints(wrong), ['esl: fail']);
    const list = await found((pbx) => Object.assign(pbx.esl, { greeting: 'rude' }));
    assert.match(textOf(list, 'esl'), /apply-inbound-acl/);
  });

  for (const [command, level] of [
    ['show', 'fail'],
    ['user_data', 'fail'],
    ['vm_boxcount', 'warn'],
    ['list_users', 'warn'],
  ] as const) {
    test(`an account that may not use ${command}`, async () => {
      const findings = await found((pbx) => pbx.esl.denied.add(command));
      assert.deepEqual(complaints(findings), [`esl-rights: ${level}`]);
      assert.match(textOf(findings, 'esl-rights'), new RegExp(`may not use ${command}:`));
    });
  }

  test('mod_db that is not loaded, and one that keeps nothing', async () => {
    const absent = await found((pbx) => pbx.answers.set('db', null));
    assert.match(textOf(absent, 'esl-rights'), /has no command db/);
    const full = await found((pbx) => pbx.answers.set('db', '+OK\n'));
    assert.match(textOf(full, 'feature-home'), /mod_db does not keep what is written/);
  });

  test('a profile that does not run', async () => {
    const findings = await found(same, { more: { profiles: ['internal', 'external-v6'] } });
    assert.match(textOf(findings, 'sofia-profiles'), /external-v6 does not run/);
  });

  test('an account that is told no events of ours', async () => {
    const silent = await found((pbx) => pbx.esl.onSendEvent(() => '+OK'));
    assert.match(textOf(silent, 'esl-events'), /did not come back/);
  });

  test('clocks that differ', async () => {
    const late = { now: () => systemClock.now() + 60_000, after: systemClock.after };
    const findings = await found(same, { clock: late });
    assert.match(textOf(findings, 'esl-events'), /^the clock of the PBX is (59|60|61) s behind/);
  });

  test('an old version is a warning', async () => {
    const old = await found((pbx) => pbx.answers.set('version', 'FreeSWITCH Version 1.8.7-release\n'));
    assert.deepEqual(complaints(old), ['freeswitch-version: warn']);
  });

  test('a second Lamplighter says that it is there', () =>
    rig({}, async ({ telling, pbx }) => {
      await telling.up();
      const second = freeswitch(settingsFor(pbx), { clock: systemClock, random: systemRandom, logger: silentLogger });
      const findings = await second.checks!(deadlineMs);
      assert.match(textOf(findings, 'esl-events'), /another Lamplighter listens/);
    }));

  test('native mode that another script has silenced', () =>
    rig({ more: { mode: 'native' }, fake: { fusionpbx: true } }, async ({ telling, adapter, pbx }) => {
      await telling.up();
      pbx.register('1001@lab.test');
      const phone = pbx.subscribeFeatures('1001@lab.test');
      const end = Date.now() + 10_000;
      let text: string | undefined;
      while (text === undefined) {
        assert.ok(Date.now() < end, 'never silenced');
        phone.setDnd(true);
        await new Promise((resolve) => setTimeout(resolve, 50));
        text = (await adapter.checks!(deadlineMs)).find(({ check }) => check === 'native-hook')?.text;
      }
      assert.match(text, /another script/);
    }));
});
