import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Inbox } from '../../../../adapters/freeswitch/esl/inbox.ts';
import { Watchdog } from '../../../../adapters/freeswitch/esl/watchdog.ts';
import { Fault } from '../../../../src/model/errors.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { rig, until } from './rig.ts';

function dog(clock: FakeClock, ask: () => Promise<unknown> = () => Promise.resolve('')) {
  const asked: number[] = [];
  const given: string[] = [];
  const watchdog = new Watchdog(clock, {
    ask: () => {
      asked.push(clock.now());
      return ask();
    },
    giveUp: (fault) => given.push(fault.message),
  });
  const beat = (stampMs = clock.now()) =>
    watchdog.heard({ 'Event-Name': 'HEARTBEAT', 'Event-Date-Timestamp': String(stampMs * 1000) });
  return { watchdog, asked, given, beat };
}

describe('the watchdog', () => {
  test('heartbeats keep it quiet', async () => {
    const clock = new FakeClock();
    const { beat, asked, given } = dog(clock);
    for (let times = 0; times < 30; times++) {
      await clock.run(20_000, 1_000);
      beat();
    }
    assert.deepEqual([asked.length, given.length], [0, 0]);
  });

  test('after 45 s without any event FreeSWITCH is asked; an answer, or a refusal, lets it live', async () => {
    for (const ask of [() => Promise.resolve('12'), () => Promise.reject(new Fault('pbx-refused', 'denied'))]) {
      const clock = new FakeClock();
      const { asked, given } = dog(clock, ask);
      await clock.run(44_000, 1_000);
      assert.equal(asked.length, 0);
      await clock.run(2_000, 1_000);
      assert.equal(asked.length, 1);
      await clock.run(90_000, 1_000);
      assert.equal(asked.length, 3);
      assert.deepEqual(given, []);
    }
  });

  test('without an answer it gives up, once', async () => {
    const clock = new FakeClock();
    const { given, asked } = dog(clock, () => Promise.reject(new Fault('pbx-unreachable', 'late')));
    await clock.run(200_000, 1_000);
    assert.equal(asked.length, 1);
    assert.equal(given.length, 1);
    assert.match(given[0] ?? '', /no event for 45 s, and no answer/);
    assert.equal(clock.pending, 0);
  });

  test('a thread that stood still gives up by itself, before FreeSWITCH has to', async () => {
    const clock = new FakeClock();
    const frozen = { late: 0 };
    const slow = { now: () => clock.now() + frozen.late, after: clock.after.bind(clock) };
    const given: string[] = [];
    const watchdog = new Watchdog(slow, { ask: () => Promise.resolve(''), giveUp: (it) => given.push(it.message) });
    clock.advance(10_000);
    frozen.late = 4_000;
    clock.advance(10_000);
    assert.deepEqual(given, []);
    frozen.late += 6_000;
    clock.advance(1_000);
    assert.match(given[0] ?? '', /stood still for 6 s/);
    watchdog.stop();
  });

  test('heartbeats that come later and later tell of a queue inside FreeSWITCH; clocks that differ do not', async () => {
    for (const apartMs of [0, -7_200_000, 7_200_000]) {
      const clock = new FakeClock();
      const { beat, given, watchdog } = dog(clock);
      for (let lateMs = 0; lateMs <= 14_000; lateMs += 2_000) {
        await clock.run(20_000, 1_000);
        beat(clock.now() + apartMs - lateMs);
      }
      assert.deepEqual(given, []);
      await clock.run(20_000, 1_000);
      beat(clock.now() + apartMs - 16_000);
      assert.match(given[0] ?? '', /come 16 s late/);
      watchdog.stop();
    }
  });

  test('a heartbeat without a time stamp is a heartbeat', () => {
    const clock = new FakeClock();
    const { watchdog, given } = dog(clock);
    for (const stamp of ['', 'never', '-1', '0']) {
      watchdog.heard({ 'Event-Name': 'HEARTBEAT', 'Event-Date-Timestamp': stamp });
    }
    watchdog.heard({ 'Event-Name': 'HEARTBEAT' });
    assert.deepEqual(given, []);
    watchdog.stop();
  });
});

describe('the inbox', () => {
  test('works in turns, keeps the order, and leaves room for reading in between', () => {
    const clock = new FakeClock();
    const done: number[] = [];
    const inbox = new Inbox<number>({ now: () => clock.now() + done.length, after: clock.after.bind(clock) }, (it) =>
      done.push(it),
    );
    for (let at = 0; at < 100; at++) assert.ok(inbox.push(at));
    inbox.flush();
    assert.equal(done.length, 5); // each takes a millisecond, a turn has five
    inbox.push(100);
    inbox.flush();
    assert.equal(done.length, 5);
    clock.advance(0);
    for (let turns = 0; turns < 100; turns++) clock.advance(1);
    assert.deepEqual(
      done,
      Array.from({ length: 101 }, (_, at) => at),
    );
    assert.equal(clock.pending, 0);
  });

  test('has an end', () => {
    const inbox = new Inbox<number>(new FakeClock(), () => undefined);
    let taken = 0;
    while (taken < 30_000 && inbox.push(taken)) taken++;
    assert.equal(taken, 20_000);
  });

  test('tells nothing after it was closed, even in the middle of a turn', () => {
    const done: number[] = [];
    const inbox = new Inbox<number>(new FakeClock(), (it) => {
      done.push(it);
      if (it === 1) inbox.close();
    });
    for (const at of [0, 1, 2, 3]) inbox.push(at);
    inbox.flush();
    assert.deepEqual(done, [0, 1]);
  });
});

describe('a FreeSWITCH that tells more than can be handled', () => {
  const event = { 'Event-Name': 'CHANNEL_CALLSTATE', padding: 'x'.repeat(3_000) };

  test('a flood that can be handled arrives whole and in order, and commands are answered meanwhile', () =>
    rig({}, async ({ link, server, up, events, course }) => {
      server.onApi(() => 'still here');
      await up();
      for (let at = 0; at < 10_000; at++) server.emit({ ...event, at: String(at) });
      assert.equal(await link.api('uptime', '', 20_000), 'still here');
      await until(
        () => events.length === 10_000,
        () => `only ${events.length}`,
      );
      assert.ok(events.every((it, at) => it['at'] === String(at)));
      assert.deepEqual(course, ['up']);
    }));

  test('with a slow reader the socket is read all the same, until the connection is given up by us, and it comes back', () => {
    let slow = true;
    const busy = (ms: number) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    };
    return rig({ onEvent: () => slow && busy(5) }, async ({ server, up, faults, events }) => {
      await up();
      const [client] = server.clients;
      for (let at = 0; at < 25_000; at++) server.emit({ 'Event-Name': 'CHANNEL_CALLSTATE', at: String(at) });
      await until(() => faults.length === 1, 'it never gave up');
      assert.match(faults[0]?.message ?? '', /events come faster than they can be handled/);
      await until(() => !server.clients.includes(client!), 'the connection is left open');
      slow = false;
      const told = events.length;
      assert.ok(told < 20_000, 'what waited is dropped: the PBX is read anew');
      await up(2);
      server.heartbeat();
      await until(() => events.length === told + 1, 'deaf after the reconnect');
    });
  });

  test('a half-open connection is found by silence, and given up', async () => {
    const clock = new FakeClock();
    await rig({ clock }, async ({ server, up, faults }) => {
      await up();
      server.drop('half-open');
      for (let seconds = 0; seconds < 60 && faults.length === 0; seconds++) await clock.run(1_000, 500);
      assert.match(faults[0]?.message ?? '', /no event for 45 s, and no answer/);
      await clock.run(2_000, 500);
      await until(() => server.connections === 2, 'no new connection');
      await up(2);
    });
  });

  test('a PBX that has nothing to tell is asked for its uptime and stays connected', async () => {
    const clock = new FakeClock();
    await rig({ clock }, async ({ server, up, course }) => {
      server.onApi(() => '3600\n');
      await up();
      for (let times = 1; times <= 3; times++) {
        await clock.run(45_000, 1_000);
        await until(() => server.commands.filter((it) => it === 'api uptime').length === times, 'not asked');
        await settle();
      }
      assert.deepEqual(course, ['up']);
    });
  });
});
