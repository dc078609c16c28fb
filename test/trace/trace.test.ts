import assert from 'node:assert/strict';
import test from 'node:test';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { TracedMessage, TracedPath, TracedSubscription } from '../../src/model/trace.ts';
import { rates } from '../../src/trace/recorder.ts';
import { mostTold, Trace } from '../../src/trace/trace.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { answer, notify, subscribe, udp } from './messages.ts';

const aor = (user: string): Aor => aorOf(user, 'pbx.test');

function sub(
  id: number,
  callId: string,
  watcher: string,
  about: string,
  more: Partial<TracedSubscription> = {},
): TracedSubscription {
  return { id, callId, aor: aor(about), watcher: aor(watcher), event: 'dialog', eventId: null, ...more };
}

/** `onLook`: a list begins. */
function rig(keep = 1_000, onLook: () => unknown = () => undefined) {
  const clock = new FakeClock();
  const living: TracedSubscription[] = [];
  const trace = new Trace({
    clock,
    keep,
    subscriptions: () => {
      onLook();
      return living;
    },
    aorFor: (uri) => {
      const [, user, host] = /^sip:([^@]+)@([^;:]+)/.exec(uri) ?? [];
      return user === undefined || host !== 'pbx.test' ? null : aor(user);
    },
    facing: () => '192.0.2.10',
  });
  const pass = (direction: 'in' | 'out', wire: string, path: TracedPath = udp) => {
    clock.advance(10);
    trace.recorder.passed(direction, path, wire);
  };
  return { clock, living, trace, pass };
}

const nothing = (): void => assert.fail('nothing was to be missed');

const summaries = (messages: readonly TracedMessage[]) =>
  messages.map(({ direction, summary }) => `${direction} ${summary}`);

test('a message is told with all that is known of it', async () => {
  const { trace, pass, living, clock } = rig();
  const begun = clock.now();
  living.push(sub(17, 'c1', '1001', '1002'));
  pass('in', subscribe('1001', '1002'), { ...udp, local: { address: '0.0.0.0', port: 5070 } });
  pass('out', answer('200 OK', '1001', '1002', 'SUBSCRIBE', { more: ['Expires: 600'] }));
  pass('out', notify('1002', '1001', { cseq: 7 }));
  const [first, second, third] = await trace.list({}, 10);
  assert.deepEqual(first, {
    id: `${begun}-1`,
    at: begun + 10,
    direction: 'in',
    transport: 'udp',
    local: '192.0.2.10:5070',
    remote: '192.0.2.21:5060',
    callId: 'c1',
    cseq: 1,
    method: 'SUBSCRIBE',
    status: null,
    summary: 'SUBSCRIBE to 1002, dialog, expires 600',
    retransmission: false,
    ext: '1002',
    unserved: null,
    watcher: aor('1001'),
    subscription: 17,
    missed: 0,
    text: subscribe('1001', '1002'),
  });
  assert.equal(second?.status, 200);
  assert.equal(second?.method, 'SUBSCRIBE');
  assert.deepEqual([third?.cseq, third?.ext, third?.watcher, third?.subscription], [7, '1002', aor('1001'), 17]);
  trace.stop();
});

test('by extension: what its phones say, what is said about it, and nothing of others', async () => {
  const { trace, pass, living } = rig();
  living.push(sub(1, 'a', '1001', '1002'), sub(2, 'b', '1003', '1001'), sub(3, 'c', '1003', '1002'));
  pass('in', subscribe('1001', '1002', { callId: 'a' }));
  pass('in', subscribe('1003', '1001', { callId: 'b' }));
  pass('in', subscribe('1003', '1002', { callId: 'c' }));
  pass('in', subscribe('1001', '1009', { callId: 'refused' }));
  pass('out', answer('404 Not Found', '1001', '1009', 'SUBSCRIBE', { callId: 'refused' }));
  pass('in', subscribe('1005', '1002', { callId: 'foreign' }).replaceAll('pbx.test', 'other.test'));
  pass('in', 'garbage 1001');
  const told = await trace.list({ aor: aor('1001') }, 100);
  assert.deepEqual(
    told.map(({ callId }) => callId),
    ['a', 'b', 'refused', 'refused'],
  );
  assert.deepEqual(
    (await trace.list({ subscription: 3 }, 100)).map(({ callId }) => callId),
    ['c'],
  );
  assert.deepEqual(
    (await trace.list({ callId: 'foreign' }, 100)).map(({ ext }) => ext),
    [null],
  );
  assert.deepEqual(await trace.list({ aor: aor('1001'), subscription: 3 }, 100), [], 'all that is asked must hold');
  assert.deepEqual(
    (await trace.list({}, 2)).map(({ summary }) => summary.slice(0, 9)),
    ['SUBSCRIBE', 'no SIP: g'],
    'the newest, oldest first',
  );
  trace.stop();
});

test('who asks in a domain that is not served is found by his number, and the domain is named', async () => {
  const { trace, pass } = rig();
  const ofIp = (text: string) => text.replaceAll('@pbx.test', '@192.0.2.10');
  pass('in', ofIp(subscribe('1006', '1001')));
  pass('out', ofIp(answer('401 Unauthorized', '1006', '1001', 'SUBSCRIBE')));
  pass('in', ofIp(subscribe('1006', '1001', { cseq: 2 })));
  pass('out', ofIp(answer('404 Not Found', '1006', '1001', 'SUBSCRIBE', { cseq: 2 })));
  pass(
    'in',
    subscribe('1007', '1001', { callId: 'mixed' }).replace('sip:1001@pbx.test SIP', 'sip:1001@[2001:db8::1]:5060 SIP'),
  );
  pass('in', subscribe('1006', '1002', { callId: 'served' }));
  const told = async (user: string) =>
    (await trace.list({ aor: aor(user) }, 100)).map(({ callId, ext, unserved }) => [callId, ext, unserved]);
  const asked = ['c1', null, '192.0.2.10'];
  const talk = [asked, ['c1', null, null], asked, asked];
  assert.deepEqual(await told('1006'), [...talk, ['served', '1002', null]]);
  assert.deepEqual(await told('1001'), [...talk, ['mixed', '1001', '[2001:db8::1]']], 'about him, too');
  const followed: string[] = [];
  const stop = trace.follow({ aor: aor('1006') }, null, {
    message: ({ unserved }) => followed.push(String(unserved)),
    missed: nothing,
  });
  pass('in', ofIp(subscribe('1006', '1001', { cseq: 3 })).replaceAll('192.0.2.10', `${'x'.repeat(100)}.test`));
  await settle();
  assert.deepEqual(followed, [`${'x'.repeat(64)}…`], 'foreign text is short');
  stop?.();
  trace.stop();
});

test('within a dialog, and where only From is foreign, no domain is said to be missing', async () => {
  const { trace, pass } = rig();
  pass('in', subscribe('1001', '1002').replace('<sip:1001@pbx.test>', '<sip:1001@other.test>'));
  pass(
    'in',
    subscribe('1001', '1002', { cseq: 2 })
      .replace('<sip:1002@pbx.test>', '<sip:1002@pbx.test>;tag=b')
      .replace('sip:1002@pbx.test SIP', 'sip:lamplighter@198.51.100.7 SIP'),
  );
  pass(
    'in',
    subscribe('1001', '1002', { cseq: 3 }).replaceAll('SUBSCRIBE', 'INVITE').replaceAll('@pbx.test', '@other.test'),
  );
  assert.deepEqual(
    (await trace.list({ aor: aor('1001') }, 10)).map(({ unserved }) => unserved),
    [null, null, null],
  );
  trace.stop();
});

test('repetitions are marked, also where the first is older than what is asked for', async () => {
  const { trace, pass, clock } = rig();
  for (let i = 0; i < 3; i++) pass('out', notify('1002', '1001'));
  clock.advance(500);
  pass('in', answer('200 OK', '1002', '1001', 'NOTIFY'));
  pass('in', answer('200 OK', '1002', '1001', 'NOTIFY'));
  const marks = async (limit: number) => (await trace.list({}, limit)).map(({ retransmission }) => retransmission);
  assert.deepEqual(await marks(10), [false, true, true, false, true]);
  assert.deepEqual(await marks(3), [true, false, true]);
  trace.stop();
});

test('subscriptions that share a dialog are told apart by Event, their responses too; ended ones are still known', async () => {
  const { trace, pass, living } = rig();
  living.push(sub(1, 'd', '1001', '1002'), sub(2, 'd', '1001', '1001', { event: 'as-feature-event' }));
  pass('out', notify('1002', '1001', { callId: 'd', cseq: 1 }));
  pass('in', answer('200 OK', '1002', '1001', 'NOTIFY', { callId: 'd', cseq: 1 }));
  pass('out', notify('1001', '1001', { callId: 'd', cseq: 2, more: ['Event: as-feature-event'] }));
  pass('in', answer('200 OK', '1001', '1001', 'NOTIFY', { callId: 'd', cseq: 2 }));
  const cseqs = async (subscription: number) =>
    (await trace.list({ subscription }, 10)).map(({ cseq, status }) => `${cseq} ${status}`);
  assert.deepEqual(await cseqs(1), ['1 null', '1 200']);
  assert.deepEqual(await cseqs(2), ['2 null', '2 200']);
  const ended = living.splice(0, 1)[0];
  assert.ok(ended !== undefined);
  trace.links.ended(ended);
  assert.deepEqual(await cseqs(1), ['1 null', '1 200'], 'it has ended, and nobody had looked before');
  for (let id = 100; id < 2_200; id++) trace.links.ended({ ...ended, id, callId: `x${id}` });
  assert.deepEqual(await cseqs(1), [], 'but not for ever');
  trace.stop();
});

test('what was not recorded is told with the next message that is shown', async () => {
  const { trace, pass, clock } = rig(5_000);
  for (let i = 0; i < rates.unread + 300; i++) trace.recorder.passed('in', udp, subscribe('7', '8'));
  clock.advance(1_000);
  pass('in', subscribe('7', '8'));
  pass('in', subscribe('1001', '1002'));
  const told = await trace.list({ aor: aor('1001') }, 10);
  assert.deepEqual(
    told.map(({ missed }) => missed),
    [300],
    'any of them could have been his',
  );
  pass('in', subscribe('1001', '1002', { cseq: 2 }));
  assert.deepEqual(
    (await trace.list({}, 3)).map(({ missed }) => missed),
    [300, 0, 0],
  );
  trace.stop();
});

test('who follows is told each message as it passes, of what he asked for, and what was repeated', async () => {
  const { trace, pass, living } = rig();
  const heard: TracedMessage[] = [];
  const others: TracedMessage[] = [];
  pass('in', subscribe('1001', '1000', { callId: 'before' }));
  const stop = trace.follow({ aor: aor('1001') }, null, { message: (one) => heard.push(one), missed: nothing });
  const stopOther = trace.follow({}, null, { message: (one) => others.push(one), missed: nothing });
  assert.ok(stop !== null && stopOther !== null);
  pass('in', subscribe('1001', '1002'));
  pass('in', subscribe('1003', '1002', { callId: 'c3' }));
  await settle();
  living.push(sub(1, 'c1', '1001', '1002'));
  await new Promise((resolve) => setImmediate(resolve));
  trace.recorder.passed('out', udp, notify('1002', '1001'));
  trace.recorder.passed('out', udp, notify('1002', '1001'));
  await settle();
  assert.deepEqual(summaries(heard), [
    'in SUBSCRIBE to 1002, dialog, expires 600',
    'out NOTIFY dialog, active',
    'out NOTIFY dialog, active',
  ]);
  assert.deepEqual(
    heard.map(({ retransmission }) => retransmission),
    [false, false, true],
  );
  assert.deepEqual(
    others.map(({ retransmission }) => retransmission),
    [false, false, false, true],
  );
  stop();
  pass('in', subscribe('1001', '1002', { cseq: 9 }));
  await settle();
  assert.equal(heard.length, 3);
  assert.equal(others.length, 5);
  stopOther();
  trace.stop();
});

test('who follows for long sees new subscriptions, also one with the Call-ID of another', async () => {
  const { trace, pass, living, clock } = rig();
  const ids: (number | null)[] = [];
  const stop = trace.follow({}, null, { message: ({ subscription }) => ids.push(subscription), missed: nothing });
  const next = async (cseq: number): Promise<void> => {
    pass('in', subscribe('1001', '1002', { cseq }));
    await settle();
    clock.advance(2_000);
  };
  await next(1);
  living.push(sub(1, 'c1', '1001', '1002'));
  await next(2);
  living[0] = sub(2, 'c1', '1001', '1002');
  await next(3);
  assert.deepEqual(ids, [null, 1, 2]);
  stop?.();
  trace.stop();
});

test('who comes back is told what he missed, once; after a restart of ours everything there is', async () => {
  const { trace, pass } = rig();
  for (let cseq = 1; cseq <= 250; cseq++) pass('in', subscribe('1001', '1002', { cseq }));
  const [, second] = await trace.list({}, 2_000);
  assert.ok(second !== undefined);
  const follow = async (after: string) => {
    const cseqs: (number | null)[] = [];
    const stop = trace.follow({}, after, { message: ({ cseq }) => cseqs.push(cseq), missed: nothing });
    for (let turn = 0; turn < 10; turn++) await settle();
    stop?.();
    return cseqs;
  };
  const again = await follow(second.id);
  assert.deepEqual([again.length, again[0], again.at(-1)], [248, 3, 250]);
  assert.equal((await follow('1-7')).length, 250, 'of another life');
  assert.equal((await follow('nonsense')).length, 250);
  trace.stop();
});

test('a reader that is overtaken is told how many it lost', async () => {
  const { trace } = rig(100);
  let count = 0;
  let lost = 0;
  trace.follow({}, null, {
    message: () => {
      count += 1;
    },
    missed: (more) => {
      lost += more;
    },
  });
  for (let i = 0; i < 350; i++) trace.recorder.passed('in', udp, subscribe('1', '2', { cseq: i }));
  for (let turn = 0; turn < 10; turn++) await settle();
  assert.deepEqual([count, lost], [100, 250]);
  trace.stop();
});

test('there is an end to the number of readers', () => {
  const { trace } = rig();
  const reader = { message: () => undefined, missed: () => undefined };
  const stops = Array.from({ length: 16 }, () => trace.follow({}, null, reader));
  assert.ok(stops.every((stop) => stop !== null));
  assert.equal(trace.follow({}, null, reader), null);
  stops[3]?.();
  stops[3]?.();
  const again = trace.follow({}, null, reader);
  assert.notEqual(again, null, 'one left');
  assert.equal(trace.follow({}, null, reader), null, 'and leaving twice counts once');
  trace.stop();
});

/** How often others had a turn while this was done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let working = true;
  const count = (): void => {
    turns += 1;
    if (working) setImmediate(count);
  };
  setImmediate(count);
  await work();
  working = false;
  return turns;
}

test('only what is told is made readable, though all of it was looked at', async () => {
  let told = 0;
  const living = [sub(17, 'c1', '1001', '1002')];
  const facing = (): string => {
    told += 1;
    return '192.0.2.10';
  };
  const trace = new Trace({
    clock: new FakeClock(),
    keep: 100,
    subscriptions: () => living,
    aorFor: () => null,
    facing,
  });
  for (let cseq = 1; cseq <= 50; cseq++) {
    trace.recorder.passed('in', { ...udp, local: { address: '::', port: 5070 } }, subscribe('1001', '1002', { cseq }));
  }
  const [last, ...others] = await trace.list({ subscription: 17 }, 1);
  assert.deepEqual([last?.cseq, others.length, told], [50, 0, 1]);
  trace.stop();
});

test('long messages are told in small turns, the newest of them, four megabytes in all', async () => {
  const { trace } = rig(20_000);
  const body = 'y'.repeat(60_000);
  for (let cseq = 1; cseq <= 100; cseq++) trace.recorder.passed('in', udp, subscribe('1', '2', { cseq, body }));
  let messages: readonly TracedMessage[] = [];
  const turns = await turnsDuring(async () => {
    messages = await trace.list({}, 2_000);
  });
  const bytes = messages.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(bytes <= mostTold && bytes > mostTold - 2 * body.length, `${bytes}`);
  assert.equal(messages.at(-1)?.cseq, 100);
  assert.ok(turns > messages.length, `${turns} turns for ${messages.length} messages`);
  trace.stop();
});

test('who follows long messages has few of them in a turn', async () => {
  const { trace } = rig(20_000);
  const taken: number[] = [];
  const stop = trace.forward({ take: (passed) => taken.push(passed.recorded.number), missed: nothing });
  for (let i = 0; i < 50; i++) trace.recorder.passed('in', udp, subscribe('1', '2', { body: 'y'.repeat(60_000) }));
  const turns = await turnsDuring(async () => {
    while (taken.length < 50) await settle();
  });
  assert.ok(turns >= 20, `${turns} turns`);
  stop();
  trace.stop();
});

test('lists that are asked for at once are made one after the other: each holds all that it found', async () => {
  const order: string[] = [];
  const { trace, pass } = rig(1_000, () => order.push('looked'));
  for (let cseq = 1; cseq <= 500; cseq++) pass('in', subscribe('1001', '1002', { cseq }));
  await Promise.all(Array.from({ length: 3 }, () => trace.list({}, 500).then(() => order.push('told'))));
  assert.deepEqual(order, ['looked', 'told', 'looked', 'told', 'looked', 'told']);
  trace.stop();
});

test('a whole ring is read without holding up anybody for long', async () => {
  const { trace } = rig(20_000);
  for (let i = 0; i < rates.unread; i++)
    trace.recorder.passed('in', udp, subscribe('1', '2', { cseq: i, callId: `c${i}` }));
  const turns = await turnsDuring(async () => assert.deepEqual(await trace.list({ callId: 'none' }, 10), []));
  assert.ok(turns >= 4, `others had ${turns} turns`);
  trace.stop();
});
