import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticatorOptions } from '../../../src/sip/auth/authenticator.ts';
import type { Credentials } from '../../../src/sip/auth/credentials.ts';
import { authenticated, eventsOf, refusal, right, setup } from './login.ts';

/** A PBX that can be taken away. */
function leaving() {
  const pbx = { away: false, answers: true };
  const users = new Map<string, Credentials>([['1001', { realm: 'asterisk', password: 'secret1001' }]]);
  const asked: string[] = [];
  const options: Partial<AuthenticatorOptions> = {
    lookup: async (user) => {
      asked.push(user);
      if (!pbx.answers) throw new Error('link is down');
      return users.get(user) ?? null;
    },
    isAway: () => pbx.away,
  };
  return { pbx, users, asked, options };
}

const hourMs = 3600_000;

test('while the PBX is away, a phone that has shown its password is served for a day', async () => {
  const { pbx, options } = leaving();
  const { login, clock } = setup(options);
  assert.ok((await login(right)).ok);
  Object.assign(pbx, { away: true, answers: false });
  clock.advance(hourMs);
  assert.deepEqual(await login(right), authenticated('1001'));
  clock.advance(23 * hourMs);
  assert.equal(refusal(await login(right)).status, 503);
});

test('while the PBX is away, a wrong password gets 503 and is reported; whoever has shown none before gets 503', async () => {
  const { pbx, users, options } = leaving();
  users.set('1003', { realm: 'asterisk', password: 'secret1003' });
  const { login, clock, logger } = setup(options);
  assert.ok((await login(right)).ok);
  assert.equal(refusal(await login({ user: '1003', password: 'guess' })).status, 401);
  logger.lines.length = 0;
  Object.assign(pbx, { away: true, answers: false });
  clock.advance(60_000);
  for (const phone of [
    { ...right, password: 'guess' },
    { user: '1003', password: 'secret1003' },
    { user: '1004', password: 'x' },
  ])
    assert.equal(refusal(await login(phone)).status, 503, phone.user);
  const failed = eventsOf(logger).filter((event) => event === 'auth-failed');
  assert.equal(failed.length, 1, 'that of the wrong password alone');
});

test('where only one of two links is down and passwords can still be asked for, what the PBX says now counts', async () => {
  const { pbx, users, options } = leaving();
  const { login, clock } = setup(options);
  assert.ok((await login(right)).ok);
  pbx.away = true;
  users.set('1001', { realm: 'asterisk', password: 'changed' });
  clock.advance(60_000);
  assert.equal(refusal(await login(right)).status, 401);
  assert.ok((await login({ ...right, password: 'changed' })).ok);
});

test('a PBX that is there and does not answer is no reason to believe an old password', async () => {
  const { pbx, options } = leaving();
  const { login, clock } = setup(options);
  assert.ok((await login(right)).ok);
  pbx.answers = false;
  clock.advance(60_000);
  assert.equal(refusal(await login(right)).status, 503);
});

test('what the PBX says when it is back takes the place of what it said before it went', async () => {
  const { pbx, users, options } = leaving();
  const { login, clock } = setup(options);
  assert.ok((await login(right)).ok);
  users.set('1001', { realm: 'asterisk', password: 'changed' });
  clock.advance(60_000);
  assert.equal(refusal(await login(right)).status, 401);
  Object.assign(pbx, { away: true, answers: false });
  clock.advance(60_000);
  assert.equal(refusal(await login(right)).status, 503, 'the old one is gone');
  assert.ok((await login({ ...right, password: 'changed' })).ok);
  Object.assign(pbx, { away: false, answers: true });
  users.clear();
  assert.equal(refusal(await login({ ...right, password: 'changed' })).status, 401);
  Object.assign(pbx, { away: true, answers: false });
  clock.advance(60_000);
  assert.equal(refusal(await login({ ...right, password: 'changed' })).status, 503, 'the user is gone');
});

test('a reload forgets nobody who has shown his password', async () => {
  const { pbx, options } = leaving();
  const before = setup(options);
  assert.ok((await before.login(right)).ok);
  Object.assign(pbx, { away: true, answers: false });
  const after = setup({ ...options, memory: before.authenticator.memory });
  assert.ok((await after.login(right)).ok);
});
