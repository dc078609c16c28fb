import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import { defaultProfile } from '../../src/model/profile.ts';
import { ListTable } from '../support/list-view.ts';
import { documentOf, FakeLists, ListWorld, office } from './list-support.ts';
import { domain, FakeStore, newDialog, settle } from './support.ts';

/** What may happen to a list and to its phone. */
type Step =
  | { readonly what: 'call'; readonly who: number; readonly calls: number }
  | { readonly what: 'members'; readonly mask: number }
  | { readonly what: 'exists'; readonly who: number; readonly exists: boolean }
  | { readonly what: 'answers'; readonly status: number }
  | { readonly what: 'time'; readonly ms: number }
  | { readonly what: 'refresh' }
  | { readonly what: 'restart' };

const who = fc.nat(5);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('call' as const), who, calls: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('members' as const), mask: fc.nat(63) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('exists' as const), who, exists: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('answers' as const), status: fc.constantFrom(200, 408, 500) }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('time' as const), ms: fc.nat(2000) }) },
  { weight: 1, arbitrary: fc.constant({ what: 'refresh' as const }) },
  { weight: 1, arbitrary: fc.constant({ what: 'restart' as const }) },
);

test('whatever happens and gets lost, in the end a phone shows what is true, and no version went back', async () => {
  const people = Array.from({ length: 6 }, (_, index) => aorOf(String(1001 + index), domain));
  const seed = Date.now();
  const property = fc.asyncProperty(
    fc.array(anyStep, { maxLength: 30 }),
    fc.constantFrom(700, 1200, 1e6),
    async (steps, room) => {
      const store = new FakeStore();
      const lists = new FakeLists();
      lists.set(office, ...people);
      const table = new ListTable();
      const truth = new Map<Aor, readonly string[]>();
      let status = 200;
      const world = () => {
        const made = new ListWorld(store, lists);
        made.room = room;
        made.profile = { ...defaultProfile, notifyTimeouts: 100 };
        for (const [aor, ids] of truth) made.state.calls(aor, ...ids);
        made.sender.script = (notify) => {
          // what is answered otherwise has not been seen
          if (status === 200 && notify.message.contentType !== null) table.take(documentOf(notify));
          return status;
        };
        return made;
      };
      let here = world();
      let dialog = newDialog();
      await here.subscribe(here.asking({ dialog, expires: 7000 }));
      const missing = new Set<Aor>();
      for (const step of steps) {
        switch (step.what) {
          case 'call': {
            const aor = people[step.who]!;
            truth.set(
              aor,
              Array.from({ length: step.calls }, (_, index) => `c${index}`),
            );
            here.state.calls(aor, ...truth.get(aor)!);
            break;
          }
          case 'members':
            lists.set(office, ...people.filter((_, index) => (step.mask & (1 << index)) !== 0));
            lists.picture();
            break;
          case 'exists': {
            const aor = people[step.who]!;
            if (step.exists) missing.delete(aor);
            else missing.add(aor);
            here.state.missing.clear();
            for (const one of missing) here.state.missing.add(one);
            here.state.emit({ topic: 'extension', aor, aspects: ['known'] });
            break;
          }
          case 'answers':
            status = step.status;
            break;
          case 'time':
            await here.clock.run(step.ms, 200);
            break;
          case 'refresh':
            await here.again(dialog);
            break;
          case 'restart': {
            await here.notifier.stop();
            const rows = [...store.rows.values()];
            here = world();
            for (const one of missing) here.state.missing.add(one);
            here.notifier.restore(rows, 2);
            dialog = here.sender.restored[0]!;
            here.notifier.start();
          }
        }
        await settle();
      }
      status = 200;
      await here.clock.run(700_000, 20_000);
      const shown = Object.fromEntries(
        [...table.rows].map(([uri, { state, part }]) => [uri, part === null ? state : JSON.parse(part.content).ids]),
      );
      const right = lists
        .find(office)!
        .members.map(({ aor }) => [
          `sip:${aor}`,
          missing.has(aor!) ? 'terminated;noresource' : (truth.get(aor!) ?? []),
        ]);
      assert.deepEqual(shown, Object.fromEntries(right));
      await here.notifier.stop();
    },
  );
  await fc.assert(property, { numRuns: 60, seed });
});
