import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeyedHash } from '../../../src/sip/auth/keyed-hash.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

test('any key, and any texts one after the other: the beginning of what node:crypto says of both', () => {
  const texts = fc.array(bytes(80), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      texts,
      fc.integer({ min: 1, max: 16 }),
      (key, all, size) => {
        const keyed = new KeyedHash(Buffer.from(key), size, 80);
        for (const text of all) {
          const whole = createHash('sha256').update(key).update(text).digest();
          assert.equal(keyed.of(text.toString('latin1')), whole.toString('latin1', 0, size));
        }
      },
    ),
  );
});

test('never so much of the hash is shown that somebody could go on from it', () => {
  assert.equal(new KeyedHash(Buffer.alloc(32), 32, 10).of('text').length, 16);
});
