import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CachedResolver } from '../../../src/sip/locate/cached-resolver.ts';
import type { Answer, NameResolver } from '../../../src/sip/locate/name-resolver.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Counts the questions that reach it and answers all addresses with one answer. */
class Counting implements NameResolver {
  asked = 0;
  answer: Answer<string> = { kind: 'records', records: ['192.0.2.1'], ttl: 30 };

  async addresses(): Promise<Answer<string>> {
    this.asked += 1;
    return this.answer;
  }

  async srv(): Promise<Answer<never>> {
    this.asked += 1;
    return { kind: 'none' };
  }

  async naptr(): Promise<Answer<never>> {
    this.asked += 1;
    return { kind: 'failed', reason: 'ESERVFAIL' };
  }
}

function rig() {
  const clock = new FakeClock();
  const dns = new Counting();
  return { clock, dns, cache: new CachedResolver(dns, clock) };
}

test('questions that come together are asked once', async () => {
  const { dns, cache } = rig();
  const answers = await Promise.all(Array.from({ length: 500 }, () => cache.addresses('a.test', 4)));
  assert.equal(dns.asked, 1);
  assert.ok(answers.every((answer) => answer.kind === 'records'));
});

test('an address is remembered as long as its TTL, and not at all with a TTL of 0', async () => {
  const { clock, dns, cache } = rig();
  await cache.addresses('a.test', 4);
  clock.advance(29_999);
  await cache.addresses('a.test', 4);
  assert.equal(dns.asked, 1);
  clock.advance(1);
  dns.answer = { kind: 'records', records: ['192.0.2.2'], ttl: 0 };
  assert.deepEqual(await cache.addresses('a.test', 4), dns.answer);
  await cache.addresses('a.test', 4);
  assert.equal(dns.asked, 3);
});

test('a TTL of years ends after an hour', async () => {
  const { clock, dns, cache } = rig();
  dns.answer = { kind: 'records', records: ['192.0.2.1'], ttl: 2 ** 31 - 1 };
  await cache.addresses('a.test', 4);
  clock.advance(3_600_000);
  await cache.addresses('a.test', 4);
  assert.equal(dns.asked, 2);
});

test('what does not exist is remembered for seconds, a failure for less', async () => {
  const { clock, dns, cache } = rig();
  await cache.srv('a.test');
  await cache.naptr('a.test');
  clock.advance(2_999);
  await cache.srv('a.test');
  await cache.naptr('a.test');
  assert.equal(dns.asked, 2);
  clock.advance(1);
  await cache.naptr('a.test');
  await cache.srv('a.test');
  assert.equal(dns.asked, 3);
  clock.advance(12_000);
  await cache.srv('a.test');
  assert.equal(dns.asked, 4);
});

test('a clock set back does not keep an answer for ever', async () => {
  const { clock, dns, cache } = rig();
  await cache.addresses('a.test', 4);
  clock.advance(-86_400_000);
  await cache.addresses('a.test', 4);
  assert.equal(dns.asked, 2);
});

test('the families of a name are two questions, and the cache has an end however many names are asked', async () => {
  const { dns, cache } = rig();
  await cache.addresses('a.test', 4);
  await cache.addresses('a.test', 6);
  assert.equal(dns.asked, 2);
  for (let index = 0; index < 3000; index += 1) await cache.addresses(`n${index}.test`, 4);
  assert.ok(cache.size <= 1001, String(cache.size));
});
