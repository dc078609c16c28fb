import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, test } from 'node:test';
import { ModuleLine } from '../../src/hooks/module.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { errorsOf, hooksOn, outcome, question, tools, wellAgain } from './lines.ts';

process.env['LAMPLIGHTER_SECRET'] = 'a secret of ours';
const logger = new RecordingLogger();
const hooks = hooksOn(new ModuleLine(resolve('test/fixtures/hooks/many-ways.mjs'), tools(logger)), logger);
hooks.start();
after(() => hooks.stop());

test('the functions of a module answer, and what it does not export nobody is asked', async () => {
  assert.equal(await wellAgain(hooks), 'sip:1001@pbx.example.com well');
  const got = await hooks.get(question());
  assert.equal(got.ok && got.value?.target, '1002');
  assert.deepEqual([hooks.takes('set'), hooks.takes('notify'), hooks.takes('assigned')], [true, false, false]);
  assert.deepEqual(await hooks.assigned(question()), { ok: true, value: null });
});

test('it does not see our own settings in its environment', async () => {
  assert.equal(await wellAgain(hooks, 'secret'), 'unseen');
});

test('one that throws, or answers what is no JSON, fails that question only', async () => {
  await wellAgain(hooks);
  assert.equal(await outcome(hooks, 'throw'), 'hook-failed');
  assert.equal(await outcome(hooks, 'circle'), 'hook-failed');
  assert.equal(await outcome(hooks, 'function'), 'passed', 'JSON drops a function');
  assert.equal(await outcome(hooks, 'well'), 'sip:1001@pbx.example.com well');
});

for (const way of ['loop', 'exit', 'later']) {
  test(`one that goes wrong by '${way}' is loaded again, and this thread never waits for it`, async () => {
    await wellAgain(hooks);
    const before = logger.lines.length;
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const said = await outcome(hooks, way, 300);
    clearInterval(timer);
    if (way === 'loop') {
      assert.equal(said, 'hook-failed');
      assert.ok(turns > 5, 'the main thread went on');
    }
    const again = () => logger.lines.slice(before).some(({ message }) => message.endsWith('is loaded again'));
    const end = Date.now() + 10_000;
    while (!again()) {
      assert.ok(Date.now() < end, 'it was never loaded again');
      await new Promise((done) => setTimeout(done, 10));
    }
    assert.equal(await wellAgain(hooks), 'sip:1001@pbx.example.com well');
    // Its own answer had come already: nobody missed one.
    if (way === 'later') return;
    const errors = logger.lines.slice(before).filter(({ level }) => level === 'error');
    assert.equal(errors.length, 1, 'said once for the outage');
  });
}

test('one that waits for something slow is left alone: other questions are answered meanwhile', async () => {
  await wellAgain(hooks);
  const slow = outcome(hooks, 'never', 300);
  assert.equal(await outcome(hooks, 'well'), 'sip:1001@pbx.example.com well');
  assert.equal(await slow, 'hook-failed');
  await new Promise((done) => setTimeout(done, 700));
  assert.equal(await outcome(hooks, 'well'), 'sip:1001@pbx.example.com well', 'it was not ended');
});

test('a module that is not there fails every question, said once, and the stop is clean', async () => {
  const quiet = new RecordingLogger();
  const missing = hooksOn(new ModuleLine('/nowhere/hooks.mjs', tools(quiet)), quiet);
  missing.start();
  assert.equal(await outcome(missing, 'x'), 'hook-failed');
  assert.equal(await outcome(missing, 'x'), 'hook-failed');
  assert.equal(errorsOf(quiet).length, 1);
  assert.match(errorsOf(quiet)[0]!, /nowhere/);
  await missing.stop();
});
