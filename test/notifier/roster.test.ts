import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { Subscription } from '../../src/notifier/record.ts';
import { Roster } from '../../src/notifier/roster.ts';
import { keys, lamps } from './support.ts';

const lamp = aorOf('1001', 'pbx.test');
const desk = 'sip:1002@192.0.2.2:5060';

let ids = 0;
function subscription(over: Partial<Subscription> = {}): Subscription {
  const plain = {
    id: ++ids,
    aor: lamp,
    pkg: lamps,
    eventId: null,
    watcher: '1002@pbx.test' as Aor,
    device: desk,
    kind: null,
  };
  return { ...plain, ...over } as Subscription;
}

test('twins are of one phone, package, id and kind, and of nobody else', () => {
  const roster = new Roster();
  const one = subscription();
  const others = [
    subscription({ pkg: keys }),
    subscription({ eventId: '7' }),
    subscription({ watcher: '1003@pbx.test' as Aor }),
    subscription({ device: 'sip:1002@192.0.2.3:5060' }),
    subscription({ aor: aorOf('1004', 'pbx.test') }),
    subscription({ kind: 'user' }),
  ];
  const again = subscription();
  for (const sub of [one, ...others, again]) roster.add(sub);
  assert.deepEqual(roster.twins(one), [one, again], 'oldest first');
  for (const other of others) assert.deepEqual(roster.twins(other), [other]);
  assert.deepEqual(roster.twins(subscription({ device: 'sip:nobody@192.0.2.9' })), []);
});

test('each is found by its resource and counted until it is removed, and removed once', () => {
  const moved: [number, boolean][] = [];
  const roster = new Roster((sub, here) => moved.push([sub.id, here]));
  const subs = [
    subscription(),
    subscription(),
    subscription({ pkg: keys }),
    subscription({ device: 'sip:x@192.0.2.4' }),
  ];
  for (const sub of subs) roster.add(sub);
  let living = [...subs];
  for (const sub of [subs[1]!, subs[3]!, subs[0]!, subs[2]!]) {
    assert.equal(roster.count(lamp), living.length);
    assert.deepEqual(new Set(roster.watching(lamp)), new Set(living));
    assert.deepEqual(new Set(roster.all()), new Set(living));
    assert.equal(roster.byId(sub.id), sub);
    assert.equal(roster.remove(sub), true);
    assert.equal(roster.remove(sub), false);
    assert.equal(roster.byId(sub.id), null);
    living = living.filter((other) => other !== sub);
  }
  assert.equal(roster.count(lamp), 0);
  assert.deepEqual([...roster.watching(lamp)], []);
  assert.equal(moved.length, 2 * subs.length);
});
