import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PbxEvent } from '../../src/model/pbx-event.ts';
import { settle } from '../support/fake-clock.ts';
import { alice, Bench, bob, dialogs } from './support.ts';

/* A publisher's life against a model of it: whatever is asked in whatever order, over restarts and a failing disk. */

type Step =
  | {
      readonly do: 'initial' | 'refresh' | 'modify' | 'remove' | 'stale';
      readonly who: number;
      readonly ids: readonly string[];
      readonly expires: number;
    }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'disk'; readonly failing: boolean }
  | { readonly do: 'restart' };

const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c?', 'd!'), { maxLength: 3 });
const publishing = fc.record({
  do: fc.constantFrom('initial', 'refresh', 'modify', 'remove', 'stale'),
  who: fc.nat(1),
  ids,
  expires: fc.constantFrom(60, 120, 600),
}) as fc.Arbitrary<Step>;
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: publishing },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 100_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disk' as const), failing: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

interface Living {
  readonly who: number;
  tag: string;
  ids: readonly string[];
  /** From here on it may be gone; three seconds later it must be. */
  endsAt: number;
}

const people = [alice, bob] as const;
const generous = {
  limits: { perPublisher: 1000, perResource: 1000, total: 1000 },
  pace: { burst: 100_000, everyMs: 1 },
};

class Model {
  bench = new Bench(undefined, generous);
  living: Living[] = [];
  readonly tags = new Set<string>();
  readonly used: string[] = [];

  async take(one: Step): Promise<void> {
    const { clock, store } = this.bench;
    if (one.do === 'wait') clock.advance(one.ms);
    else if (one.do === 'disk') store.failing = one.failing;
    else if (one.do === 'restart') await this.#restart();
    else await this.#publish(one);
    await settle();
    this.living = this.living.filter(({ endsAt }) => endsAt + 4000 > this.bench.clock.now());
  }

  async #restart(): Promise<void> {
    await settle();
    const before = this.bench;
    before.compositor.stop();
    before.store.failing = false;
    this.bench = new Bench(before.store, { ...generous, clock: before.clock });
    Object.assign(this.bench, { clock: before.clock });
    this.bench.compositor.restore([...before.store.rows.values()]);
  }

  async #publish(one: Extract<Step, { readonly who: number }>): Promise<void> {
    const by = people[one.who] ?? alice;
    const failing = this.bench.store.failing;
    const target = one.do === 'initial' ? undefined : this.living.find(({ who }) => who === one.who);
    if (one.do === 'stale') {
      const tag = this.used.at(-1);
      if (tag !== undefined) assert.equal((await this.bench.publish({ by, resource: by, ifMatch: tag })).status, 412);
      return;
    }
    if (one.do !== 'initial' && target === undefined) return;
    const expires = one.do === 'remove' ? 0 : one.expires;
    const body = one.do === 'refresh' || one.do === 'remove' ? null : dialogs(...one.ids);
    const answer = await this.bench.publish({ by, resource: by, ifMatch: target?.tag ?? null, expires, body });
    if (failing && answer.status === 504) return; // nothing has happened
    // in the seconds of grace it may be there or not
    if (answer.status === 412 && target !== undefined && target.endsAt <= this.bench.clock.now()) {
      this.living = this.living.filter((each) => each !== target);
      return;
    }
    const etag = answer.granted?.etag ?? assert.fail(`${one.do} was answered ${answer.status}`);
    assert.ok(!this.tags.has(etag), 'no tag twice');
    this.tags.add(etag);
    if (target !== undefined) this.used.push(target.tag);
    if (target === undefined) this.living.push({ who: one.who, tag: etag, ids: one.ids, endsAt: 0 });
    const now = target ?? this.living.at(-1)!;
    Object.assign(now, { tag: etag, endsAt: this.bench.clock.now() + expires * 1000 });
    if (one.do === 'modify') now.ids = one.ids;
    if (one.do === 'remove') this.living = this.living.filter((each) => each !== now);
  }

  /** What must be lit, what may be, and what is. */
  check(): void {
    const now = this.bench.clock.now();
    for (const [who, aor] of people.entries()) {
      const lit = (all: readonly Living[]) =>
        all
          .filter((each) => each.who === who)
          .flatMap((each) => each.ids.filter((id) => !id.endsWith('!')).map((id) => id.replace('?', '')));
      const shown = this.bench.ids(aor).map((id) => id.split(' ')[1] ?? '');
      const must = lit(this.living.filter(({ endsAt }) => endsAt > now));
      const may = lit(this.living);
      assert.ok(contains(shown, must), `shown ${shown}, must ${must}`);
      assert.ok(contains(may, shown), `shown ${shown}, may ${may}`);
      assert.equal(new Set(this.bench.ids(aor)).size, shown.length);
    }
  }
}

function contains(all: readonly string[], some: readonly string[]): boolean {
  const left = [...all];
  return some.every((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

test('whatever publishers do, what stands is what they said last, no tag serves twice, and nothing outlives its time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const model = new Model();
      for (const one of steps) {
        await model.take(one);
        model.check();
      }
      model.bench.clock.advance(700_000);
      await settle();
      for (const aor of people) assert.deepEqual(model.bench.said(aor).flatMap(litIn), []);
      model.bench.compositor.stop();
      assert.equal(model.bench.clock.pending, 0);
    }),
    { numRuns: 150 },
  );
});

function litIn(said: Extract<PbxEvent, { readonly type: 'published' }>['said'][number]): readonly string[] {
  return said.kind === 'dialogs' ? said.dialogs.map(({ id }) => id) : [];
}
