import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatabaseBackend } from '../../../../adapters/freeswitch/features/database.ts';
import { FeatureDesk } from '../../../../adapters/freeswitch/features/desk.ts';
import { aorOf } from '../../../../src/model/aor.ts';
import { featureOff, type Wish } from '../../../../src/model/feature.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { KeyStore } from '../../../support/freeswitch/store.ts';
import { silentLogger } from '../../../support/silent-logger.ts';
import { ScriptedEsl } from './scripted.ts';
import { on } from './views.ts';

const users = ['2001', '2002', '2003'].map((user) => aorOf(user, 'pbx.example'));
const [first, second] = users as [ReturnType<typeof aorOf>, ReturnType<typeof aorOf>];
const origin = { kind: 'api', who: 'test', from: null, userAgent: null } as const;
const dnd: Wish = { aor: first, feature: 'dnd', enabled: true, origin };

function stage() {
  const store = new KeyStore('db');
  const esl = new ScriptedEsl();
  esl.answer = (command) => store.api(command.slice(3)) || '-ERR no reply';
  const clock = new FakeClock();
  const fed: string[] = [];
  const desk = new FeatureDesk({
    esl,
    backend: new DatabaseBackend('db', 6),
    clock,
    logger: silentLogger,
    feed: (aor, feature, value) => fed.push(`${aor} ${feature} ${value.enabled ? (value.target ?? 'on') : 'off'}`),
  });
  return { store, esl, clock, desk, fed };
}

describe('the desk where features are read and written', () => {
  test('a write is fed before it is answered, and waits for no timer', async () => {
    const { desk, fed, clock } = stage();
    const seen: string[][] = [];
    const outcome = desk.write(dnd, featureOff, 1000).then((it) => {
      seen.push([...fed]);
      return it;
    });
    assert.deepEqual(await outcome, { ok: true, value: on() });
    assert.deepEqual(seen, [['2001@pbx.example dnd on']]);
    assert.equal(clock.pending, 0);
  });

  test('a hint is looked at once, however often it comes, and after a write that is under way', async () => {
    const { desk, esl, fed } = stage();
    const write = desk.write(dnd, featureOff, 1000);
    for (let time = 0; time < 50; time++) desk.look(first);
    await write;
    await settle();
    await settle();
    assert.equal(esl.asked.filter((it) => it === 'db select/cfwd/2001@pbx.example').length, 1);
    assert.deepEqual(fed.slice(0, 2), ['2001@pbx.example dnd on', '2001@pbx.example dnd on']);
  });

  test('a sweep asks for one user after the other, so that a key waits for one command at most', async () => {
    const { desk, esl, clock, fed, store } = stage();
    for (const user of users) store.set('cfwd', user, '2019');
    let commands = 0;
    let inFlight = 0;
    let most = 0;
    const api = esl.api.bind(esl);
    esl.api = async (command, args) => {
      commands++;
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight--;
      return api(command, args);
    };
    desk.watch(() => users, 5_000);
    clock.advance(5_000);
    while (fed.length < 12) await settle();
    assert.equal(most, 1);
    assert.equal(commands, 5 + 3, 'five lists, then who is in them');
    while (clock.pending === 0) await settle();
    desk.stop();
    assert.equal(clock.pending, 0);
  });

  test('a sweep that takes long is followed by a rest three times as long', async () => {
    const { desk, esl, clock } = stage();
    let commands = 0;
    const api = esl.api.bind(esl);
    esl.api = async (command, args) => {
      commands++;
      await settle();
      clock.advance(200);
      return api(command, args);
    };
    desk.watch(() => users, 1_000);
    clock.advance(1_000);
    while (clock.pending === 0) await settle();
    const first = commands;
    assert.equal(first, 5);
    clock.advance(3 * first * 200 - 1);
    await settle();
    assert.equal(commands, first, 'too early');
    clock.advance(1);
    await settle();
    assert.ok(commands > first);
    desk.stop();
  });

  test('after stop nothing is fed any more, and nothing is left to fire', async () => {
    const { desk, fed, clock, store } = stage();
    desk.watch(() => users, 5_000);
    clock.advance(5_000);
    desk.look(second);
    desk.lookLater(first);
    store.set('dnd', second, 'true');
    desk.stop();
    await settle();
    clock.advance(60_000);
    await settle();
    assert.deepEqual(fed, []);
    assert.equal(clock.pending, 0);
  });

  test('a write that failed is looked at later: it may have been carried out', async () => {
    const { desk, esl, clock, fed } = stage();
    esl.broken = true;
    await assert.rejects(desk.write(dnd, featureOff, 1000));
    esl.broken = false;
    await clock.run(2_000);
    assert.equal(fed.filter((it) => it.startsWith('2001@pbx.example dnd')).length, 1);
  });

  test('what others told is believed at once and looked at when their caches are cleared', async () => {
    const { desk, clock, fed, esl } = stage();
    desk.heard(first, [{ feature: 'cfa', value: on('2017') }]);
    assert.deepEqual(fed, ['2001@pbx.example cfa 2017']);
    assert.deepEqual(esl.asked, []);
    await clock.run(2_000);
    assert.equal(fed.at(-3), '2001@pbx.example cfa off');
  });

  test('a write that waited longer than its deadline is not carried out: who asked was told that it failed', async () => {
    const { desk, esl, clock, store } = stage();
    let letGo: (() => void) | undefined;
    const api = esl.api.bind(esl);
    esl.api = async (command, args = '') => {
      if (letGo === undefined) await new Promise<void>((resolve) => (letGo = resolve));
      return api(command, args);
    };
    desk.look(first);
    const write = desk.write(dnd, featureOff, 1000);
    await settle();
    clock.advance(1000);
    letGo?.();
    const outcome = await write;
    assert.equal(outcome.ok ? '' : outcome.refusal.code, 'pbx-timeout');
    assert.deepEqual(store.writes, []);
    desk.stop();
  });

  test('a sweep of thousands asks for those alone who have something, and knows of all others', async () => {
    const { desk, esl, clock, fed, store } = stage();
    const many = Array.from({ length: 2_000 }, (_, at) => aorOf(`${3000 + at}`, 'pbx.example'));
    store.set('dnd', many[7]!, 'true');
    store.set('cfna_seconds', many[9]!, '18');
    desk.watch(() => many, 5_000);
    clock.advance(5_000);
    while (fed.length < 8_000) await settle();
    assert.deepEqual(
      esl.asked.filter((it) => !it.startsWith('db list/')),
      ['db select/dnd/3007@pbx.example', 'db select/cfna/3009@pbx.example', 'db select/cfna_seconds/3009@pbx.example'],
    );
    assert.equal(esl.asked.length, 8);
    desk.stop();
  });

  test('what is written or looked at while a sweep asks is not undone by the list it got before', async () => {
    const { desk, esl, clock, fed, store } = stage();
    const api = esl.api.bind(esl);
    let hint: (() => void) | undefined = () => {
      hint = undefined;
      // All lists have been answered with nobody in them.
      void desk.write(dnd, featureOff, 1000);
      store.set('dnd', second, 'true');
      desk.look(second);
    };
    esl.api = async (command, args = '') => {
      const reply = await api(command, args);
      if (args === 'list/cfna_seconds') hint?.();
      return reply;
    };
    desk.watch(() => users, 5_000);
    clock.advance(5_000);
    while (!fed.includes('2003@pbx.example cfna off')) await settle();
    for (const user of [first, second]) {
      const seen = fed.filter((it) => it.startsWith(`${user} dnd`));
      assert.ok(seen.length > 1 && seen.every((it) => it.endsWith(' on')), seen.join());
    }
    desk.stop();
  });

  test('a sweep leaves out whoever was told of just now: what it read could be older', async () => {
    const { desk, clock, fed } = stage();
    desk.watch(() => users, 1_000);
    await clock.run(900);
    desk.heard(first, [{ feature: 'cfa', value: on('2017') }]);
    await clock.run(200);
    assert.deepEqual(
      fed.filter((it) => it.startsWith(first)),
      ['2001@pbx.example cfa 2017'],
    );
    assert.ok(fed.some((it) => it.startsWith(second)));
    desk.stop();
  });

  test('one user does not wait for another', async () => {
    const { desk, esl, fed } = stage();
    let letGo: (() => void) | undefined;
    const api = esl.api.bind(esl);
    esl.api = async (command, args = '') => {
      if (args.includes('2001@')) await new Promise<void>((resolve) => (letGo = resolve));
      return api(command, args);
    };
    const slow = desk.write(dnd, featureOff, 1000);
    await desk.write({ ...dnd, aor: second }, featureOff, 1000);
    assert.deepEqual(fed, ['2002@pbx.example dnd on']);
    esl.api = api;
    letGo?.();
    await slow;
  });
});
