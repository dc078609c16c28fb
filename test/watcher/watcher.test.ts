import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventPackages } from '../../src/event-packages/index.ts';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { Device, PbxEvent } from '../../src/model/pbx-event.ts';
import { defaultProfile } from '../../src/model/profile.ts';
import type { Published } from '../../src/model/publication.ts';
import { Watcher, type WatcherLimits } from '../../src/watcher/watcher.ts';
import { Sayings } from '../../src/wiring/watch.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { FakeSender, half } from './rig.ts';

const user = (ext: string) => aorOf(ext, 'lamplighter.test');
const device = (ext: string, port = 5060, userAgent = 'Desk'): Device => ({
  uri: `sip:${ext}@192.0.2.7:${port}`,
  userAgent,
});
const dnd = (on: boolean) =>
  Buffer.from(
    `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:x@y"><tuple id="t"><status><basic>open</basic></status><note>${on ? 'DND' : 'here'}</note></tuple></presence>`,
  );

function watcher(limits: Partial<WatcherLimits> = {}) {
  const clock = new FakeClock();
  const sender = new FakeSender(clock);
  const logger = new RecordingLogger();
  const devices = new Map<Aor, readonly Device[]>();
  const said: { aor: Aor; event: string; said: readonly Published[] }[] = [];
  const wishes: string[] = [];
  const made = new Watcher({
    clock,
    random: half,
    logger,
    sender,
    packages: eventPackages,
    view: (aor) => ({ devices: devices.get(aor) ?? [] }),
    hasCalls: () => false,
    profileFor: (userAgent) => ({ ...defaultProfile, watch: userAgent === 'Desk' ? ['presence'] : [] }),
    grant: async (wish) => {
      wishes.push(`${wish.aor} ${wish.feature} ${'enabled' in wish ? wish.enabled : ''} ${wish.origin.from}`);
    },
    say: (aor, event, all) => said.push({ aor, event, said: all }),
    limits,
  });
  const register = async (ext: string, ...list: readonly Device[]) => {
    devices.set(user(ext), list);
    made.changed({ topic: 'registration', aor: user(ext), aspects: ['contacts'] });
    await settle();
  };
  return { made, clock, sender, logger, said, wishes, register };
}

test('a registration that changes in another way leaves the subscription alone; another contact is another phone', async () => {
  const { register, sender, made } = watcher();
  await register('1001', device('1001'));
  await register('1001', device('1001'), device('1001', 5062, 'Other'));
  assert.equal(sender.sides.length, 1);
  sender.last.answer(200, { expires: 3600 });
  await settle();
  await register('1001', device('1001', 5064));
  assert.equal(sender.sides.length, 2);
  assert.equal(sender.sides[0]?.asked.at(-1)?.expires, 0);
  assert.deepEqual(
    made.list(user('1001')).map(({ contact, state }) => [contact, state]),
    [['sip:1001@192.0.2.7:5064', 'asking']],
  );
});

test('no user has more phones watched than the limit, and all together not more than the other', async () => {
  const { register, sender, logger } = watcher({ phonesPerUser: 2, total: 3 });
  await register('1001', ...[1, 2, 3, 4].map((at) => device('1001', 5060 + at)));
  assert.equal(sender.sides.length, 2);
  await register('1002', device('1002'), device('1002', 5062));
  await register('1003', device('1003'));
  assert.equal(sender.sides.length, 3);
  assert.equal(logger.lines.filter(({ message }) => message.startsWith('too many phones')).length, 1, 'said once');
  await register('1001');
  await register('1003', device('1003'));
  assert.equal(sender.sides.length, 4, 'who goes makes room');
});

test('a user who changes his contact again and again is followed so often in a minute, and then to where he is', async () => {
  const { register, sender, clock, made } = watcher({ perMinute: 4 });
  for (let port = 6001; port <= 6020; port += 1) await register('1001', device('1001', port));
  assert.equal(sender.sides.length, 4);
  await register('1002', device('1002'));
  assert.equal(sender.sides.length, 5, 'others are not held up');
  await clock.run(61_000, 1_000);
  assert.deepEqual(
    made.list(user('1001')).map(({ contact }) => contact),
    ['sip:1001@192.0.2.7:6020'],
  );
});

test('first SUBSCRIBEs take turns', async () => {
  const { register, sender } = watcher({ atOnce: 3 });
  for (let ext = 1001; ext < 1011; ext += 1) await register(String(ext), device(String(ext)));
  assert.equal(sender.sides.length, 3);
  sender.sides[0]?.answer(489);
  await settle();
  assert.equal(sender.sides.length, 4);
});

test('a phone that says much is heard one wish after the other, and not beyond the limit', async () => {
  const { register, sender, wishes } = watcher({ waitingWishes: 3 });
  await register('1001', device('1001'));
  const side = sender.last;
  for (let turn = 0; turn < 20; turn += 1)
    side.notify({ contentType: 'application/pidf+xml', body: dnd(turn % 2 === 0) });
  await settle();
  assert.equal(wishes.length, 3);
  assert.equal(wishes[0], `${user('1001')} dnd true udp:192.0.2.7:5060`);
});

test('the stop unsubscribes everywhere, says nothing more, and leaves the silent ones behind after half a second', async () => {
  for (const answering of [true, false]) {
    const { register, sender, made, said, clock } = watcher();
    for (const ext of ['1001', '1002']) {
      await register(ext, device(ext));
      sender.last.answer(200, { expires: 3600 });
      await settle();
      sender.last.notify({ contentType: 'application/pidf+xml', body: dnd(false) });
    }
    const before = said.length;
    let done = false;
    const stopped = made.stop().then(() => {
      done = true;
    });
    await settle();
    for (const side of sender.sides) {
      assert.equal(side.asked.at(-1)?.expires, 0);
      if (!answering) continue;
      side.answer(200, { expires: 0 });
      await settle();
      assert.equal(done, false);
      assert.equal(side.notify({ state: 'terminated' }).status, 200);
    }
    if (!answering) await clock.run(500);
    await stopped;
    assert.equal(said.length, before);
    assert.equal(sender.openCount, 0);
    assert.equal(clock.pending, answering ? 0 : 2, 'Timer F of the silent ones is the engine’s');
    await register('1003', device('1003'));
    assert.equal(sender.sides.length, 2);
  }
});

test('publications and phones are told together, publications first, and each withdraws its own', () => {
  const told: PbxEvent[] = [];
  const sayings = new Sayings((event) => told.push(event));
  const aor = user('1001');
  const saying = (note: string): Published => ({ kind: 'presence', basic: 'open', activities: [], notes: [note] });
  const notes = () => {
    const event = told.at(-1);
    return event?.type === 'published' ? event.said.flatMap((one) => (one.kind === 'presence' ? one.notes : [])) : null;
  };
  sayings.phones(aor, 'presence', []);
  assert.equal(told.length, 0, 'silence after silence');
  sayings.phones(aor, 'presence', [saying('phone')]);
  sayings.publication({
    source: 'publications',
    type: 'published',
    aor,
    event: 'presence',
    said: [saying('published')],
  });
  assert.deepEqual(notes(), ['published', 'phone']);
  sayings.phones(user('1002'), 'presence', [saying('other')]);
  assert.deepEqual(notes(), ['other']);
  sayings.phones(aor, 'presence', []);
  assert.deepEqual(notes(), ['published']);
  sayings.publication({ source: 'publications', type: 'published', aor, event: 'presence', said: [] });
  assert.deepEqual(notes(), []);
  sayings.publication({ source: 'sim', type: 'link', state: 'up', reason: null });
  assert.equal(told.at(-1)?.type, 'link');
});
