import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { AdapterSettings, PbxAdapter } from '../../adapters/adapter.ts';
import { examineOnce } from '../../adapters/examine-once.ts';
import { type HostTimes, hostAdapter, openAdapter } from '../../adapters/host.ts';
import { adapterKind } from '../../adapters/index.ts';
import { aorOf } from '../../src/model/aor.ts';
import { systemClock } from '../../src/model/clock.ts';
import { Fault } from '../../src/model/errors.ts';
import type { Wish } from '../../src/model/feature.ts';
import { systemRandom } from '../../src/model/random.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { featuresWith, on } from './freeswitch/features/views.ts';
import { type Act, crowd } from './threaded/puppet.ts';
import { Telling } from './told.ts';

const puppet = fileURLToPath(new URL('./threaded/puppet.js', import.meta.url));
const times = { beatMs: 100, beats: 20, restartMs: 20, answerMs: 10_000, stopMs: 300 };

const names = ['lab.test', 'second.test', 'silent.test'];
const domains = names.map((name) => ({ name, aliases: [] }));
const settings = (options: unknown): AdapterSettings => ({
  name: 'main',
  domain: 'lab.test',
  domains,
  options,
  remembered: [],
});

interface Stage {
  readonly adapter: PbxAdapter;
  readonly telling: Telling;
  readonly logger: RecordingLogger;
}

async function stage(act: Act, work: (it: Stage) => Promise<void>, more: Partial<HostTimes> = {}): Promise<void> {
  const logger = new RecordingLogger();
  const tools = { clock: systemClock, random: systemRandom, logger };
  const adapter = hostAdapter(puppet, settings({ act }), tools, { ...times, ...more });
  const telling = new Telling();
  adapter.start(telling.tell);
  try {
    await work({ adapter, telling, logger });
  } finally {
    await adapter.stop();
  }
}

function wish(target?: string): Wish {
  const origin = { kind: 'api', who: 'test', from: null, userAgent: null } as const;
  return { aor: aorOf('1001', 'lab.test'), feature: 'cfa', enabled: true, target, origin };
}

describe('an adapter in a worker thread', () => {
  test('tells its events, facts and log lines through the thread, in order', () =>
    stage('live', async ({ adapter, telling, logger }) => {
      assert.equal(adapter.digest('lab.test'), null);
      assert.equal(adapter.capabilities.calls, false);
      await telling.up();
      assert.deepEqual(telling.course, ['stale', 'snapshot', 'up']);
      assert.deepEqual(
        [...names, 'constructor'].map((name) => adapter.digest(name)),
        [{ realm: 'lab.test', md5Only: false }, { realm: 'second.test', md5Only: false }, null, null],
      );
      assert.equal(adapter.capabilities.features.dnd.writable, true);
      assert.deepEqual(
        logger.lines.map((it) => [it.level, it.room, it.message]),
        [['info', 'puppet', 'started']],
      );
    }));

  test('brings a picture of thousands in parts, whole and before what was told behind it', () =>
    stage('crowd', async ({ telling }) => {
      await telling.up();
      assert.deepEqual(telling.course, ['stale', 'snapshot', 'snapshot', 'up']);
      assert.deepEqual(
        telling.of('snapshot').map(({ epoch, snapshot }) => ({ epoch, snapshot })),
        [
          { epoch: 'one', snapshot: crowd(3_000) },
          { epoch: 'two', snapshot: crowd(1_000) },
        ],
      );
    }));

  test('lets the adapter send a NOTIFY to phones, within its time, and not where it says that it cannot', async () => {
    const aor = aorOf('1001', 'lab.test');
    const notice = { event: 'check-sync', contentType: null, body: '' };
    await stage('live', async ({ adapter, telling }) => {
      const early = await adapter.notifyPhones?.(aor, notice, 1_000);
      assert.equal(early?.ok === false && early.refusal.code, 'pbx-away');
      await telling.up();
      const phone = { contact: 'sip:1001@lab.test', userAgent: 'check-sync', source: null, answer: null };
      assert.deepEqual(await adapter.notifyPhones?.(aor, notice, 10_000), { ok: true, value: [phone] });
      const late = await adapter.notifyPhones?.(aor, { ...notice, event: 'silence' }, 50);
      assert.equal(late?.ok === false && late.refusal.code, 'pbx-timeout');
    });
    await stage('keys', async ({ adapter, telling }) => {
      await telling.up();
      const refused = await adapter.notifyPhones?.(aor, notice, 1_000);
      assert.equal(refused?.ok === false && refused.refusal.code, 'not-writable');
    });
  });

  test('answers wishes and credentials, and passes on a Fault as one', () =>
    stage('live', async ({ adapter, telling }) => {
      await telling.up();
      const value = { enabled: true, target: '1002', ringCount: null };
      assert.deepEqual(await adapter.setFeature(wish('1002'), 10_000), { ok: true, value });
      assert.equal(await adapter.credentials('nobody', 'lab.test'), null);
      assert.deepEqual(await adapter.credentials('1001', 'second.test'), {
        realm: 'second.test',
        password: 'secret of 1001',
      });
      await assert.rejects(
        adapter.credentials('away', 'lab.test'),
        (error) => error instanceof Fault && error.code === 'pbx-unreachable',
      );
    }));

  test('brings up the keys of phones that subscribe to the PBX, and down what they are told', () =>
    stage('keys', async ({ adapter, telling, logger }) => {
      await telling.until(() => telling.of('phone-key').length > 0, 'no key');
      const [key] = telling.of('phone-key');
      assert.deepEqual(
        [key?.aor, key?.phone, key?.wishes.map(({ feature, enabled }) => [feature, enabled])],
        ['1001@lab.test', 'a', [['dnd', true]]],
      );
      adapter.tellFeatures?.(key!.aor, featuresWith({ dnd: on() }), 'a');
      adapter.tellFeatures?.(key!.aor, featuresWith(), null);
      const told = () => logger.lines.filter(({ message }) => message === 'told').map(({ fields }) => fields);
      await telling.until(() => told().length === 2, 'not told');
      assert.deepEqual(told(), [
        { aor: '1001@lab.test', dnd: true, phone: 'a' },
        { aor: '1001@lab.test', dnd: false, phone: null },
      ]);
    }));

  test('an adapter whose phones subscribe to us is not bothered with what they are told', () =>
    stage('live', async ({ adapter, telling, logger }) => {
      await telling.up();
      adapter.tellFeatures?.(aorOf('1001', 'lab.test'), featuresWith(), null);
      // Orders keep their order: what was told before this answer would have been told by now.
      await adapter.setFeature(wish('1002'), 10_000);
      assert.equal(
        logger.lines.some(({ message }) => message === 'told'),
        false,
      );
    }));

  test('a throw that no promise catches is link down, a refusal for whoever waits, and a new worker', () =>
    stage('live', async ({ adapter, telling, logger }) => {
      await telling.up();
      const answer = await adapter.setFeature(wish('crash'), 20_000);
      assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-away');
      await telling.up(2);
      assert.deepEqual(telling.course, ['stale', 'snapshot', 'up', 'down', 'stale', 'snapshot', 'up']);
      assert.match(telling.of('link')[2]?.reason ?? '', /crashed/);
      assert.equal(logger.lines.filter((it) => it.level === 'error').length, 1);
      assert.equal((await adapter.setFeature(wish('1002'), 10_000)).ok, true);
    }));

  test('a worker that hangs in a loop is ended and replaced', () =>
    stage(
      'live',
      async ({ adapter, telling }) => {
        await telling.up();
        const before = telling.count('up');
        const answer = await adapter.setFeature(wish('spin'), 60_000);
        assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-away');
        await telling.up(before + 1);
      },
      { beats: 8 },
    ));

  test('an adapter that never answers a wish is a refusal at the deadline', () =>
    stage('live', async ({ adapter, telling }) => {
      await telling.up();
      const answer = await adapter.setFeature(wish('silence'), 100);
      assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-timeout');
    }));

  test('one that dies at every start is started again and again, with wishes refused meanwhile', () =>
    stage('crash', async ({ adapter, telling }) => {
      await telling.until(() => telling.count('down') >= 3, 'not started again');
      const answer = await adapter.setFeature(wish('1002'), 200);
      assert.equal(answer.ok, false);
    }));

  test('more events than the main thread takes end the worker, whatever the adapter catches, and a new one begins', () =>
    stage('flood', async ({ telling, logger }) => {
      const last = () => telling.events.at(-1);
      await telling.until(() => JSON.stringify(last() ?? '').includes('"down"'), 'not ended');
      assert.match(logger.lines.find(({ level }) => level === 'error')?.message ?? '', /does not take the events/);
    }));

  test('stop is bounded, even where the adapter never ends', () =>
    stage('hang', async ({ adapter, telling }) => {
      await telling.up();
      await adapter.stop();
      const answer = await adapter.setFeature(wish('1002'), 200);
      assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-away');
    }));
});

describe('the list of adapters', () => {
  test('an unknown type names the possible ones, and that a path is possible', () => {
    for (const type of ['asterix', 'toString', '', '__proto__']) {
      assert.throws(
        () => adapterKind(type),
        (error) =>
          error instanceof Fault &&
          error.code === 'adapter-unknown' &&
          /asterisk, freeswitch, simulated.*\.\/x\.js/.test(error.message),
        type,
      );
    }
  });

  test('a module that does not exist, or exports no adapter, is a Fault', async () => {
    assert.throws(
      () => adapterKind('./no-such-module.js'),
      (error) => error instanceof Fault && error.code === 'adapter-unknown',
    );
    const notOne = fileURLToPath(new URL('./told.js', import.meta.url));
    await assert.rejects(
      adapterKind(notOne).load(),
      (error) => error instanceof Fault && error.code === 'adapter-unknown',
    );
  });

  test('the simulated PBX runs in the main thread, with its hand', async () => {
    const tools = { clock: systemClock, random: systemRandom, logger: new RecordingLogger() };
    const options = adapterKind('simulated').options.parse({});
    const adapter = await openAdapter('simulated', settings(options), tools);
    assert.ok(adapter.simulator);
    await adapter.stop();
  });
});

describe('checks of an adapter in a thread', () => {
  const puppetSettings = (act: Act) => settings({ act });

  test('its findings come back as they are, even while it is being born', () =>
    stage('live', async ({ adapter }) => {
      assert.deepEqual(await adapter.checks!(5_000), [
        { check: 'puppet', level: 'ok', text: 'within 5000 ms', fix: null },
      ]);
    }));

  test('one that does not answer in time is a finding itself', () =>
    stage('hang', async ({ adapter }) => {
      const [finding] = await adapter.checks!(50);
      assert.equal(finding?.level, 'fail');
      assert.match(finding?.text ?? '', /did not answer within/);
    }));

  test('one that is dead is a finding, too', () =>
    stage(
      'crash',
      async ({ adapter, telling }) => {
        await telling.until(() => telling.count('down') > 0, 'not down');
        const [finding] = await adapter.checks!(50);
        assert.match(finding?.text ?? '', /born to die/);
      },
      { restartMs: 60_000 },
    ));

  test('without a daemon it is examined and not started: one that would crash at its start answers', async () => {
    const live = await examineOnce(puppet, puppetSettings('crash'), systemClock, 5_000);
    assert.deepEqual(
      live.map(({ level }) => level),
      ['ok'],
    );
    const rejects = await examineOnce(puppet, puppetSettings('flood'), systemClock, 5_000);
    assert.match(rejects[0]?.text ?? '', /nobody answers/);
    const [absent] = await examineOnce('./no-such-module.js', puppetSettings('live'), systemClock, 5_000);
    assert.match(absent?.text ?? '', /no adapter module/);
    assert.deepEqual(await examineOnce('simulated', puppetSettings('live'), systemClock, 5_000), []);
  });
});
