import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDialog } from '../../src/notifier/dialog-json.ts';
import { alice, bob, FakeStore, keys, lamps, newDialog, settle, tcp, told, udp, World } from './support.ts';

test('the first change is told at once, the next not before a second has passed, and then the last state (D42-05)', async () => {
  const world = new World();
  await world.lamp();
  const start = world.clock.now();
  world.state.calls(alice, 'd1');
  await settle();
  for (let flip = 0; flip < 5; flip += 1) {
    await world.clock.run(100);
    world.state.calls(alice, ...(flip % 2 === 0 ? [] : ['d1']));
  }
  world.state.calls(alice, 'd2');
  await world.clock.run(3000);
  const sent = world.sender.take();
  assert.deepEqual(
    sent.map((notify) => [notify.at - start, told(notify).ids]),
    [
      [0, ['d1']],
      [1000, ['d2']],
    ],
  );
  assert.deepEqual(
    sent.map((notify) => told(notify).occasion),
    ['change', 'change'],
  );
});

test('the rate is the phone profile’s, and does not hold back a refresh or the end', async () => {
  const world = new World();
  world.profile = { ...world.profile, notifyMinIntervalMs: 5000 };
  const dialog = await world.lamp();
  world.state.calls(alice, 'd1');
  await settle();
  world.state.calls(alice);
  await world.clock.run(1000);
  assert.equal(world.sender.take().length, 1);
  await world.again(dialog);
  assert.deepEqual(told(world.sender.take()[0]).ids, []);
  world.state.calls(alice, 'd2');
  await world.again(dialog, { expires: 0 });
  assert.equal(world.sender.take()[0]?.message.subscription.state, 'terminated');
});

test('ten flips while a NOTIFY is in flight are one more NOTIFY with the last state', async () => {
  const world = new World();
  const dialog = newDialog();
  await world.subscribe(world.keysRequest(dialog));
  world.sender.take();
  world.sender.hold = true;
  for (let flip = 1; flip <= 10; flip += 1) {
    world.state.feature(alice, 'dnd', flip % 2 === 1);
    await settle();
  }
  world.state.feature(alice, 'dnd', true);
  assert.equal(world.sender.sent.length, 1);
  world.sender.hold = false;
  await world.sender.sent[0]?.answer();
  assert.deepEqual(
    world.sender.sent.map((notify) => told(notify).values),
    [{ dnd: true }, { dnd: true }],
  );
});

test('changes of one turn of the event loop are one NOTIFY about all of them', async () => {
  const world = new World(new FakeStore(), {
    packages: [
      lamps,
      {
        ...keys,
        render: (view, request) => ({
          bodies: [
            {
              contentType: 'application/keys',
              content: JSON.stringify({ scope: request.scope, values: { dnd: view.features.dnd.enabled } }),
              covers: request.scope,
            },
          ],
          shown: [],
        }),
      },
    ],
  });
  await world.subscribe(world.keysRequest(newDialog()));
  world.sender.take();
  world.state.feature(alice, 'dnd', true);
  world.state.feature(alice, 'cfa', false);
  await settle();
  const sent = world.sender.take();
  assert.deepEqual([sent.length, told(sent[0]).scope], [1, ['dnd', 'cfa']]);
});

test('only packages that read a topic are woken, only for their resource, and never because a PBX is away', async () => {
  const world = new World(new FakeStore(), {
    packages: [
      { ...lamps, reads: ['dialogs', 'features', 'extension'], concerns: ({ aspects }) => !aspects.includes('cfa') },
      keys,
    ],
  });
  await world.lamp();
  world.state.calls(bob, 'd1');
  world.state.emit({ topic: 'mailbox', aor: alice, aspects: [] });
  world.state.emit({ topic: 'extension', aor: alice, aspects: ['stale'] });
  world.state.emit({ topic: 'features', aor: alice, aspects: ['cfa'] });
  await settle();
  assert.equal(world.sender.take().length, 0);
  world.state.emit({ topic: 'extension', aor: alice, aspects: ['known'] });
  await settle();
  assert.equal(told(world.sender.take()[0]).scope, 'full');
});

test('several bodies go one by one, each after the answer to the one before, with consecutive versions', async () => {
  const world = new World();
  world.sender.hold = true;
  const dialog = newDialog();
  await world.subscribe(world.keysRequest(dialog));
  const seen: unknown[] = [];
  for (let step = 0; step < 4; step += 1) {
    const sent = world.sender.take();
    assert.equal(sent.length, 1);
    const { version, values, occasion } = told(sent[0]);
    seen.push([sent[0]?.cseq, version, Object.keys(values), occasion]);
    await sent[0]?.answer();
  }
  assert.deepEqual(seen, [
    [1, 0, ['dnd'], 'initial'],
    [2, 1, ['cfa'], 'initial'],
    [3, 2, ['cfb'], 'initial'],
    [4, 3, ['cfna'], 'initial'],
  ]);
  assert.equal(world.sender.sent.length, 0);
});

test('a change during a run of bodies is part of it, newest state and each feature once', async () => {
  const world = new World();
  world.sender.hold = true;
  await world.subscribe(world.keysRequest(newDialog()));
  world.state.feature(alice, 'cfna', true);
  world.sender.hold = false;
  await world.sender.sent[0]?.answer();
  await settle();
  assert.deepEqual(
    world.sender.sent.map((notify) => told(notify).values),
    [{ dnd: false }, { cfa: false }, { cfb: false }, { cfna: true }],
  );
});

test('a package whose bodies all cover everything cannot make the outbox run for ever', async () => {
  const body = { contentType: 'application/keys', content: '{}', covers: 'full' } as const;
  const greedy = { ...keys, render: () => ({ bodies: [body, body], shown: [] }) };
  const world = new World(new FakeStore(), { packages: [greedy] });
  await world.subscribe(world.keysRequest(newDialog()));
  await world.clock.run(1000);
  assert.equal(world.sender.take().length, 1);
});

test('D42-04: version and CSeq grow by one with each NOTIFY and are reserved before a block ends', async () => {
  const world = new World();
  const dialog = newDialog();
  await world.subscribe(world.keysRequest(dialog));
  world.state.feature(alice, 'dnd', true);
  for (let flip = 0; flip < 2100; flip += 1) {
    world.state.feature(alice, 'dnd', flip % 2 === 0);
    await settle();
  }
  const sent = world.sender.take();
  assert.ok(sent.length > 2000);
  assert.ok(sent.every((notify, index) => notify.cseq === index + 1 && told(notify).version === index));
  assert.deepEqual(world.store.reserved, [
    { id: 1, cseqLimit: 2000, versionLimit: 2000 },
    { id: 1, cseqLimit: 3000, versionLimit: 3000 },
  ]);
});

test('a full disk at a reservation darkens no lamp, is logged once, and is cured by the next attempt', async () => {
  const world = new World();
  await world.subscribe(world.keysRequest(newDialog()));
  await settle();
  world.store.full = true;
  const flip = async (count: number) => {
    for (let left = count; left > 0; left -= 1) {
      world.state.feature(alice, 'dnd', left % 2 === 0);
      await settle();
    }
  };
  await flip(1250);
  assert.equal(world.sender.take().length, 1254);
  assert.equal(world.logger.lines.filter(({ level }) => level === 'error').length, 1);
  world.store.full = false;
  await flip(100);
  assert.equal(world.sender.take().length, 100);
  assert.ok((world.store.rows.get(1)?.cseqLimit ?? 0) >= 1354);
  assert.ok((world.store.rows.get(1)?.versionLimit ?? 0) >= 1354);
});

test('usages of one dialog keep one CSeq limit on disk', async () => {
  const world = new World();
  const dialog = newDialog();
  await world.subscribe(world.keysRequest(dialog, { eventId: 'a' }));
  await world.again(dialog, world.keysRequest(dialog, { eventId: 'b' }));
  for (let flip = 0; flip < 600; flip += 1) {
    world.state.feature(alice, 'dnd', flip % 2 === 0);
    await settle();
  }
  assert.ok(dialog.localCseq > 1000);
  assert.deepEqual(
    [...world.store.rows.values()].map(({ cseqLimit }) => cseqLimit),
    [dialog.localCseqLimit, dialog.localCseqLimit],
  );
});

test('many watchers of one change are told in slices of 12, and a SUBSCRIBE between them does not wait', async () => {
  const tasks: (() => void)[] = [];
  const world = new World(new FakeStore(), { defer: (task) => tasks.push(task) });
  for (let phone = 0; phone < 30; phone += 1) await world.lamp({ device: `desk-${phone}` });
  world.state.calls(alice, 'd1');
  const run = () => {
    tasks.shift()?.();
    return world.sender.take().length;
  };
  assert.equal(world.sender.sent.length, 0);
  assert.equal(run(), 12);
  await world.subscribe({ device: 'late' });
  assert.equal(world.sender.take().length, 1);
  assert.deepEqual([run(), run(), tasks.length], [12, 6, 0]);
});

test('what a phone was shown counts once it has answered, and what it may have seen until then', async () => {
  const world = new World();
  await world.lamp();
  world.state.calls(alice, 'd1');
  await settle();
  assert.deepEqual(world.store.rows.get(1)?.shown, ['d1']);
  world.sender.script = () => 500;
  await world.clock.run(1000);
  world.state.calls(alice, 'd2');
  await settle();
  assert.deepEqual(told(world.sender.take().at(-1)).ended, ['d1']);
  world.sender.script = () => 200;
  await world.clock.run(30_000, 1000);
  const [again] = world.sender.take();
  assert.deepEqual([told(again).ended, told(again).ids], [['d1'], ['d2']], 'd1 is ended once more');
  assert.deepEqual(world.store.rows.get(1)?.shown, ['d2']);
});

test('a renderer that throws still sends its NOTIFY, without a body, and harms nobody else', async () => {
  const broken = {
    ...keys,
    render: () => {
      throw new Error('broken renderer');
    },
  };
  const world = new World(new FakeStore(), { packages: [lamps, broken] });
  await world.subscribe(world.keysRequest(newDialog()));
  const [notify] = world.sender.take();
  assert.deepEqual([notify?.message.contentType, notify?.message.content], [null, '']);
  await world.subscribe();
  assert.notEqual(world.sender.take()[0]?.message.contentType, null);
});

test('a sender that fails within is logged, and the phone is told after a pause', async () => {
  const world = new World();
  await world.lamp();
  const send = world.sender.notify.bind(world.sender);
  world.sender.notify = () => {
    throw new Error('no engine');
  };
  world.state.calls(alice, 'd1');
  await settle();
  world.sender.notify = send;
  await world.clock.run(31_000, 1000);
  assert.deepEqual(told(world.sender.take()[0]).ids, ['d1']);
  assert.equal(world.logger.lines.filter(({ level }) => level === 'error').length, 1);
});

test('stop leaves no timer and no listener, sends no terminated, and ignores answers that still come', async () => {
  const world = new World();
  await world.lamp();
  await world.lamp({ dialog: newDialog(udp(5070)), device: 'b' });
  world.sender.hold = true;
  world.state.calls(alice, 'd1');
  await settle();
  world.state.calls(alice, 'd2');
  await world.sender.sent[0]?.answer();
  await world.notifier.stop();
  await world.sender.sent[1]?.answer(481);
  await world.clock.run(10_000_000, 1_000_000);
  assert.deepEqual([world.clock.pending, world.state.listeners, world.sender.sent.length], [0, 0, 2]);
  assert.equal(world.store.rows.size, 2);
});

test('a NOTIFY over a connection goes by the flow of the last SUBSCRIBE', async () => {
  const world = new World();
  const dialog = await world.lamp({ dialog: newDialog(tcp('c1')) });
  await world.again(dialog, { path: { remoteTarget: dialog.remoteTarget, flow: tcp('c2') } });
  assert.equal(world.sender.take()[0]?.flow.connection, 'c2');
  assert.equal(readDialog(world.store.rows.get(1)?.dialog ?? '', 0)?.flow.connection, 'c2');
});

test('a SUBSCRIBE in the middle of a fan-out to 10,000 watchers is answered, and told, long before the fan-out ends', async () => {
  const world = new World(undefined, { limits: { perUser: 20_000, perAddress: 20_000 } });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const born = Array.from({ length: 10_000 }, () => world.notifier.onSubscribe(world.request()));
  for (const answer of await Promise.all(born)) answer.after?.();
  await settle();
  assert.equal(world.sender.take().length, 10_000);
  world.state.calls(alice, 'd1');
  for (let turns = 0; turns < 1000 && world.sender.sent.length < 1000; turns += 1) await turn();
  const late = newDialog();
  const answer = await world.subscribe({ dialog: late });
  assert.equal(answer.status, 200);
  assert.ok(world.sender.sent.length < 5000, `${world.sender.sent.length} NOTIFYs went before`);
  assert.ok(world.sender.sent.some(({ dialog }) => dialog === late));
  for (let turns = 0; turns < 1000 && world.sender.sent.length < 10_001; turns += 1) await turn();
  assert.equal(world.sender.sent.length, 10_001);
});

test('while requests wait for their answers NOTIFYs wait too, and no longer than one and a half seconds', async () => {
  const world = new World();
  world.sender.crowded = true;
  const answer = await world.subscribe({ dialog: newDialog() });
  await settle();
  assert.deepEqual([answer.status, world.sender.sent.length], [200, 0]);
  world.sender.crowded = false;
  await settle();
  assert.equal(world.sender.take().length, 1);

  world.sender.crowded = true;
  world.state.calls(alice, 'd1');
  await world.subscribe({ dialog: newDialog() });
  await settle();
  world.clock.advance(1_499);
  await settle();
  assert.equal(world.sender.sent.length, 0);
  world.clock.advance(1);
  await settle();
  assert.equal(world.sender.take().length, 2, 'the change and the new one');
});
