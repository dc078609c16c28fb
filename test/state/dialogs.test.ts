import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a1001, a1002, bench, dialogs, inStep, leg, snapshot } from './bench.ts';

test('branches of one forked call are one dialog: early while any rings, confirmed when one answers, gone when all ended', () => {
  const { hub, heard } = inStep();
  hub.apply(dialogs(a1001, [leg('a', { phase: 'trying' }), leg('b'), leg('c')]));
  assert.deepEqual(
    hub.view(a1001).dialogs.map((d) => d.phase),
    ['early'],
  );
  const id = hub.view(a1001).dialogs[0]!.id;
  hub.apply(dialogs(a1001, [leg('a', { phase: 'trying' }), leg('b', { phase: 'confirmed' }), leg('c')]));
  assert.deepEqual(
    hub.view(a1001).dialogs.map((d) => [d.id, d.phase]),
    [[id, 'confirmed']],
  );
  assert.deepEqual(heard(), ['dialogs 1001', 'dialogs 1001']);
  hub.apply(dialogs(a1001, [leg('b', { phase: 'confirmed' })]));
  assert.deepEqual(heard(), [], "the ends of the other branches are nobody's business");
  hub.apply(dialogs(a1001, []));
  assert.deepEqual(hub.view(a1001).dialogs, []);
  assert.deepEqual(heard(), ['dialogs 1001']);
});

test('two calls, and the two directions of one call, are dialogs of their own, oldest first', () => {
  const { hub } = inStep();
  hub.apply(
    dialogs(a1001, [
      leg('b', { call: 'c2', since: 3000 }),
      leg('a', { since: 2000 }),
      leg('x', { direction: 'initiator', since: 1000 }),
    ]),
  );
  assert.deepEqual(
    hub.view(a1001).dialogs.map((d) => [d.since, d.direction]),
    [
      [1000, 'initiator'],
      [2000, 'recipient'],
      [3000, 'recipient'],
    ],
  );
});

test('Kamailio adds weights: two earlies with one id stay ringing here', () => {
  const { hub } = inStep();
  hub.apply(dialogs(a1001, [leg('a'), leg('b')]));
  hub.apply(dialogs(a1001, [leg('a'), leg('b'), leg('c')]));
  assert.deepEqual(
    hub.view(a1001).dialogs.map((d) => d.phase),
    ['early'],
  );
});

test('Kamailio #3192: an early that comes after terminated does not light the lamp again', () => {
  const { hub, heard, clock } = inStep();
  hub.apply(dialogs(a1001, [leg('a')]));
  hub.apply(dialogs(a1001, [leg('a', { phase: 'terminated' })]));
  heard();
  hub.apply(dialogs(a1001, [leg('a')]));
  clock.advance(59_000);
  hub.apply(dialogs(a1001, [leg('a', { phase: 'confirmed' })]));
  hub.apply(snapshot({ dialogs: [{ aor: a1001, legs: [leg('a')] }], extensions: [{ aor: a1001, displayName: null }] }));
  assert.deepEqual(hub.view(a1001).dialogs, []);
  assert.equal(heard().filter((line) => line.startsWith('dialogs')).length, 0);
});

test('a termination that overtakes its own ringing is remembered too', () => {
  const { hub } = inStep();
  hub.apply(dialogs(a1001, [leg('a', { phase: 'terminated' })]));
  hub.apply(dialogs(a1001, [leg('a')]));
  assert.deepEqual(hub.view(a1001).dialogs, []);
});

test('a PBX that insists on a leg for longer than a tombstone stands is believed', () => {
  const { hub, clock } = inStep();
  hub.apply(dialogs(a1001, [leg('a', { phase: 'confirmed' })]));
  hub.apply(dialogs(a1001, []));
  clock.advance(60_000);
  hub.apply(dialogs(a1001, [leg('a', { phase: 'confirmed' })]));
  assert.equal(hub.view(a1001).dialogs.length, 1);
});

test('Kamailio #3229: a dialog that its source removed leaves no stuck lamp', () => {
  const { hub } = inStep();
  hub.apply(dialogs(a1001, [leg('a'), leg('b', { call: 'c2', phase: 'confirmed' })]));
  hub.apply(snapshot({ extensions: [{ aor: a1001, displayName: null }] }));
  assert.deepEqual(hub.view(a1001).dialogs, []);
});

test('FreeSWITCH #156: with two calls the end of one leaves the other as it is', () => {
  const { hub } = inStep();
  hub.apply(dialogs(a1001, [leg('a', { phase: 'confirmed' }), leg('b', { call: 'c2' })]));
  hub.apply(dialogs(a1001, [leg('a', { phase: 'confirmed' })]));
  assert.deepEqual(
    hub.view(a1001).dialogs.map((d) => d.phase),
    ['confirmed'],
  );
});

test('phases of a leg only move forward (RFC 4235 3.7.1)', () => {
  const { hub, heard } = inStep();
  hub.apply(dialogs(a1001, [leg('a', { phase: 'confirmed' })]));
  heard();
  hub.apply(dialogs(a1001, [leg('a', { phase: 'early' })]));
  assert.equal(hub.view(a1001).dialogs[0]!.phase, 'confirmed');
  assert.deepEqual(heard(), []);
});

test('a transfer that gives a leg another call key neither splits nor joins dialogs', () => {
  const { hub, heard } = inStep();
  hub.apply(
    dialogs(a1001, [leg('a', { phase: 'confirmed' }), leg('b', { call: 'c2', phase: 'confirmed', since: 2000 })]),
  );
  const ids = hub.view(a1001).dialogs.map((d) => d.id);
  heard();
  hub.apply(
    dialogs(a1001, [leg('a', { phase: 'confirmed' }), leg('b', { call: 'c1', phase: 'confirmed', since: 2000 })]),
  );
  assert.deepEqual(
    hub.view(a1001).dialogs.map((d) => d.id),
    ids,
  );
  assert.deepEqual(heard(), []);
});

test('a call that rings again after its last branch ended is a new dialog', () => {
  const { hub } = inStep();
  hub.apply(dialogs(a1001, [leg('a', { phase: 'confirmed' })]));
  const first = hub.view(a1001).dialogs[0]!.id;
  hub.apply(dialogs(a1001, [leg('b')]));
  const [second] = hub.view(a1001).dialogs;
  assert.equal(second!.phase, 'early');
  assert.notEqual(second!.id, first);
});

test('who is shown and who holds is said by the most advanced branch', () => {
  const { hub } = inStep();
  const remote = { number: '2', name: 'B', presentable: false };
  hub.apply(dialogs(a1001, [leg('a'), leg('b', { phase: 'confirmed', holding: true, remote })]));
  const [dialog] = hub.view(a1001).dialogs;
  assert.equal(dialog!.holding, true);
  assert.deepEqual(dialog!.remote, remote);
});

test('Call-ID and tags are shown only while exactly one branch has them', () => {
  const { hub } = inStep();
  const tags = { localTag: 'l', remoteTag: 'r' };
  hub.apply(dialogs(a1001, [leg('a', { callId: 'x', ...tags }), leg('b')]));
  assert.equal(hub.view(a1001).dialogs[0]!.callId, 'x');
  hub.apply(dialogs(a1001, [leg('a', { callId: 'x', ...tags }), leg('b', { callId: 'y', ...tags })]));
  assert.equal('callId' in hub.view(a1001).dialogs[0]!, false);
});

test('ids are opaque, differ by installation, source and resource, and hold nothing of leg or Call-ID', () => {
  const { hub } = bench(['main', 'other']);
  hub.apply(dialogs(a1001, [leg('PJSIP/1001-00000001', { callId: 'secret' })]));
  hub.apply(dialogs(a1001, [leg('PJSIP/1001-00000001')], 'other'));
  hub.apply(dialogs(a1002, [leg('PJSIP/1001-00000001')]));
  const ids = [...hub.view(a1001).dialogs, ...hub.view(a1002).dialogs].map((d) => d.id);
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{22}$/);
});

test('a hundred dialogs of one resource are shown, the further ones are logged once', () => {
  const { hub, logger } = inStep();
  const many = Array.from({ length: 130 }, (_, n) => leg(`l${n}`, { call: `c${n}` }));
  hub.apply(dialogs(a1001, many));
  hub.apply(dialogs(a1001, many));
  assert.equal(hub.view(a1001).dialogs.length, 100);
  assert.equal(logger.lines.filter((line) => line.message.startsWith('too many calls')).length, 1);
  hub.apply(dialogs(a1001, many.slice(50)));
  assert.equal(hub.view(a1001).dialogs.length, 80, 'places that became free are taken');
});

test('after a restart the stored legs make the same dialogs with the same ids, and ended ones end silently', () => {
  const before = inStep();
  before.hub.apply(dialogs(a1001, [leg('a'), leg('b'), leg('z', { call: 'c2', since: 2000 })]));
  // The first branch ended and a transfer moved the second call's leg into the first call.
  before.hub.apply(dialogs(a1001, [leg('b', { phase: 'confirmed' }), leg('z', { since: 2000 })]));
  const stored = [...before.store.legs].map(([key, legs]) => ({ source: key.split(' ')[0]!, aor: a1001, legs }));
  const after = bench();
  after.hub.load({ features: [], dialogs: stored });
  assert.deepEqual(after.hub.view(a1001).dialogs, before.hub.view(a1001).dialogs);
  assert.equal(after.hub.view(a1001).stale, true);
  const extensions = [{ aor: a1001, displayName: null }];
  after.hub.apply(snapshot({ extensions, dialogs: [{ aor: a1001, legs: [leg('b', { phase: 'confirmed' })] }] }));
  assert.deepEqual(
    after.hub.view(a1001).dialogs.map((d) => d.id),
    [before.hub.view(a1001).dialogs[0]!.id],
  );
  assert.deepEqual(after.heard(), ['dialogs 1001']);
});

test('equal legs are neither told nor written again', () => {
  const { hub, heard, store } = inStep();
  hub.apply(dialogs(a1001, [leg('a')]));
  const writes = store.legWrites;
  heard();
  hub.apply(dialogs(a1001, [leg('a')]));
  assert.equal(store.legWrites, writes);
  assert.deepEqual(heard(), []);
});
