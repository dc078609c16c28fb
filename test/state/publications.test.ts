import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderDialogs } from '../../src/event-packages/dialog/render.ts';
import { aorOf } from '../../src/model/aor.ts';
import type { Leg, Snapshot } from '../../src/model/pbx-event.ts';
import type { Published, PublishedDialog } from '../../src/model/publication.ts';
import type { Change } from '../../src/model/views.ts';
import { Hub } from '../../src/state/hub.ts';
import { requestWith } from '../event-packages/views.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

const alice = aorOf('1001', 'pbx.test');
const elsewhere = aorOf('7001', 'pbx.test');
const party = { number: '1002', name: 'Bob', presentable: true };

function call(id: string, more: Partial<PublishedDialog> = {}): PublishedDialog {
  return { id, phase: 'confirmed', direction: 'recipient', holding: false, remote: party, since: 1000, ...more };
}

const dialogs = (...all: readonly PublishedDialog[]): Published => ({ kind: 'dialogs', dialogs: all });
const presence = (note: string): Published => ({
  kind: 'presence',
  basic: 'open',
  activities: ['busy'],
  notes: [note],
});
const counts = (fresh: number) => ({ new: fresh, old: 0, newUrgent: 0, oldUrgent: 0 });

class Bench {
  readonly changes: string[] = [];
  readonly hub = new Hub({
    clock: new FakeClock(),
    logger: new RecordingLogger(),
    store: { commitFeature: () => undefined, putLegs: () => undefined },
    secret: Buffer.alloc(32, 7),
    sources: ['main', 'publications'],
    isPublished: (aor) => aor === elsewhere,
  });

  constructor() {
    for (const source of ['main', 'publications']) {
      const extensions = source === 'main' ? [{ aor: alice, displayName: 'Alice' }] : [];
      const snapshot: Snapshot = { extensions, dialogs: [], features: [], registrations: [], mailboxes: [] };
      this.hub.apply({ source, type: 'snapshot', epoch: '1', snapshot });
    }
    this.hub.onChange(({ topic, aor }: Change) => this.changes.push(`${topic} ${aor}`));
  }

  publish(event: string, said: readonly Published[], aor = alice): void {
    this.hub.apply({ source: 'publications', type: 'published', aor, event, said });
  }

  own(...legs: readonly Partial<Leg>[]): void {
    const usual = {
      call: 'c',
      phase: 'confirmed',
      direction: 'recipient',
      holding: false,
      remote: party,
      since: 500,
    } as const;
    const all = legs.map((leg, at) => ({ id: `leg${at}`, ...usual, ...leg }));
    this.hub.apply({ source: 'main', type: 'dialogs', aor: alice, legs: all });
  }

  /** What changed since the last look. */
  news(): readonly string[] {
    return this.changes.splice(0);
  }
}

test('published calls stand beside those of the PBX, oldest first, with ids that say nothing and are the same again', () => {
  const bench = new Bench();
  bench.own({});
  bench.publish('dialog', [dialogs(call('1 secret-id')), dialogs(call('2 secret-id', { since: 100 }))]);
  assert.deepEqual(bench.news(), [`dialogs ${alice}`, `dialogs ${alice}`]);
  const shown = bench.hub.view(alice).dialogs;
  assert.deepEqual(
    shown.map(({ since }) => since),
    [100, 500, 1000],
  );
  assert.equal(new Set(shown.map(({ id }) => id)).size, 3);
  for (const { id } of shown) assert.match(id, /^[\w-]{22}$/);

  const again = new Bench();
  again.own({});
  again.publish('dialog', [dialogs(call('1 secret-id')), dialogs(call('2 secret-id', { since: 100 }))]);
  assert.deepEqual(again.hub.view(alice).dialogs, shown);
});

test('a published id that repeats the name of a call of the PBX, or of another resource, is another', () => {
  const bench = new Bench();
  bench.own({ id: 'leg0' });
  bench.publish('dialog', [dialogs(call('leg0'), call(`\0${alice}\0leg0`), call(`main\0${alice}\0leg0`))]);
  bench.publish('dialog', [dialogs(call('leg0'))], elsewhere);
  const ids = [...bench.hub.view(alice).dialogs, ...bench.hub.view(elsewhere).dialogs].map(({ id }) => id);
  assert.equal(new Set(ids).size, 5);
});

test('equal publications are silent, what differs is told once, and what is no more ends', () => {
  const bench = new Bench();
  bench.publish('dialog', [dialogs(call('1 a'))]);
  assert.deepEqual(bench.news(), [`dialogs ${alice}`]);
  bench.publish('dialog', [dialogs(call('1 a'))]);
  assert.deepEqual(bench.news(), []);
  bench.publish('dialog', [dialogs(call('1 a', { holding: true }))]);
  assert.deepEqual(bench.news(), [`dialogs ${alice}`]);
  bench.publish('dialog', []);
  assert.deepEqual(bench.news(), [`dialogs ${alice}`]);
  assert.deepEqual(bench.hub.view(alice).dialogs, []);
});

test('a call that began anew under its old id is another call; an ended one is not shown', () => {
  const bench = new Bench();
  bench.publish('dialog', [dialogs(call('1 a'))]);
  const [first] = bench.hub.view(alice).dialogs;
  bench.publish('dialog', [dialogs(call('1 a', { since: 2000 }))]);
  const [second] = bench.hub.view(alice).dialogs;
  assert.notEqual(first?.id, second?.id);
  bench.publish('dialog', [dialogs(call('1 a', { phase: 'terminated' }))]);
  assert.deepEqual(bench.hub.view(alice).dialogs, []);
});

test('one call of which the PBX, a proxy and the phone tell is shown once, as the PBX tells it', () => {
  const bench = new Bench();
  const told = { callId: 'one@call', phase: 'early' } as const;
  bench.publish('dialog', [dialogs(call('1 a', told)), dialogs(call('2 b', told))]);
  assert.equal(bench.hub.view(alice).dialogs.length, 1);
  bench.own({ callId: 'one@call' });
  assert.deepEqual(
    bench.hub.view(alice).dialogs.map(({ phase }) => phase),
    ['confirmed'],
  );
  bench.own();
  assert.deepEqual(
    bench.hub.view(alice).dialogs.map(({ phase }) => phase),
    ['early'],
  );
  // who calls himself has one of each
  bench.publish('dialog', [dialogs(call('1 a', told), call('1 b', { ...told, direction: 'initiator' }))]);
  assert.equal(bench.hub.view(alice).dialogs.length, 2);
});

test('counts are told where no PBX has the mailbox, those of the youngest publication', () => {
  const bench = new Bench();
  const mailbox = (fresh: number): Published => ({ kind: 'mailbox', counts: counts(fresh) });
  bench.publish('message-summary', [mailbox(1), mailbox(2)]);
  assert.deepEqual([bench.hub.view(alice).mailbox?.new, bench.hub.ownsMailbox(alice)], [2, false]);
  assert.deepEqual(bench.news(), [`mailbox ${alice}`]);
  bench.hub.apply({ source: 'main', type: 'mailbox', aor: alice, counts: counts(7) });
  assert.deepEqual(bench.news(), [`mailbox ${alice}`]);
  bench.publish('message-summary', [mailbox(3)]);
  assert.deepEqual([bench.hub.view(alice).mailbox?.new, bench.hub.ownsMailbox(alice)], [7, true]);
  assert.deepEqual(bench.news(), []);
});

test('presence is handed on, oldest first, and equal presence is silent', () => {
  const bench = new Bench();
  bench.publish('presence', [presence('a'), presence('b')]);
  assert.deepEqual(bench.hub.view(alice).published, [presence('a'), presence('b')]);
  bench.publish('presence', [presence('a'), presence('b')]);
  assert.deepEqual(bench.news(), [`published ${alice}`]);
  bench.publish('presence', []);
  assert.equal(bench.hub.view(alice).published, undefined);
});

test('what only others publish may be watched, is in no list, takes no forward, and belongs to no PBX', () => {
  const bench = new Bench();
  assert.equal(bench.hub.has(elsewhere), true);
  assert.equal(bench.hub.view(elsewhere).known, true);
  assert.equal(bench.hub.isExtension(elsewhere), false);
  assert.equal(bench.hub.ownerOf(elsewhere), null);
  bench.publish('dialog', [dialogs(call('1 a'))], elsewhere);
  assert.deepEqual(bench.hub.list(), [alice]);
  assert.equal(bench.hub.view(elsewhere).dialogs.length, 1);
  assert.equal(bench.hub.view(elsewhere).stale, false);
  assert.equal(bench.hub.has(aorOf('7002', 'pbx.test')), false);
});

test('only the compositor publishes, even where a PBX has its name', () => {
  const bench = new Bench();
  bench.hub.apply({ source: 'main', type: 'published', aor: alice, event: 'dialog', said: [dialogs(call('1 a'))] });
  assert.deepEqual(bench.hub.view(alice).dialogs, []);
  bench.publish('dialog', [dialogs(call('1 a'))]);
  assert.equal(bench.hub.view(alice).dialogs.length, 1);
});

test('however many calls are published, a hundred are shown', () => {
  const bench = new Bench();
  const many = (from: number) => dialogs(...Array.from({ length: 80 }, (_, at) => call(`${from + at}`)));
  bench.publish('dialog', [many(0), many(100)]);
  assert.equal(bench.hub.view(alice).dialogs.length, 100);
});

test('calls with the longest names are shown as far as a datagram holds them, the oldest first', () => {
  const bench = new Bench();
  const remote = { number: "'".repeat(64), name: '"'.repeat(128), presentable: true };
  const many = dialogs(...Array.from({ length: 50 }, (_, at) => call(`${at}`, { remote })));
  bench.publish('dialog', [many, many]);
  const view = bench.hub.view(alice);
  const { bodies } = renderDialogs(view, requestWith());
  assert.ok(view.dialogs.length > 10, `${view.dialogs.length} calls`);
  const size = Buffer.byteLength(bodies[0]?.content ?? '');
  assert.ok(size > 20_000 && size < 60_000, `${size} bytes`);
});
