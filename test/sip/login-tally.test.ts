import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoginTally } from '../../src/sip/login-tally.ts';

test('refused logins are counted by event, source and user', () => {
  const tally = new LoginTally();
  for (const at of [1, 2, 3]) tally.note('auth-failed', '192.0.2.1', '1001', at);
  tally.note('auth-failed', '192.0.2.2', '1001', 4);
  tally.note('not-trusted', '192.0.2.2', undefined, 5);
  assert.deepEqual(
    tally.list().map(({ event, source, user, count, lastAt }) => [event, source, user, count, lastAt]),
    [
      ['auth-failed', '192.0.2.1', '1001', 3, 3],
      ['auth-failed', '192.0.2.2', '1001', 1, 4],
      ['not-trusted', '192.0.2.2', null, 1, 5],
    ],
  );
});

test('strangers cannot make it grow, nor write what they like', () => {
  const tally = new LoginTally();
  for (let n = 0; n < 5_000; n += 1)
    tally.note('unknown-user', '198.51.100.1', `${n}\r\n\u001b[2J${'x'.repeat(500)}`, n);
  tally.note('auth-failed', '192.0.2.1', '1001', 5_000);
  const list = tally.list();
  assert.equal(list.length, 500);
  assert.equal(list.at(-1)?.user, '1001');
  assert.ok(list.every(({ user }) => user !== null && user.length <= 64 && /^[\x20-\x7e]*$/.test(user)));
});
