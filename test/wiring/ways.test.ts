import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import type { SubscriptionPath } from '../../src/notifier/census.ts';
import { waysOf } from '../../src/wiring/ways.ts';
import { configOf } from '../cli/seen.ts';

const heard = { list: () => [], expect: () => ({ came: false, end: () => undefined }) };
const sip = { heard };
const pushRules = 0;
const config = configOf('sip: { listen: [ udp:127.0.0.1:0 ] }');

function path(user: string | null, address: string, more: Partial<SubscriptionPath> = {}): SubscriptionPath {
  const watcher = user === null ? null : aorOf(user, 'lamplighter.test');
  return { watcher, address, proxied: false, unanswered: false, ...more };
}

test('subscriptions are counted by their way: a proxy that stays in the path, else that of the configuration', () => {
  const paths = () => [path('1001', '192.0.2.1'), path('1002', '192.0.2.5', { proxied: true, unanswered: true })];
  const straight = waysOf({ config, sip, paths, pushRules });
  const counts = { total: 2, direct: 1, inline: 0, proxy: 1, drachtio: 0, unanswered: 1 };
  assert.deepEqual(straight.subscriptions, counts);
  const upstreams = () => [{ uri: 'sip:192.0.2.9', state: 'up', reason: null, since: null } as const];
  const inline = waysOf({ config, sip: { heard, upstreams, phonesLearnt: () => 4 }, paths, pushRules });
  assert.deepEqual(inline.subscriptions, { ...counts, direct: 0, inline: 1 });
  assert.deepEqual([inline.upstreams, inline.phonesLearnt], [upstreams(), 4]);
});

test('what nobody has is null, and an engine without a server is up', () => {
  const ways = waysOf({ config, sip, paths: () => [], pushRules });
  assert.deepEqual([ways.phonesLearnt, ways.pushRules, ways.upstreams, ways.sourceCount], [null, null, [], 0]);
  assert.deepEqual(ways.engine, { kind: 'embedded', up: true, reason: null });
  const engine = () => ({ up: false, reason: 'ECONNREFUSED' });
  assert.deepEqual(waysOf({ config, sip: { heard, engine }, paths: () => [], pushRules: 2 }).pushRules, 2);
});

test('the addresses with most subscriptions are told, with how many users they are', () => {
  const paths = [
    ...['a', 'b', 'c', 'd', 'e', 'f'].map((user, at) => path(user, `192.0.2.${at}`)),
    path('1001', '192.0.2.5'),
    path('1001', '192.0.2.5'),
    path(null, '192.0.2.5'),
  ];
  const { sources, sourceCount } = waysOf({ config, sip, paths: () => paths, pushRules });
  assert.equal(sourceCount, 6);
  assert.equal(sources.length, 5);
  assert.deepEqual(sources[0], { address: '192.0.2.5', subscriptions: 4, users: 2 });
});
