import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemRandom, token } from '../../src/model/random.ts';

describe('the chance of the system', () => {
  test('comes in the size asked for, small or larger than any pool, and never twice', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 5000; i++) {
      const bytes = systemRandom.bytes(16);
      assert.equal(bytes.length, 16);
      seen.add(bytes.toString('hex'));
    }
    assert.equal(seen.size, 5000);
    for (const count of [0, 1, 1024, 1025, 100_000]) assert.equal(systemRandom.bytes(count).length, count);
  });

  test('who changes what he was given changes nobody else’s', () => {
    const [one, other] = [systemRandom.bytes(8), systemRandom.bytes(8)];
    const before = other.toString('hex');
    one.fill(0);
    Buffer.from(one.buffer, one.byteOffset, one.length).fill(1);
    assert.equal(other.toString('hex'), before);
  });

  test('fractions lie in [0, 1) and are spread', () => {
    const parts = [0, 0, 0, 0];
    for (let i = 0; i < 8000; i++) {
      const fraction = systemRandom.fraction();
      assert.ok(fraction >= 0 && fraction < 1);
      const part = Math.floor(fraction * 4);
      parts[part] = (parts[part] ?? 0) + 1;
    }
    // 2,000 each with a deviation of 39: 15 deviations
    for (const count of parts) assert.ok(Math.abs(count - 2000) < 600, String(parts));
  });

  test('a token has the bits asked for, rounded up to bytes', () => {
    assert.match(token(systemRandom, 64), /^[0-9a-f]{16}$/);
    assert.match(token(systemRandom, 65), /^[0-9a-f]{18}$/);
  });
});
