import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Loaded, LoadResult } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';
import { Fault } from '../../src/model/errors.ts';
import { Current } from '../../src/wiring/current.ts';
import { Lifecycle } from '../../src/wiring/lifecycle.ts';
import { Reloader } from '../../src/wiring/reload.ts';
import type { Stage } from '../../src/wiring/stages.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

const source = { file: 'l.yaml', places: new Map(), variables: new Map(), secrets: new Set<string>() };
const by = { who: 'test', from: null };

function loadedOf(more: object): Loaded {
  const config = configSchema.parse(more);
  return { ok: true, config, file: 'l.yaml', files: ['l.yaml'], source, migrated: [] };
}

function reloader(stages: readonly Stage[], read: () => LoadResult) {
  const logger = new RecordingLogger();
  const lifecycle = new Lifecycle({ clock: new FakeClock(), logger });
  const moments: string[] = [];
  lifecycle.observe({ moment: (moment) => moments.push(moment), heartbeat: () => undefined });
  const loaded = loadedOf({});
  const current = new Current(loaded.config);
  const put: Stage = { name: 'put', prepare: ({ after }) => ({ commit: () => current.put(after) }) };
  const made = new Reloader({ loaded, read, current, stages: [put, ...stages], lifecycle, logger });
  return { made, current, logger, moments };
}

test('all that is new is made before any of it is put in place, and let go where one part cannot be made', async () => {
  const done: string[] = [];
  const stage = (name: string, wrong = false): Stage => ({
    name,
    prepare: () => {
      done.push(`prepare ${name}`);
      if (wrong) throw new Fault('config-invalid', 'hooks.module: there is no such file');
      return { commit: () => void done.push(`commit ${name}`), abandon: () => void done.push(`abandon ${name}`) };
    },
  });
  const good = reloader([stage('one'), stage('two')], () => loadedOf({ log: { level: 'warn' } }));
  assert.deepEqual(await good.made.reload(by), { ok: true, applied: ['log.level'], requiresRestart: [] });
  assert.deepEqual(done.splice(0), ['prepare one', 'prepare two', 'commit one', 'commit two']);
  assert.deepEqual(good.moments, ['starting', 'reloading', 'ready']);
  const bad = reloader([stage('one'), stage('two', true)], () => loadedOf({ log: { level: 'warn' } }));
  const outcome = await bad.made.reload(by);
  assert.deepEqual(done, ['prepare one', 'prepare two', 'abandon one']);
  assert.ok(!outcome.ok);
  assert.deepEqual(
    outcome.problems.map(({ path, message }) => [path, message]),
    [['hooks.module', 'there is no such file']],
  );
  assert.equal(bad.current.config.log.level, 'info');
  assert.deepEqual(bad.moments, ['starting', 'reloading', 'ready']);
  const told = bad.logger.lines.filter(({ message }) => message.includes('the old one stays'));
  assert.equal(told.length, 1);
});

test('of those that come while one is under way a single one is left to do, and it reads what is there then', async () => {
  let reads = 0;
  const gates: (() => void)[] = [];
  const slow: Stage = {
    name: 'slow',
    prepare: () => ({ commit: () => new Promise<void>((resolve) => gates.push(resolve)) }),
  };
  const { made } = reloader([slow], () => {
    reads += 1;
    return loadedOf({ log: { level: reads === 1 ? 'warn' : 'error' } });
  });
  const all = Array.from({ length: 10 }, () => made.reload(by));
  await settle();
  assert.equal(reads, 1);
  gates.shift()?.();
  await settle();
  assert.equal(reads, 2);
  gates.shift()?.();
  const outcomes = await Promise.all(all);
  assert.equal(reads, 2);
  assert.ok(outcomes.every(({ ok }) => ok));
  const third = made.reload(by);
  await settle();
  gates.shift()?.();
  assert.deepEqual(await third, { ok: true, applied: [], requiresRestart: [] });
  assert.equal(reads, 3);
});

test('a file that is gone is named once, whatever its name looks like', async () => {
  const { made, logger } = reloader([], () => {
    throw new Fault('config-unreadable', 'l.yaml: no such file');
  });
  const outcome = await made.reload(by);
  assert.deepEqual(outcome.ok ? null : outcome.problems.map(({ path, file, message }) => [path, file, message]), [
    ['', 'l.yaml', 'no such file'],
  ]);
  const [line] = logger.lines.filter(({ level }) => level === 'error');
  assert.deepEqual(line?.fields, { ...by, problems: ['l.yaml: no such file'] });
});

test('a commit that fails is logged and holds up no other; a reader that throws is told as what is wrong', async () => {
  const done: string[] = [];
  const broken: Stage = {
    name: 'broken',
    prepare: () => ({
      commit: () => {
        throw new Error('a bug');
      },
    }),
  };
  const last: Stage = { name: 'last', prepare: () => ({ commit: () => void done.push('last') }) };
  const { made, logger } = reloader([broken, last], () => loadedOf({ log: { level: 'warn' } }));
  assert.equal((await made.reload(by)).ok, true);
  assert.deepEqual(done, ['last']);
  assert.ok(logger.lines.some(({ message }) => message.includes('not in place')));
  const gone = reloader([], () => {
    throw new Fault('config-unreadable', 'l.yaml: no such file');
  });
  const outcome = await gone.made.reload(by);
  assert.ok(!outcome.ok && /no such file/.test(outcome.problems[0]?.message ?? ''));
});

test('what waits for a restart waits until the file says what is at work; after the stop nothing is begun', async () => {
  let more: object = { store: { path: '/elsewhere' }, log: { level: 'warn' } };
  const { made, current } = reloader([], () => loadedOf(more));
  assert.deepEqual(await made.reload(by), { ok: true, applied: ['log.level'], requiresRestart: ['store.path'] });
  assert.deepEqual(made.pendingRestart, ['store.path']);
  assert.equal(current.config.store.path, 'var/lamplighter.db');
  assert.deepEqual(made.view().pendingRestart, ['store.path']);
  more = { log: { level: 'warn' } };
  assert.deepEqual(await made.reload(by), { ok: true, applied: [], requiresRestart: [] });
  assert.deepEqual(made.pendingRestart, []);
  await made.stop();
  assert.equal((await made.reload(by)).ok, false);
});
