import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOf } from '../../src/config/difference.ts';
import { configSchema } from '../../src/config/schema.ts';

const configOf = (more: object = {}) => configSchema.parse({ domain: 'a.example', ...more });
const tls = { cert: '/c', key: '/k' };

test('nothing differs from itself', () => {
  const one = configOf({ pbx: [{ name: 'main', type: 'simulated', z: 1, a: 2 }] });
  const other = configOf({ pbx: [{ a: 2, z: 1, type: 'simulated', name: 'main' }] });
  assert.deepEqual(differenceOf(one, other).live, []);
  assert.deepEqual(differenceOf(one, other).restart, []);
});

test('what can change is taken, what cannot keeps its value and is named', () => {
  const running = configOf();
  const wanted = configOf({
    sip: { listen: ['udp:127.0.0.1:5999'], users: [{ user: '1', password: 'p' }] },
    features: { policy: { allow: ['^9'] } },
    log: { level: 'debug', format: 'json' },
  });
  const { config, live, restart } = differenceOf(running, wanted);
  assert.deepEqual([...live].sort(), ['features.policy.allow', 'log.level', 'sip.users']);
  assert.deepEqual([...restart].sort(), ['log.format', 'sip.listen']);
  assert.deepEqual(config.sip.listen, running.sip.listen);
  assert.deepEqual(config.features.policy.allow, ['^9']);
  assert.equal(config.log.format, 'auto');
  assert.equal(config.log.level, 'debug');
});

test('PBXs are named one by one: new, changed, gone; another order alone is said too', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name, type: 'simulated' }));
  const running = configOf({ pbx: [a, b] });
  const changed = differenceOf(running, configOf({ pbx: [{ ...a, extensions: ['1'] }, c] }));
  assert.deepEqual([...changed.live].sort(), ['pbx.a', 'pbx.b', 'pbx.c']);
  assert.deepEqual(differenceOf(running, configOf({ pbx: [b, a] })).live, ['pbx']);
});

test('a certificate changes while running, but neither comes nor goes', () => {
  const secure = { listen: ['tls:127.0.0.1:5999'] };
  const running = configOf({ sip: { ...secure, tls } });
  assert.deepEqual(differenceOf(running, configOf({ sip: { ...secure, tls: { ...tls, cert: '/n' } } })).live, [
    'sip.tls.cert',
  ]);
  const gone = differenceOf(running, configOf({ sip: { listen: ['udp:127.0.0.1:5999'] } }));
  assert.deepEqual(gone.live, []);
  assert.deepEqual(gone.config.sip.tls, running.sip.tls);
  assert.ok(gone.restart.includes('sip.tls.cert') && gone.restart.includes('sip.listen'));
  const come = differenceOf(configOf(), configOf({ sip: { tls }, log: { level: 'warn' } }));
  assert.deepEqual(come.live, ['log.level']);
  assert.equal(come.config.sip.tls, undefined);
  assert.ok(come.restart.includes('sip.tls.cert'));
});

test('where the new and what waits do not go together, everything waits', () => {
  const running = configOf();
  const wanted = configOf({
    domains: [{ name: 'b.example' }],
    groups: [{ name: 'sales', extensions: '1\\d', domain: 'b.example' }],
    log: { level: 'warn' },
  });
  const { config, live, restart } = differenceOf(running, wanted);
  assert.deepEqual(live, []);
  assert.deepEqual([...restart].sort(), ['domains', 'groups', 'log.level']);
  assert.equal(config, running);
});
