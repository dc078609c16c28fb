import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { neverSubscribed, refusedLogins, refusedNotify, unanswered } from '../../src/examination/phones.ts';
import { systemClock } from '../../src/model/clock.ts';
import { viewOf } from '../ops/fake-deps.ts';
import { healthy, look, said, subscription } from './seen.ts';

const yealink = 'Yealink SIP-T46U 108.86.0.20';
const polycom = 'PolycomVVX-VVX_411-UA/5.9.7';

describe('phones examined', () => {
  test('whoever is registered and watches nothing is named by what he has', async () => {
    const device = (userAgent: string | null) => ({ devices: [{ uri: 'sip:x@192.0.2.21', userAgent }] });
    const extensions = [
      viewOf('1001', { contacts: 1 }),
      viewOf('1002', { contacts: 1, ...device(polycom) }),
      viewOf('1003', { contacts: 2, ...device(polycom) }),
      viewOf('1004', { contacts: 1 }),
      viewOf('1005', { contacts: 0 }),
      viewOf('1006', { contacts: 1 }),
      viewOf('1007', { contacts: 1 }),
      viewOf('park+701', { contacts: 1, lamp: true }),
    ];
    const config = { ...healthy.config, pbx: healthy.config.pbx.map((pbx) => ({ ...pbx, type: 'asterisk' })) };
    const found = await look(neverSubscribed, {
      config,
      extensions,
      subscriptions: [subscription(1, '1001')],
      pushed: new Set(['1006@lamplighter.test']),
      agents: new Map([['1007@lamplighter.test', yealink]]),
    });
    assert.deepEqual(said(found), [
      `warn: registered at the PBX, and never subscribed here: ${polycom}: 1002, 1003`,
      'warn: registered at the PBX, and never subscribed here: phones that do not say what they are: 1004',
      `warn: registered at the PBX, and never subscribed here: ${yealink}: 1007`,
    ]);
    assert.deepEqual(
      await look(neverSubscribed, { config, extensions }),
      [],
      'nobody subscribes: another check says that once',
    );
  });

  test('the simulated phones of the demo have nothing to turn on', async () => {
    assert.deepEqual(
      healthy.config.pbx.map(({ type }) => type),
      ['simulated'],
    );
    const extensions = [viewOf('1001', { contacts: 1 }), viewOf('1002', { contacts: 1 })];
    assert.deepEqual(await look(neverSubscribed, { extensions, subscriptions: [subscription(1, '1001')] }), []);
  });

  test('NOTIFYs without an answer, and refused ones, by kind of phone', async () => {
    const subscriptions = [
      subscription(1, '1001', { lastStatus: 408 }),
      subscription(2, '1002', { lastStatus: 408 }),
      subscription(3, '1003', { lastStatus: 408, userAgent: polycom }),
      subscription(4, '1004', { lastStatus: 415, userAgent: polycom }),
      subscription(5, '1005', { lastStatus: null }),
      subscription(6, '1006'),
    ];
    assert.deepEqual(said(await look(unanswered, { subscriptions })), [
      `warn: the last NOTIFY was not answered: ${yealink}: 2 subscriptions of 6, 1001 (408), 1002 (408)`,
      `warn: the last NOTIFY was not answered: ${polycom}: 1 subscription of 6, 1003 (408)`,
    ]);
    assert.deepEqual(said(await look(refusedNotify, { subscriptions })), [
      `warn: the last NOTIFY was refused: ${polycom}: 1 subscription of 6, 1004 (415)`,
    ]);
  });

  test('hundreds of kinds of phones do not fill the screen', async () => {
    const subscriptions = Array.from({ length: 300 }, (_, index) =>
      subscription(index, String(2000 + index), { lastStatus: 408, userAgent: `Phone ${index}` }),
    );
    assert.ok((await look(unanswered, { subscriptions })).length <= 5);
  });

  test('logins that were refused in the last hour, of those who have nothing now', async () => {
    const now = systemClock.now();
    const login = { event: 'auth-failed', source: '192.0.2.21', user: '1001', count: 3, lastAt: now };
    const all = [
      login,
      { ...login, user: '1002', count: 40 },
      { ...login, event: 'unknown-user', user: 'nobody', count: 1 },
      { ...login, event: 'not-trusted', user: null, source: '198.51.100.7' },
      { ...login, user: '1009', lastAt: now - 7_200_000 },
    ];
    const found = await look(refusedLogins, { refusedLogins: all, subscriptions: [subscription(1, '1001')] });
    assert.deepEqual(said(found), [
      'warn: 1002 at 192.0.2.21 was refused 40 times: wrong password',
      'warn: somebody at 198.51.100.7 was refused 3 times: not from a trusted network',
      'warn: nobody at 192.0.2.21 was refused 1 time: no PBX has this user',
    ]);
    const flood = Array.from({ length: 50 }, (_, index) => ({ ...login, user: `u${index}` }));
    assert.equal((await look(refusedLogins, { refusedLogins: flood })).length, 11);
  });
});
