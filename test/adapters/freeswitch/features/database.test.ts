import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatabaseBackend } from '../../../../adapters/freeswitch/features/database.ts';
import { aorOf } from '../../../../src/model/aor.ts';
import { Fault } from '../../../../src/model/errors.ts';
import { type FeatureName, featureNames, featureOff, type Wish } from '../../../../src/model/feature.ts';
import { KeyStore } from '../../../support/freeswitch/store.ts';
import { ScriptedEsl } from './scripted.ts';
import { on } from './views.ts';

const aor = aorOf('2001', 'pbx.example');
const origin = { kind: 'api', who: 'test', from: null, userAgent: null } as const;
const wish = (feature: FeatureName, enabled: boolean, more: Partial<Wish> = {}): Wish => ({
  aor,
  feature,
  enabled,
  origin,
  ...more,
});

for (const module of ['db', 'hash'] as const) {
  describe(`features in mod_${module}`, () => {
    function stage() {
      const store = new KeyStore(module);
      const esl = new ScriptedEsl();
      // As the event socket shows it: an empty answer is an error text.
      esl.answer = (command) => store.api(command.slice(module.length + 1)).replace(/\n+$/, '') || '-ERR no reply';
      return { store, esl, backend: new DatabaseBackend(module, 6) };
    }

    test('nobody has anything at first', async () => {
      const { esl, backend } = stage();
      const values = await backend.read(esl, aor);
      assert.deepEqual(
        [...values],
        featureNames.map((name) => [name, featureOff]),
      );
    });

    test('each feature is written under its key and read back', async () => {
      const { esl, backend, store } = stage();
      assert.deepEqual(await backend.write(esl, wish('dnd', true), featureOff, 1000), { ok: true, value: on() });
      for (const feature of ['cfa', 'cfb', 'cfna'] as const) {
        const written = await backend.write(esl, wish(feature, true, { target: '2017' }), featureOff, 1000);
        assert.deepEqual(written, { ok: true, value: on('2017') });
      }
      assert.equal(store.get('dnd', aor), 'true');
      assert.deepEqual(
        ['cfwd', 'cfb', 'cfna'].map((realm) => store.get(realm, aor)),
        ['2017', '2017', '2017'],
      );
    });

    test('rings are kept as the seconds that the dialplan needs', async () => {
      const { esl, backend, store } = stage();
      const written = await backend.write(esl, wish('cfna', true, { target: '2017', ringCount: 4 }), featureOff, 1000);
      assert.deepEqual(written, { ok: true, value: on('2017', 4) });
      assert.equal(store.get('cfna_seconds', aor), '24');
      store.set('cfna_seconds', aor, '25');
      assert.equal((await backend.read(esl, aor)).get('cfna')?.ringCount, 5);
    });

    test('off is no row, twice as well, and an empty value is never written', async () => {
      const { esl, backend, store } = stage();
      store.set('cfwd', aor, '2017');
      for (let time = 0; time < 2; time++) {
        assert.deepEqual(await backend.write(esl, wish('cfa', false), on('2017'), 1000), {
          ok: true,
          value: featureOff,
        });
      }
      assert.equal(store.get('cfwd', aor), undefined);
      assert.ok(esl.asked.every((command) => !command.endsWith('/')));
    });

    test('on without a target takes the one from before, and is refused where there was none', async () => {
      const { esl, backend } = stage();
      const before = { ...featureOff, target: '2018' };
      assert.deepEqual(await backend.write(esl, wish('cfb', true), before, 1000), { ok: true, value: on('2018') });
      const refusal = await backend.write(esl, wish('cfna', true), featureOff, 1000);
      assert.equal(refusal.ok ? '' : refusal.refusal.code, 'pbx-refused');
    });

    test('what would be another key, another command or another call is not sent at all', async () => {
      const { esl, backend } = stage();
      for (const target of ['a/b', '20 17', '2017\n\napi reload', '$x', 'user/2002', "2'", '5'.repeat(65)]) {
        const refusal = await backend.write(esl, wish('cfa', true, { target }), featureOff, 1000);
        assert.equal(refusal.ok ? '' : refusal.refusal.code, 'pbx-refused', target);
      }
      for (const user of ['a/b', 'a b', 'a\n\nb', 'ü', '']) {
        const somebody = aorOf(user, 'pbx.example');
        const refusal = await backend.write(esl, { ...wish('dnd', true), aor: somebody }, featureOff, 1000);
        assert.equal(refusal.ok ? '' : refusal.refusal.code, 'pbx-refused', user);
        assert.equal((await backend.read(esl, somebody)).size, 0);
      }
      assert.deepEqual(esl.asked, []);
    });

    test('only what the dialplan obeys is on: a hand-written value that it would not is off', async () => {
      const { esl, backend, store } = stage();
      store.set('dnd', aor, 'YES');
      store.set('cfwd', aor, 'sofia/gateway/x/9');
      const values = await backend.read(esl, aor);
      assert.equal(values.get('dnd')?.enabled, false);
      assert.deepEqual(values.get('cfa'), featureOff);
    });

    test('who has nothing is known by few questions, and not asked for; who may have something is', async () => {
      const { esl, backend, store } = stage();
      const other = aorOf('2002', 'pbx.example');
      store.set('cfb', other, '2017');
      const holding = await backend.survey(esl);
      assert.ok(esl.asked.length <= 5);
      assert.ok(holding(other, 'cfb'));
      for (const feature of featureNames) assert.equal(holding(aor, feature), module === 'hash', feature);
      const before = esl.asked.length;
      assert.deepEqual(await backend.read(esl, other, holding), await backend.read(esl, other));
      assert.deepEqual(await backend.read(esl, aor, holding), await backend.read(esl, aor));
      const asked = esl.asked.slice(before).filter((it) => it === `${module} select/dnd/${aor}`);
      assert.equal(asked.length, module === 'hash' ? 2 : 1);
    });

    test('a list that FreeSWITCH cuts off says of nobody that he has nothing', async () => {
      const { esl, backend, store } = stage();
      for (let at = 0; at < 300; at++) store.set('dnd', aorOf(`${3000 + at}`, 'pbx.example'), 'true');
      const holding = await backend.survey(esl);
      assert.ok(holding(aorOf('3299', 'pbx.example'), 'dnd'));
      assert.ok(holding(aor, 'dnd'));
      assert.equal(holding(aor, 'cfa'), module === 'hash');
    });

    test('a module that is not loaded is a fault that says so, and no value', async () => {
      const { esl, backend } = stage();
      esl.answer = (command) => `-ERR ${command.split(' ')[0]} Command not found!`;
      const isFault = (error: unknown) =>
        error instanceof Fault && error.code === 'pbx-refused' && error.message.includes(`mod_${module}`);
      await assert.rejects(backend.read(esl, aor), isFault);
      await assert.rejects(backend.write(esl, wish('dnd', true), featureOff, 1000), isFault);
      esl.answer = () => '!err!';
      await assert.rejects(backend.write(esl, wish('dnd', false), on(), 1000), isFault);
    });
  });
}
