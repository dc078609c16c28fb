import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backoffMs, type LivePicture, Resync } from '../../adapters/resync.ts';
import { aorOf } from '../../src/model/aor.ts';
import type { PbxEvent, Snapshot } from '../../src/model/pbx-event.ts';
import { systemRandom } from '../../src/model/random.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { Telling } from './told.ts';

/** Facts are numbers of contacts of one phone; the picture holds the last one. */
class Contacts implements LivePicture<number> {
  contacts: number;

  constructor(contacts: number) {
    this.contacts = contacts;
  }

  apply(fact: number): readonly PbxEvent[] {
    if (fact === this.contacts) return [];
    this.contacts = fact;
    return [{ source: 'main', type: 'registration', aor: aorOf('1001', 'lab.test'), contacts: fact }];
  }

  snapshot(): Snapshot {
    const registrations = [{ aor: aorOf('1001', 'lab.test'), contacts: this.contacts }];
    return { extensions: [], dialogs: [], features: [], registrations, mailboxes: [] };
  }
}

/** A PBX whose answers the test gives. */
function stage() {
  const clock = new FakeClock();
  const telling = new Telling();
  const pbx = {
    epoch: 'one',
    olders: [] as (Contacts | null)[],
    missed: [] as boolean[],
    answer: (_contacts: number | Error): void => undefined,
  };
  const port = {
    incarnation: async () => pbx.epoch,
    read: (older: Contacts | null, missed: boolean) => {
      pbx.olders.push(older);
      pbx.missed.push(missed);
      return new Promise<Contacts>((resolve, reject) => {
        pbx.answer = (it) => (it instanceof Error ? reject(it) : resolve(new Contacts(it)));
      });
    },
  };
  const resync = new Resync<number, Contacts>('main', port, { clock, random: systemRandom, logger: silentLogger });
  resync.start(telling.tell);
  const answer = async (it: number | Error) => {
    await settle();
    pbx.answer(it);
    await settle();
  };
  const contacts = () => telling.of('snapshot').map((it) => it.snapshot.registrations[0]?.contacts);
  return { clock, telling, pbx, resync, answer, contacts };
}

describe('keeping in step with a PBX', () => {
  test('what happens during the reading is in the picture that is told', async () => {
    const { resync, telling, answer, contacts } = stage();
    resync.linked();
    resync.feed(2);
    await answer(1);
    assert.deepEqual(telling.course, ['stale', 'snapshot', 'up']);
    assert.deepEqual(contacts(), [2]);
    resync.feed(3);
    resync.feed(3);
    assert.deepEqual(
      telling.of('registration').map((it) => it.contacts),
      [3],
    );
  });

  test('a reading that fails, or takes for ever, is repeated until it works', async () => {
    const { resync, telling, answer, clock, pbx } = stage();
    resync.linked();
    await answer(new Error('not yet'));
    assert.equal(telling.count('up'), 0);
    await clock.run(2_000, 100);
    assert.equal(pbx.olders.length, 2);
    await clock.run(20_000, 500);
    assert.ok(pbx.olders.length >= 3, 'the deadline has passed');
    await answer(1);
    assert.equal(telling.count('up'), 1);
    assert.match(telling.of('link')[1]?.reason ?? '', /not yet/);
  });

  test('a link that is lost during the reading is down, and the late answer is dropped', async () => {
    const { resync, telling, answer } = stage();
    resync.linked();
    await settle();
    resync.lost('gone');
    await answer(1);
    assert.deepEqual(telling.course, ['stale', 'down']);
    assert.equal(resync.live, null);
  });

  test('a minute later the same is done again, without leaving up, and live events go on meanwhile', async () => {
    const { resync, telling, answer, clock, contacts } = stage();
    resync.linked();
    await answer(1);
    await clock.run(61_000, 1_000);
    resync.feed(5);
    assert.equal(telling.of('registration').length, 1);
    await answer(4);
    assert.deepEqual(contacts(), [1, 5]);
    assert.deepEqual(telling.course, ['stale', 'snapshot', 'up', 'snapshot']);
  });

  test('where somebody cannot wait a minute it is done at once, but not within two seconds of the last time', async () => {
    const { resync, answer, clock, pbx } = stage();
    resync.linked();
    await answer(1);
    await clock.run(10_000, 1_000);
    resync.soon();
    resync.soon();
    await clock.run(1, 1);
    assert.equal(pbx.olders.length, 2, 'at once, and once');
    resync.soon();
    await clock.run(500, 100);
    assert.equal(pbx.olders.length, 2, 'what is asked for during a reading waits for its end');
    await answer(1);
    await clock.run(1_000, 100);
    assert.equal(pbx.olders.length, 2, 'too early');
    await clock.run(1_000, 100);
    assert.equal(pbx.olders.length, 3);
    await answer(1);
    await clock.run(50_000, 1_000);
    assert.equal(pbx.olders.length, 3, 'a minute again');
    resync.soon();
    resync.lost('gone');
    await clock.run(5_000, 100);
    assert.equal(pbx.olders.length, 3, 'not without a link');
  });

  test('a clock that was set back puts off no reading', async () => {
    const { resync, answer, clock, pbx } = stage();
    resync.linked();
    await answer(1);
    const now = clock.now.bind(clock);
    clock.now = () => now() - 7_200_000;
    resync.soon();
    await clock.run(2_100, 100);
    assert.equal(pbx.olders.length, 2);
  });

  test('two reconciliations that fail in a row are no longer believed', async () => {
    const { resync, telling, answer, clock, pbx } = stage();
    resync.linked();
    await answer(1);
    await clock.run(60_000, 1_000);
    await answer(new Error('no'));
    await clock.run(60_000, 1_000);
    await answer(new Error('no'));
    assert.deepEqual(telling.course, ['stale', 'snapshot', 'up', 'stale']);
    await answer(1);
    assert.equal(telling.count('up'), 2);
    assert.deepEqual(pbx.missed, [true, false, false, true], 'the picture saw all events until it was given up');
  });

  test('the older picture is handed on within one life of the PBX only', async () => {
    const { resync, answer, pbx } = stage();
    resync.linked();
    await answer(1);
    resync.lost('gone');
    resync.linked();
    await answer(2);
    pbx.epoch = 'two';
    resync.linked();
    await answer(3);
    assert.deepEqual(
      pbx.olders.map((it) => it?.contacts ?? null),
      [null, 1, null],
    );
  });

  test('more events than fit make the reading start anew', async () => {
    const { resync, telling, answer, clock } = stage();
    resync.linked();
    for (let i = 0; i <= 50_000; i++) resync.feed(i);
    await answer(1);
    assert.equal(telling.count('snapshot'), 0);
    await clock.run(2_000, 100);
    await answer(7);
    assert.equal(telling.count('up'), 1);
  });

  test('what is told anew is what is known now, of the same life, and only while the link is up', async () => {
    const { resync, telling, answer, contacts, pbx } = stage();
    resync.relist();
    resync.linked();
    resync.relist();
    assert.deepEqual(contacts(), []);
    await answer(1);
    resync.feed(5);
    resync.relist();
    assert.deepEqual(contacts(), [1, 5]);
    assert.deepEqual(
      telling.of('snapshot').map(({ epoch }) => epoch),
      ['one', 'one'],
    );
    assert.equal(pbx.olders.length, 1, 'the PBX was asked');
    resync.lost('gone');
    resync.relist();
    assert.equal(contacts().length, 2);
    resync.stop();
  });

  test('after stop nothing is told and no timer is left', async () => {
    const { resync, telling, answer, clock } = stage();
    resync.linked();
    await answer(1);
    resync.stop();
    const told = telling.events.length;
    resync.feed(9);
    assert.equal(telling.events.length, told);
    assert.equal(clock.pending, 0);
  });

  test('the backoff doubles, is jittered by a quarter, and ends at its limit', () => {
    const at = (fraction: number) => ({ bytes: systemRandom.bytes, fraction: () => fraction });
    assert.deepEqual(
      [0, 1, 2, 50].map((it) => backoffMs(it, at(0.5))),
      [500, 1000, 2000, 30_000],
    );
    assert.equal(backoffMs(0, at(0)), 375);
    assert.ok(backoffMs(0, at(0.999)) < 625);
  });
});
