import assert from 'node:assert/strict';
import { test } from 'node:test';
import { broken, type Check, fine, runChecks, someOf } from '../../src/model/check.ts';
import { systemClock } from '../../src/model/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';

const times = { eachMs: 50, deadlineMs: 10_000 };

const good: Check<null> = { name: 'good', look: () => [fine('well')] };
const bad: Check<null> = {
  name: 'bad',
  look: async () => {
    throw new Error('the disk is gone');
  },
};
const thrown: Check<null> = {
  name: 'thrown',
  look: () => {
    throw new Error('at once');
  },
};
const hangs: Check<null> = { name: 'hangs', look: () => new Promise(() => undefined) };

test('a check that throws, rejects or hangs is a finding, and takes nothing from those after it', async () => {
  const found = await runChecks([bad, thrown, hangs, good], null, systemClock, times);
  assert.deepEqual(
    found.map(({ check, level, text }) => `${check} ${level}: ${text}`),
    [
      'bad warn: could not be looked at: the disk is gone',
      'thrown warn: could not be looked at: at once',
      'hangs warn: it took longer than 1 s to look',
      'good ok: well',
    ],
  );
});

test('all together end within their time', async () => {
  const clock = new FakeClock();
  const running = runChecks([hangs, hangs, good], null, clock, { eachMs: 10_000, deadlineMs: 40 });
  await clock.run(50);
  const found = await running;
  assert.deepEqual(
    found.map(({ text }) => text),
    ['it took longer than 1 s to look', 'there was no time left to look', 'there was no time left to look'],
  );
});

test('what is wrong says what to do, and long lists are cut', () => {
  assert.deepEqual(broken('no', 'do'), { level: 'fail', text: 'no', fix: 'do' });
  assert.equal(someOf(['a', 'b', 'c', 'd'], 2), 'a, b and 2 more');
  assert.equal(someOf(['a', 'b'], 2), 'a, b');
});

test('what a PBX or a phone put into it moves no cursor, and fills no screen', async () => {
  const hostile: Check<null> = {
    name: 'hostile',
    look: () => [broken(`a\r\n\u001b[2J\u202e${'x'.repeat(5_000)}`, 'b\u0007')],
  };
  const [finding] = await runChecks([hostile], null, systemClock, times);
  assert.match(finding?.text ?? '', /^a\?\?\?\[2J\?x+…$/);
  assert.ok((finding?.text.length ?? 0) <= 1_001);
  assert.equal(finding?.fix, 'b?');
});
