import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PbxEvent, Snapshot } from '../../src/model/pbx-event.ts';
import type { LinkView } from '../../src/model/views.ts';
import { a1001, a1002, a1003, bench, leg } from './bench.ts';

const empty: Snapshot = { extensions: [], dialogs: [], features: [], registrations: [], mailboxes: [] };
const info = (aor: typeof a1001) => ({ aor, displayName: null });
const talking = leg('leg-1', { phase: 'confirmed' });

/** Two PBXs: 1001 at the first, 1002 at the second, 1003 at both. */
function two() {
  const made = bench(['first', 'second']);
  const { hub } = made;
  const tell = (source: string, event: object) => hub.apply({ source, ...event } as PbxEvent);
  const inStep = (source: string, snapshot: Partial<Snapshot>) => {
    tell(source, { type: 'snapshot', epoch: source, snapshot: { ...empty, ...snapshot } });
    tell(source, { type: 'link', state: 'up', reason: null });
  };
  inStep('first', {
    extensions: [info(a1001), info(a1003)],
    mailboxes: [{ aor: a1003, counts: { new: 1, old: 0, newUrgent: 0, oldUrgent: 0 } }],
    registrations: [{ aor: a1001, contacts: 1 }],
  });
  inStep('second', {
    extensions: [info(a1002), info(a1003)],
    mailboxes: [{ aor: a1003, counts: { new: 7, old: 0, newUrgent: 0, oldUrgent: 0 } }],
    registrations: [{ aor: a1002, contacts: 1 }],
  });
  const links: LinkView[] = [];
  hub.onLink((link) => links.push(link));
  made.heard();
  return { ...made, tell, inStep, links };
}

test('a PBX that leaves takes what it alone had: extensions, phones, calls; what another has too is the other one’s', () => {
  const { hub, heard, links, tell } = two();
  tell('first', { type: 'dialogs', aor: a1001, legs: [talking] });
  assert.equal(hub.hasCalls(a1001), true);
  heard();
  hub.order(['second']);
  assert.equal(hub.hasCalls(a1001), false);
  assert.equal(hub.view(a1001).known, false);
  assert.equal(hub.view(a1001).contacts, 0);
  assert.equal(hub.view(a1003).known, true);
  assert.equal(hub.view(a1003).mailbox?.new, 7);
  assert.equal(hub.ownerOf(a1003), 'second');
  assert.deepEqual(hub.list(), [a1002, a1003]);
  assert.deepEqual(
    hub.links().map(({ source }) => source),
    ['second'],
  );
  assert.deepEqual(
    links.map(({ source, state, reason }) => [source, state, reason]),
    [['first', 'down', 'not configured any more']],
  );
  const told = heard();
  for (const change of ['dialogs 1001', 'extension 1001 known', 'mailbox 1003']) {
    assert.ok(
      told.some((line) => line.startsWith(change)),
      `${change} in ${told}`,
    );
  }
  assert.ok(!told.some((line) => line.includes('1002')), 'who is at the other PBX hears nothing');
});

test('a call that a PBX had when it left is alive again when the PBX comes back with it', () => {
  const { hub, tell, inStep } = two();
  tell('first', { type: 'dialogs', aor: a1001, legs: [talking] });
  const [before] = hub.view(a1001).dialogs;
  hub.order(['second']);
  assert.deepEqual(hub.view(a1001).dialogs, []);
  hub.order(['first', 'second']);
  inStep('first', { extensions: [info(a1001)], dialogs: [{ aor: a1001, legs: [talking] }] });
  assert.equal(hub.view(a1001).dialogs.length, 1);
  assert.equal(hub.view(a1001).dialogs[0]?.id, before?.id);
});

test('of two PBXs that change places the other one’s word counts, and that is told', () => {
  const { hub, heard } = two();
  assert.equal(hub.view(a1003).mailbox?.new, 1);
  hub.order(['second', 'first']);
  assert.equal(hub.view(a1003).mailbox?.new, 7);
  assert.equal(hub.ownerOf(a1003), 'second');
  assert.deepEqual(heard(), ['mailbox 1003']);
});

test('a PBX that is new has said nothing yet, and disturbs nobody; events of one that left are no longer taken', () => {
  const { hub, heard, tell, inStep } = two();
  hub.order(['first', 'second', 'third']);
  assert.equal(hub.synced, false);
  assert.deepEqual(heard(), []);
  inStep('third', { extensions: [{ aor: 'bob@pbx.example.com' as typeof a1001, displayName: 'Bob' }] });
  assert.equal(hub.synced, true);
  assert.equal(hub.list().length, 4);
  hub.order(['first', 'second']);
  heard();
  tell('third', { type: 'registration', aor: a1001, contacts: 3 });
  assert.deepEqual(heard(), []);
  assert.equal(hub.view(a1001).contacts, 1);
});

test('called from within a listener, the order waits until everybody has heard of the present event', () => {
  const { hub, tell } = two();
  const seen: boolean[] = [];
  const stop = hub.onChange(() => {
    stop();
    hub.order(['second']);
    seen.push(hub.view(a1001).known);
  });
  hub.onChange(() => seen.push(hub.view(a1001).known));
  tell('first', { type: 'registration', aor: a1001, contacts: 0 });
  assert.deepEqual(seen.slice(0, 2), [true, true]);
  assert.equal(hub.view(a1001).known, false);
});

test('features that a hook kept from users are theirs again', () => {
  const { hub, heard, tell } = two();
  tell('first', { type: 'assignment', aor: a1001, feature: 'dnd', assigned: false });
  heard();
  assert.equal(hub.view(a1001).features.dnd.assigned, false);
  hub.revealFeatures();
  assert.equal(hub.view(a1001).features.dnd.assigned, true);
  assert.deepEqual(heard(), ['features 1001 dnd']);
});
