import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Admission,
  defaultPerSource,
  looksLikeResponse,
  malformedCost,
  SourceLimits,
} from '../../../src/sip/embedded/source-limits.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const perSource = { rate: 10, burst: 50 };
const phone = '192.0.2.1';

function limited(exempt: (address: string) => boolean = () => false) {
  const clock = new FakeClock();
  const limits = new SourceLimits(clock, perSource, exempt);
  const ask = (count: number, address = phone): Record<Admission, number> => {
    const seen = { pass: 0, refuse: 0, drop: 0 };
    for (let i = 0; i < count; i++) seen[limits.admit(address, false)]++;
    return seen;
  };
  return { clock, limits, ask };
}

describe('what one source may ask', () => {
  test('is a burst, then its rate; the excess is refused for a while and then not heard', () => {
    const { clock, ask } = limited();
    assert.deepEqual(ask(200), { pass: 50, refuse: 100, drop: 50 });
    clock.advance(1000);
    assert.deepEqual(ask(30), { pass: 10, refuse: 10, drop: 10 });
    clock.advance(60_000);
    assert.deepEqual(ask(60), { pass: 50, refuse: 10, drop: 0 });
  });

  test('is counted for each IPv4 address and each IPv6 /64', () => {
    const { ask } = limited();
    ask(1000, '2001:db8::1');
    assert.deepEqual(ask(1, '2001:db8::ffff:1'), { pass: 0, refuse: 0, drop: 1 });
    assert.deepEqual(ask(1, '2001:db8:0:1::1'), { pass: 1, refuse: 0, drop: 0 });
    assert.deepEqual(ask(1, '192.0.2.9'), { pass: 1, refuse: 0, drop: 0 });
  });

  test('does not hold for exempt sources, of which nothing is remembered', () => {
    const { limits, ask } = limited((address) => address === phone);
    limits.charge(phone, perSource.burst);
    assert.deepEqual(ask(5000), { pass: 5000, refuse: 0, drop: 0 });
    assert.equal(limits.size, 0);
  });

  test('answers are heard from a source that asks too much, unless it spoils that with answers nobody waits for', () => {
    const { limits, ask } = limited();
    ask(1000);
    assert.equal(limits.admit(phone, true), 'pass');
    limits.charge(phone, perSource.burst);
    assert.equal(limits.admit(phone, true), 'drop');
  });

  test('a malformed message costs more than a good one', () => {
    const { limits, ask } = limited();
    let good = 0;
    while (limits.admit(phone, false) === 'pass') {
      limits.charge(phone, malformedCost);
      good++;
    }
    assert.ok(good < perSource.burst / malformedCost);
    assert.equal(ask(1).pass, 0);
  });

  test('a clock that is set back neither gives nor takes', () => {
    let now = 1_000_000;
    const limits = new SourceLimits(
      { now: () => now, after: () => ({ cancel: () => undefined }) },
      perSource,
      () => false,
    );
    for (let i = 0; i < 50; i++) limits.admit(phone, false);
    now -= 500_000;
    assert.equal(limits.admit(phone, false), 'refuse');
    now += 1000;
    assert.equal(limits.admit(phone, false), 'pass');
  });

  test('memory stays bounded however many addresses an attacker has', () => {
    const { limits } = limited();
    for (let i = 0; i < 60_000; i++)
      limits.admit(`2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`, false);
    assert.ok(limits.size <= 16_384, String(limits.size));
  });

  test('an office of 300 phones with 20 keys behind one address gets through while its phones repeat', () => {
    const clock = new FakeClock();
    const limits = new SourceLimits(clock, defaultPerSource, () => false);
    // each key asks, is challenged, and asks again; whoever is not heard repeats after 0.5, 1, 2, 4, 4 … s (RFC 3261 17.1.2.2)
    const due = Array.from({ length: 6000 }, () => ({ left: 2, at: 0, pause: 500, until: 32_000 }));
    const start = clock.now();
    for (let t = 0; t <= 64_000; t += 100) {
      for (const key of due) {
        if (key.left === 0 || key.at > t || t > key.until) continue;
        const heard = limits.admit(phone, false) === 'pass';
        key.left -= heard ? 1 : 0;
        if (heard) Object.assign(key, { pause: 500, at: t + 100, until: t + 32_000 });
        else Object.assign(key, { at: t + key.pause, pause: Math.min(2 * key.pause, 4000) });
      }
      clock.advance(start + t + 100 - clock.now());
    }
    assert.equal(due.filter(({ left }) => left > 0).length, 0);
  });
});

test('answers are told from requests by their first bytes', () => {
  assert.ok(looksLikeResponse(Buffer.from('SIP/2.0 200 OK')));
  for (const other of ['SUBSCRIBE sip:x SIP/2.0', 'SIP', '', '\r\n']) assert.ok(!looksLikeResponse(Buffer.from(other)));
});
