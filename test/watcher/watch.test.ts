import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refused } from '../../src/model/outcome.ts';
import { settle } from '../support/fake-clock.ts';
import { watching } from './rig.ts';

const minute = 60_000;

/** Asked, answered 200 for as long as asked, and notified. */
async function established() {
  const rig = watching();
  rig.watch.start();
  await settle();
  const first = rig.sender.last;
  first.answer(200, { expires: 3600 });
  await settle();
  first.notify({ expires: 3600 });
  return { ...rig, first };
}

test('E65-27: without a NOTIFY within Timer N the subscription has failed, whatever the 2xx said, and is begun anew later', async () => {
  const { clock, sender, watch } = watching();
  watch.start();
  await settle();
  const first = sender.last;
  first.answer(200, { expires: 3600 });
  await clock.run(31_900);
  assert.equal(first.open, true);
  await clock.run(200);
  assert.equal(first.open, false);
  assert.equal(watch.state, 'waiting');
  assert.equal(watch.why, 'no NOTIFY came');
  await clock.run(6_000);
  assert.equal(sender.sides.length, 2);
});

test('E65-27: a NOTIFY, or a 204, ends Timer N', async () => {
  const notified = await established();
  await notified.clock.run(2 * minute, 1_000);
  assert.equal(notified.watch.state, 'watching');
  const { first, clock, watch } = await established();
  await clock.run(51 * minute + 1_000, 1_000); // the refresh has left
  assert.equal(first.asked.length, 2);
  first.answer(204, { expires: 3600 });
  await clock.run(2 * minute, 1_000);
  assert.equal(watch.state, 'watching');
  assert.equal(first.open, true);
});

test('E65-27: Timer N runs for a refresh too', async () => {
  const { first, clock, watch, sender } = await established();
  await clock.run(51 * minute + 1_000, 1_000);
  first.answer(200, { expires: 3600 });
  await clock.run(33_000, 1_000);
  assert.equal(first.open, false);
  assert.equal(watch.why, 'no NOTIFY came');
  await clock.run(10_000, 1_000);
  assert.equal(sender.sides.length, 2);
});

test('a NOTIFY that overtakes the 2xx makes the subscription; one whose 2xx is lost stands for as long as the NOTIFY says', async () => {
  const { clock, sender, watch } = watching();
  watch.start();
  await settle();
  const first = sender.last;
  assert.equal(first.notify({ expires: 600 }).status, 200);
  assert.equal(watch.state, 'watching');
  assert.equal(watch.until, clock.now() + 600_000);
  await clock.run(32_500); // Timer F
  assert.equal(first.open, true);
  assert.equal(watch.state, 'watching');
  await clock.run(10_000);
  assert.equal(first.asked.length, 2, 'tried again within the dialog');
  first.answer(200, { expires: 600 });
  await settle();
  assert.equal(sender.sides.length, 1);
});

test('refreshed well before it ends, for no longer than granted; a shorter time in a NOTIFY counts (E65-28)', async () => {
  const { first, clock, watch } = await established();
  assert.equal(watch.until, clock.now() + 3600_000);
  first.notify({ expires: 1000 });
  assert.equal(watch.until, clock.now() + 1000_000);
  first.notify({ expires: 3600 });
  assert.equal(watch.until, clock.now() + 1000_000, 'a longer one does not');
  await clock.run(840_000, 1_000);
  assert.equal(first.asked.length, 1);
  await clock.run(20_000, 1_000);
  assert.equal(first.asked.length, 2);
  first.answer(200, { expires: 120 });
  await settle();
  assert.equal(watch.until, clock.now() + 120_000);
});

test('more than asked is not granted, and a 2xx that says nothing grants what was asked', async () => {
  for (const expires of [7200, null]) {
    const { clock, sender, watch } = watching();
    watch.start();
    await settle();
    sender.last.answer(200, { expires });
    await settle();
    assert.equal(watch.until, clock.now() + 3600_000);
  }
});

for (const status of [404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]) {
  test(`E65-29: a refresh answered ${status} ends the subscription`, async () => {
    const { first, clock, sender, watch, silences } = await established();
    await clock.run(51 * minute + 1_000, 1_000);
    first.answer(status);
    await settle();
    assert.equal(first.open, false);
    assert.equal(silences.length, 1);
    const sequel = status === 481 ? 'asking' : status === 480 ? 'waiting' : 'over';
    assert.equal(watch.state, sequel);
    assert.equal(sender.sides.length, status === 481 ? 2 : 1);
  });
}

for (const status of [408, 500, 503]) {
  test(`E65-29: a refresh answered ${status} keeps it until it runs out, and is tried again meanwhile`, async () => {
    const { first, clock, sender, watch } = await established();
    await clock.run(51 * minute + 1_000, 1_000);
    first.answer(status, { retryAfter: status === 503 ? 30 : null });
    await settle();
    assert.equal(watch.state, 'watching');
    if (status === 503) {
      await clock.run(29_000, 1_000);
      assert.equal(first.asked.length, 2, 'not before Retry-After');
    }
    await clock.run(5_000, 1_000);
    assert.equal(first.asked.length, 3);
    await clock.run(10 * minute, 1_000);
    assert.equal(first.open, false, 'it ran out');
    assert.ok(sender.sides.length > 1);
  });
}

const sequels = [
  ['deactivated', 'asking'],
  ['timeout', 'asking'],
  ['probation', 'waiting'],
  ['giveup', 'waiting'],
  ['unheard-of', 'waiting'],
  [null, 'waiting'],
  ['rejected', 'over'],
  ['noresource', 'over'],
  ['invariant', 'over'],
] as const;
for (const [reason, state] of sequels) {
  test(`terminated;reason=${reason}: then ${state}`, async () => {
    const { first, watch, clock, sender } = await established();
    assert.equal(first.notify({ state: 'terminated', reason, retryAfter: 500 }).status, 200);
    await settle();
    assert.equal(watch.state, state);
    assert.equal(first.open, false);
    await clock.run(490_000, 1_000);
    if (state === 'waiting') assert.equal(sender.sides.length, 1, 'not before retry-after');
    await clock.run(65_000, 1_000);
    if (state === 'waiting') assert.ok(sender.sides.length > 1);
    if (state === 'over') assert.equal(sender.sides.length, 1);
    assert.equal(first.notify().status, 481, 'the old dialog is gone');
  });
}

test('a phone that ends everything at once is not asked without pause', async () => {
  const { clock, sender, watch } = watching();
  watch.start();
  for (let second = 0; second < 600; second += 1) {
    await clock.run(1_000, 500);
    const side = sender.last;
    if (!side.waiting) continue;
    side.answer(200, { expires: 3600 });
    side.notify({ state: 'terminated', reason: 'deactivated' });
  }
  assert.ok(sender.sides.length < 25, `${sender.sides.length} times in ten minutes`);
});

for (const status of [489, 403, 405, 406, 420, 603, 404, 302, 415]) {
  test(`a SUBSCRIBE answered ${status} is not repeated`, async () => {
    const { clock, sender, watch } = watching();
    watch.start();
    await settle();
    sender.last.answer(status);
    await settle();
    await clock.run(3 * 60 * minute, minute);
    assert.equal(sender.sides.length, 1);
    assert.equal(watch.state, 'over');
    assert.equal(watch.why, `SUBSCRIBE was answered ${status}`);
  });
}

test('failures are tried again after 5 s, 10 s, 20 s … an hour, shorter by chance and never before Retry-After', async () => {
  const { clock, sender, watch } = watching();
  const asked: number[] = [];
  watch.start();
  for (let step = 0; step < 6 * 3600; step += 1) {
    await settle();
    if (sender.sides.at(-1)?.waiting === true) {
      asked.push(clock.now());
      sender.last.answer(500);
      await settle();
    }
    clock.advance(1_000);
  }
  const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  assert.deepEqual(pauses.slice(0, 4), [4_000, 8_000, 15_000, 30_000]);
  assert.equal(Math.max(...pauses), 2_700_000);
  const patient = watching();
  patient.watch.start();
  await settle();
  patient.sender.last.answer(503, { retryAfter: 120 });
  await patient.clock.run(120_000, 1_000);
  assert.equal(patient.sender.sides.length, 1);
  await patient.clock.run(10_000, 1_000);
  assert.equal(patient.sender.sides.length, 2);
});

test('423 is answered with the least interval; one that nobody can want, or that does not grow, is the end', async () => {
  const { sender, watch } = watching();
  watch.start();
  await settle();
  sender.last.answer(423, { minExpires: 7200 });
  await settle();
  assert.equal(sender.last.asked[0]?.expires, 7200);
  for (const minExpires of [60, 100_000_000, null]) {
    const other = watching();
    other.watch.start();
    await settle();
    other.sender.last.answer(423, { minExpires });
    await settle();
    assert.equal(other.watch.state, 'over');
  }
});

test('an address that may not be asked is the end, one that cannot be found is looked for again', async () => {
  const { clock, sender, watch } = watching();
  sender.refusal = refused('address-forbidden', 'no');
  watch.start();
  await settle();
  assert.equal(watch.state, 'over');
  const other = watching();
  other.sender.refusal = refused('dns-failed', 'no');
  other.watch.start();
  await settle();
  assert.equal(other.watch.state, 'waiting');
  other.sender.refusal = null;
  await other.clock.run(6_000);
  assert.equal(other.sender.sides.length, 1);
  assert.equal(clock.pending, 0);
});

test('the end unsubscribes within the dialog, waits for the last NOTIFY, and leaves no timer', async () => {
  const { first, clock, watch, heard, silences } = await established();
  const count = heard.length;
  let done = false;
  const ended = watch.end().then(() => {
    done = true;
  });
  await settle();
  assert.equal(first.asked.at(-1)?.expires, 0);
  assert.equal(silences.length, 1);
  assert.equal(done, false);
  first.answer(200, { expires: 0 });
  await settle();
  assert.equal(done, false);
  assert.equal(first.notify({ state: 'terminated', reason: 'timeout' }).status, 200);
  await ended;
  assert.equal(heard.length, count, 'what it says now is nobody’s business');
  assert.equal(first.open, false);
  assert.equal(clock.pending, 0);
});

test('the end while the first SUBSCRIBE is under way waits for the dialog, and unsubscribes in it', async () => {
  const { sender, watch, clock } = watching();
  watch.start();
  await settle();
  const ended = watch.end();
  const side = sender.last;
  assert.equal(side.asked.length, 1);
  side.answer(200, { expires: 3600 });
  await settle();
  assert.equal(side.asked.at(-1)?.expires, 0);
  side.answer(200, { expires: 0 });
  await clock.run(33_000, 1_000);
  await ended;
  assert.equal(side.open, false, 'without a last NOTIFY Timer N ends it');
  assert.equal(sender.sides.length, 1);
});

test('the end before anything was sent, between two tries, and twice', async () => {
  const early = watching();
  early.watch.start();
  await early.watch.end();
  await settle();
  assert.equal(early.sender.openCount, 0);
  const between = watching();
  between.watch.start();
  await settle();
  between.sender.last.answer(500);
  await settle();
  await between.watch.end();
  await between.watch.end();
  await between.clock.run(10 * minute, minute);
  assert.equal(between.sender.sides.length, 1);
});

test('a document that leaves something out makes a refresh at once, and after the one under way', async () => {
  const rig = watching(undefined, (_notify, askAgain) => {
    askAgain();
    return { status: 200 };
  });
  rig.watch.start();
  await settle();
  rig.sender.last.notify();
  assert.equal(rig.sender.last.asked.length, 1);
  rig.sender.last.answer(200, { expires: 3600 });
  await settle();
  assert.equal(rig.sender.last.asked.length, 2);
});

test('a phone that wants a little more with each refresh is not asked without pause', async () => {
  const { clock, sender, watch } = watching();
  watch.start();
  await settle();
  sender.last.answer(200);
  sender.last.notify({ expires: 60 });
  await settle();
  await clock.run(40_000, 1_000);
  for (let asked = 3600; sender.last.waiting && asked < 3700; asked += 1) {
    sender.last.answer(423, { minExpires: asked + 1 });
    await settle();
  }
  assert.equal(sender.last.asked.length, 3, 'the first, the refresh, and one more at once');
  await clock.run(5_000, 1_000);
  assert.equal(sender.last.asked.length, 4, 'later, within the time that it stands');
});

test('a phone whose documents always leave something out is asked for everything, but not without pause', async () => {
  const { clock, sender, watch } = watching(undefined, (_notify, askAgain) => {
    askAgain();
    return { status: 200 };
  });
  watch.start();
  await settle();
  for (let round = 0; round < 100; round += 1) {
    if (sender.last.waiting) sender.last.answer(200);
    sender.last.notify();
    await settle();
  }
  assert.ok(sender.last.asked.length <= 3, `${sender.last.asked.length} SUBSCRIBEs in no time`);
  const before = sender.last.asked.length;
  await clock.run(61_000, 1_000);
  assert.equal(sender.last.asked.length, before + 1, 'again after a minute');
});

test('a phone that grants two seconds at a time is not asked each second', async () => {
  const { clock, sender, watch } = watching();
  watch.start();
  await settle();
  for (let second = 0; second < 120; second += 1) {
    if (sender.last.waiting) sender.last.answer(200, { expires: 2 });
    if (sender.last.open) sender.last.notify({ expires: 2 });
    await clock.run(1_000, 500);
  }
  const asked = sender.sides.reduce((sum, side) => sum + side.asked.length, 0);
  assert.ok(asked <= 8, `${asked} SUBSCRIBEs in two minutes`);
  assert.ok(asked >= 3, 'it is asked again');
});
