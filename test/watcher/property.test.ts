import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Random } from '../../src/model/random.ts';
import { Seeded } from '../fuzz/seeded.ts';
import { settle } from '../support/fake-clock.ts';
import { watching } from './rig.ts';

type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | {
      readonly do: 'answer';
      readonly status: number;
      readonly expires: number | null;
      readonly retryAfter: number | null;
    }
  | {
      readonly do: 'notify';
      readonly state: 'active' | 'pending' | 'terminated';
      readonly expires: number | null;
      readonly reason: string | null;
      readonly retryAfter: number | null;
      /** 0: in the newest dialog, 1: in the one before it. */
      readonly back: number;
    }
  | { readonly do: 'end' };

const seconds = fc.option(fc.constantFrom(0, 1, 30, 60, 600, 3600, 7200));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(10, 1_000, 33_000, 600_000, 4_000_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      status: fc.constantFrom(200, 200, 200, 202, 204, 401, 403, 408, 423, 481, 489, 500, 503),
      expires: seconds,
      retryAfter: seconds,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('notify' as const),
      state: fc.constantFrom('active', 'active', 'pending', 'terminated'),
      expires: seconds,
      reason: fc.option(
        fc.constantFrom('deactivated', 'timeout', 'probation', 'giveup', 'rejected', 'noresource', 'odd'),
      ),
      retryAfter: seconds,
      back: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'end' as const }) },
);

function chance(seed: number): Random {
  const seeded = new Seeded(seed, 0);
  return { bytes: (count) => Buffer.alloc(count, seeded.next() & 255), fraction: () => seeded.next() / 2 ** 32 };
}

test('whatever a phone answers, loses or ends, in whatever order: one dialog at most, and in the end subscribed or given up', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
      const { clock, sender, watch } = watching(chance(seed));
      watch.start();
      await settle();
      let ended = false;
      for (const one of steps) {
        const side = sender.sides.at(-1);
        if (one.do === 'wait') {
          for (let left = one.ms; left > 0; left -= 16_000) {
            clock.advance(Math.min(left, 16_000));
            await settle();
          }
        } else if (one.do === 'answer')
          side?.answer(one.status, { expires: one.expires, retryAfter: one.retryAfter, minExpires: 5000 });
        else if (one.do === 'end') {
          ended = true;
          void watch.end();
        } else {
          const target = sender.sides.at(-1 - one.back);
          const wasOpen = target?.open ?? false;
          const reply = target?.notify(one);
          if (target !== undefined) assert.equal(reply?.status, wasOpen ? 200 : 481);
        }
        await settle();
        assert.ok(sender.openCount <= 1, 'never two dialogs');
        if (watch.state === 'watching') assert.ok((watch.until ?? 0) >= clock.now());
        if (ended) assert.equal(watch.state, 'over');
      }
      // From now on the phone behaves.
      for (let minute = 0; minute < 200; minute += 1) {
        await settle();
        const side = sender.sides.at(-1);
        if (side?.waiting === true) {
          const last = side.asked.at(-1)?.expires ?? 0;
          side.answer(200, { expires: last });
          await settle();
          side.notify(last === 0 ? { state: 'terminated' } : { expires: last });
        }
        assert.ok(sender.openCount <= 1, 'never two dialogs');
        clock.advance(30_000);
      }
      await settle();
      const { state } = watch;
      assert.ok(state === 'watching' || state === 'over' || state === 'waiting' || state === 'asking', state);
      if (ended) assert.equal(sender.openCount, 0, 'nothing is left');
      if (state === 'watching') assert.equal(sender.openCount, 1);
      if (state === 'over' || state === 'waiting') assert.equal(sender.openCount, 0);
    }),
    { numRuns: 150 },
  );
});

test('a phone that behaves after whatever happened is watched within a day, unless it said never', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.nat(), async (steps, seed) => {
      const { clock, sender, watch } = watching(chance(seed));
      watch.start();
      for (const one of steps) {
        await settle();
        const side = sender.sides.at(-1);
        if (one.do === 'answer') side?.answer(one.status, { expires: one.expires, retryAfter: one.retryAfter });
        else if (one.do === 'notify') side?.notify(one);
        else if (one.do === 'wait') clock.advance(Math.min(one.ms, 33_000));
      }
      await settle();
      for (let turn = 0; turn < 300 && watch.state !== 'watching' && watch.state !== 'over'; turn += 1) {
        await settle();
        const side = sender.sides.at(-1);
        if (side?.waiting === true) {
          side.answer(200, { expires: 3600 });
          await settle();
          side.notify({ expires: 3600 });
        } else clock.advance(300_000);
      }
      await settle();
      assert.ok(watch.state === 'watching' || watch.state === 'over', watch.state);
    }),
    { numRuns: 100 },
  );
});
