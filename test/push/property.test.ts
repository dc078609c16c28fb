import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import { type FeatureName, featureNames } from '../../src/model/feature.ts';
import { refused } from '../../src/model/outcome.ts';
import { seeded } from '../adapters/freeswitch/recording.ts';
import { domain } from '../notifier/support.ts';
import { lampRule, pushing, rule } from './rig.ts';

const phones = ['1001', '1002', '1003'].map((user) => aorOf(user, domain));
const watched = ['2001', '2002'].map((user) => aorOf(user, domain));
const words: Readonly<Record<FeatureName, RegExp>> = {
  dnd: /<doNotDisturbOn>(\w+)</,
  cfa: /forwardImmediate<.*<forwardStatus>(\w+)</,
  cfb: /forwardBusy<.*<forwardStatus>(\w+)</,
  cfna: /forwardNoAns<.*<forwardStatus>(\w+)</,
};
const refusals = ['pbx-away', 'pbx-timeout', 'pbx-refused', 'not-registered'];

/** Whatever happened: one NOTIFY at a time, never too close, versions that grow; and in the end every phone shows the truth. */
async function play(seed: number): Promise<void> {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const rig = pushing([rule({ minIntervalMs: 300 }), lampRule(['2001', '2002'], { minIntervalMs: 300 })]);
  const { pbx, clock, state, register, link, push } = rig;
  for (const phone of phones) register(phone, 0);
  for (let step = 0; step < 60; step += 1) {
    const dice = random();
    if (dice < 0.15) register(pick(phones), Math.floor(random() * 3));
    else if (dice < 0.45) state.feature(pick(phones), pick(featureNames), random() < 0.5);
    else if (dice < 0.6) state.calls(pick(watched), ...(random() < 0.5 ? [] : [`call-${step}`]));
    else if (dice < 0.7) link(pick(['up', 'down', 'stale'] as const));
    else if (dice < 0.8) pbx.hold = !pbx.hold;
    else if (dice < 0.9) {
      const code = pick(refusals);
      pbx.answer = random() < 0.5 ? null : () => refused(code, 'no');
    } else pbx.release();
    await clock.run(pick([10, 100, 700, 5_000]), 50);
  }
  pbx.hold = false;
  pbx.answer = null;
  pbx.release();
  link('up');
  for (const phone of phones) register(phone);
  const settled = pbx.sent.length;
  await clock.run(60_000, 250);
  push.stop();

  assert.ok(pbx.mostInFlight <= 1, `${pbx.mostInFlight} at once`);
  for (const phone of phones) {
    const features = pbx.sent.filter((one) => one.phone === phone && one.event === 'as-feature-event');
    for (const feature of featureNames) {
      const last = features.slice(-20).findLast(({ body }) => words[feature].test(body));
      const shown = words[feature].exec(last?.body ?? '')?.[1];
      assert.equal(shown, String(state.view(phone).features[feature].enabled), `${feature} of ${phone}`);
    }
    for (const resource of watched) assertLamp(phone, resource);
  }

  function assertLamp(phone: Aor, resource: Aor): void {
    const documents = pbx.sent.filter((one) => one.phone === phone && one.body.includes(`sip:${resource}"`));
    const versions = documents.map(({ body }) => Number(/version="(\d+)"/.exec(body)?.[1]));
    assert.deepEqual(
      versions,
      [...new Set(versions)].sort((a, b) => a - b),
    );
    const alive = [...(documents.at(-1)?.body ?? '').matchAll(/<dialog id="([^"]+)"[^>]*><state>early/g)];
    assert.deepEqual(
      alive.map(([, id]) => id),
      state.view(resource).dialogs.map(({ id }) => id),
    );
  }
  const times = pbx.sent.map(({ at }) => at);
  assert.ok(
    times.every((at, index) => index === 0 || at - (times[index - 1] ?? 0) >= 20),
    'faster than the PBX is to be asked',
  );
  assert.ok(pbx.sent.length - settled < 100, `${pbx.sent.length - settled} NOTIFYs for a last word`);
}

test('whatever happens, in the end every phone shows the truth', async () => {
  const first = Math.floor(Math.random() * 2 ** 31);
  for (let round = 0; round < 40; round += 1) {
    try {
      await play(first + round);
    } catch (error) {
      throw new Error(`seed ${first + round}`, { cause: error });
    }
  }
});
