import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asFeatureEvent } from '../../src/event-packages/as-feature-event/as-feature-event.ts';
import { messageSummary } from '../../src/event-packages/message-summary/message-summary.ts';
import { aorOf } from '../../src/model/aor.ts';
import { refused } from '../../src/model/outcome.ts';
import { alice, bob, domain } from '../notifier/support.ts';
import { settle } from '../support/fake-clock.ts';
import { FakeVersionStore, lampRule, pushing, rule } from './rig.ts';

const features = (bodies: readonly { readonly body: string }[]) =>
  bodies.map(({ body }) => {
    if (body.includes('doNotDisturbOn')) return `dnd ${/<doNotDisturbOn>(\w+)</.exec(body)?.[1]}`;
    return `${/<forwardingType>forward(\w+)</.exec(body)?.[1]} ${/<forwardStatus>(\w+)</.exec(body)?.[1]}`;
  });

/** A phone that has been told everything. */
async function told(rules = [rule()]) {
  const rig = pushing(rules);
  rig.register(alice);
  await rig.clock.run(5_000);
  rig.pbx.sent.length = 0;
  return rig;
}

const versionOf = (body: string) => Number(/version="(\d+)"/.exec(body)?.[1]);
const entityOf = (body: string) => /entity="sip:([^@"]+)@/.exec(body)?.[1];

describe('what a registration brings', () => {
  it('is everything, a second later, each feature in a NOTIFY of its own', async () => {
    const { pbx, clock, register } = pushing();
    register(alice);
    await clock.run(900);
    assert.deepEqual(pbx.sent, []);
    await clock.run(2_000);
    assert.deepEqual(features(pbx.sent), ['dnd false', 'Immediate false', 'Busy false', 'NoAns false']);
    assert.deepEqual(
      pbx.sent.map(({ phone, event, contentType }) => [phone, event, contentType]),
      Array(4).fill([alice, 'as-feature-event', 'application/x-as-feature-event+xml']),
    );
    const gaps = pbx.sent.slice(1).map(({ at }, index) => at - (pbx.sent[index]?.at ?? 0));
    assert.ok(
      gaps.every((gap) => gap >= 100),
      String(gaps),
    );
  });

  it('is the same again where the phone moves, and nothing where only its name became known', async () => {
    const { pbx, clock, register, state } = await told();
    state.emit({ topic: 'registration', aor: alice, aspects: ['devices'] });
    await clock.run(5_000);
    assert.deepEqual(pbx.sent, []);
    register(alice, 2);
    await clock.run(5_000);
    assert.equal(pbx.sent.length, 4);
  });

  it('is for those asked for alone: another number, a longer one, another domain are told nothing', async () => {
    const { push, pbx, clock, register, state } = pushing();
    for (const stranger of [aorOf('2001', domain), aorOf('91001', domain), aorOf('1001', 'other.test')]) {
      register(stranger);
      state.feature(stranger, 'dnd', true);
    }
    await clock.run(5_000);
    assert.deepEqual(pbx.sent, []);
    assert.deepEqual(push.list(), []);
  });

  it('of two rules for a package the first counts, of different packages both', async () => {
    const { push, register } = pushing([
      rule({ minIntervalMs: 100 }),
      rule({ packages: [asFeatureEvent, messageSummary] }),
    ]);
    register(alice);
    assert.deepEqual(
      push.list(alice).map(({ event }) => event),
      ['as-feature-event', 'message-summary'],
    );
  });

  it('is nothing for a phone that has gone before its turn, nor are its changes', async () => {
    const { push, pbx, clock, register, state } = pushing();
    register(alice);
    await clock.run(500);
    register(alice, 0);
    state.feature(alice, 'dnd', true);
    await clock.run(5_000);
    assert.deepEqual(pbx.sent, []);
    assert.deepEqual(push.list(), []);
    assert.equal(clock.pending, 1, 'the sweep alone');
  });
});

describe('a change', () => {
  it('is told at once, and only what changed', async () => {
    const { pbx, clock, state } = await told();
    state.feature(alice, 'dnd', true);
    await clock.run(50, 10);
    assert.deepEqual(features(pbx.sent), ['dnd true']);
  });

  it('changes of one turn are told as they stand then', async () => {
    const { pbx, clock, state } = await told();
    state.feature(alice, 'dnd', true);
    state.feature(alice, 'dnd', false);
    state.feature(alice, 'cfa', true);
    await clock.run(2_000);
    assert.deepEqual(features(pbx.sent), ['dnd false', 'Immediate true']);
  });

  it('a burst is one NOTIFY at once, and the last state after the interval', async () => {
    const { pbx, clock, state } = await told();
    for (let turn = 1; turn <= 20; turn += 1) {
      state.feature(alice, 'dnd', turn % 2 === 1);
      await clock.run(20, 10);
    }
    await clock.run(2_000);
    assert.deepEqual(features(pbx.sent), ['dnd true', 'dnd false']);
    assert.ok((pbx.sent[1]?.at ?? 0) - (pbx.sent[0]?.at ?? 0) >= 500);
  });

  it('one is under way at a time: what changes meanwhile comes next, as it stands then', async () => {
    const { pbx, clock, state } = await told();
    pbx.hold = true;
    state.feature(alice, 'dnd', true);
    await clock.run(1_000);
    state.feature(alice, 'dnd', false);
    state.feature(alice, 'dnd', true);
    state.feature(alice, 'dnd', false);
    await clock.run(3_000);
    assert.equal(pbx.sent.length, 1);
    pbx.hold = false;
    pbx.release();
    await clock.run(2_000);
    assert.deepEqual(features(pbx.sent), ['dnd true', 'dnd false']);
  });

  it('that a hook keeps quiet is not told, one that concerns another package neither', async () => {
    const { pbx, clock, state } = await told();
    state.emit({ topic: 'features', aor: alice, aspects: ['dnd'], quiet: true });
    state.emit({ topic: 'mailbox', aor: alice, aspects: [] });
    state.emit({ topic: 'extension', aor: alice, aspects: ['stale'] });
    await clock.run(3_000);
    assert.deepEqual(pbx.sent, []);
  });

  it('goes before what many registrations have brought', async () => {
    const { pbx, clock, state, register } = await told();
    const many = Array.from({ length: 50 }, (_, index) => aorOf(String(1100 + index), domain));
    for (const aor of many) register(aor);
    await clock.run(1_100, 10);
    const before = pbx.sent.length;
    assert.ok(before > 0 && before < 20, `${before} in a tenth of a second`);
    state.feature(alice, 'dnd', true);
    await clock.run(60, 10);
    assert.ok(
      pbx.sent.slice(before).some(({ phone }) => phone === alice),
      'it waits behind the others',
    );
    await clock.run(20_000);
    assert.equal(pbx.sent.length, 50 * 4 + 1);
  });
});

describe('lamps', () => {
  it('each watched resource is told by itself, with its name and versions that grow', async () => {
    const { pbx, clock, state, register } = pushing([lampRule(['1002', '1003'])]);
    register(alice);
    await clock.run(3_000);
    assert.deepEqual(
      pbx.sent.map(({ body }) => entityOf(body)),
      ['1002', '1003'],
    );
    state.calls(bob, 'call-1');
    await clock.run(1_000);
    state.calls(bob);
    await clock.run(1_000);
    const [, , ringing, ended] = pbx.sent.map(({ body }) => body);
    assert.match(ringing ?? '', /<state>early<\/state>/);
    assert.match(ended ?? '', /<dialog id="call-1"[^>]*><state>terminated<\/state>/);
    const versions = pbx.sent.map(({ body }) => versionOf(body));
    assert.deepEqual(
      versions,
      [...new Set(versions)].sort((a, b) => a - b),
    );
  });

  it('a change of one does not wait for the interval of another', async () => {
    const { pbx, clock, state, register } = pushing([lampRule(['1002', '1003'], { minIntervalMs: 5_000 })]);
    register(alice);
    await clock.run(10_000);
    pbx.sent.length = 0;
    state.calls(bob, 'call-1');
    state.calls(aorOf('1003', domain), 'call-2');
    await clock.run(400, 10);
    assert.deepEqual(
      pbx.sent.map(({ body }) => entityOf(body)),
      ['1002', '1003'],
    );
  });

  it('a name that no PBX has is said once and not told', async () => {
    const { pbx, clock, state, register, logger } = pushing([lampRule(['4711'])]);
    state.missing.add(aorOf('4711', domain));
    for (const phone of [alice, bob]) register(phone);
    await clock.run(3_000);
    assert.deepEqual(pbx.sent, []);
    assert.equal(logger.lines.filter(({ message }) => message.includes('not pushed')).length, 1);
  });
});

describe('who is told otherwise', () => {
  it('a user whose phone subscribes here is left to his subscription, and told when it has ended', async () => {
    const { push, pbx, clock, state } = await told();
    pbx.told.add(`${alice} as-feature-event ${alice}`);
    state.feature(alice, 'dnd', true);
    await clock.run(2_000);
    assert.deepEqual(pbx.sent, []);
    assert.equal(push.list(alice)[0]?.state, 'subscribed');
    pbx.told.clear();
    state.feature(alice, 'dnd', false);
    await clock.run(2_000);
    assert.deepEqual(features(pbx.sent), ['dnd false']);
    assert.equal(push.list(alice)[0]?.state, 'told');
  });

  it('is told twice where the admin wants it', async () => {
    const { pbx, clock, state } = await told([rule({ sparesSubscribed: false })]);
    pbx.told.add(`${alice} as-feature-event ${alice}`);
    pbx.tellsItself = true;
    state.feature(alice, 'dnd', true);
    await clock.run(2_000);
    assert.deepEqual(features(pbx.sent), ['dnd true']);
  });

  it('phones that a PBX tells itself are left to it, which is said once', async () => {
    const { pbx, clock, register, logger } = pushing();
    pbx.tellsItself = true;
    for (const phone of [alice, bob]) register(phone);
    await clock.run(3_000);
    assert.deepEqual(pbx.sent, []);
    assert.equal(logger.lines.filter(({ level }) => level === 'warn').length, 1);
  });
});

describe('a PBX that does not', () => {
  it('is away: nothing is lost, and all of it comes when its link is up', async () => {
    const { push, pbx, clock, state, link } = await told();
    pbx.answer = () => refused('pbx-away', 'the PBX is not connected');
    link('down');
    state.feature(alice, 'dnd', true);
    await clock.run(20_000, 500);
    assert.ok(pbx.sent.length <= 1, `${pbx.sent.length} attempts`);
    assert.deepEqual(
      push.list(alice).map(({ state: how, reason }) => [how, reason]),
      [['waiting', 'pbx-away']],
    );
    pbx.sent.length = 0;
    pbx.answer = null;
    link('stale');
    link('up', 'another');
    await clock.run(1_500);
    assert.deepEqual(pbx.sent, []);
    link('up');
    await clock.run(3_000);
    assert.deepEqual(features(pbx.sent), ['dnd true', 'Immediate false', 'Busy false', 'NoAns false']);
    assert.equal(push.list(alice)[0]?.state, 'told');
  });

  it('is silent: tried again ever later, and then no more before the next change', async () => {
    const { push, pbx, clock, state } = await told();
    pbx.answer = () => refused('pbx-timeout', 'silence');
    state.feature(alice, 'dnd', true);
    await clock.run(300_000, 1_000);
    const gaps = pbx.sent.slice(1).map(({ at }, index) => at - (pbx.sent[index]?.at ?? 0));
    assert.equal(pbx.sent.length, 4);
    assert.ok(
      gaps.every((gap, index) => index === 0 || gap > (gaps[index - 1] ?? 0)),
      String(gaps),
    );
    assert.equal(push.list(alice)[0]?.state, 'failed');
    pbx.answer = null;
    state.feature(alice, 'dnd', false);
    await clock.run(2_000);
    assert.equal(features(pbx.sent).at(-1), 'dnd false');
    assert.equal(push.list(alice)[0]?.state, 'told');
  });

  it('refuses: said once for a phone, and tried again with the next change only', async () => {
    const { pbx, clock, state, logger } = await told();
    pbx.answer = () => refused('pbx-refused', 'no');
    for (const on of [true, false, true]) {
      state.feature(alice, 'dnd', on);
      await clock.run(60_000, 1_000);
    }
    assert.equal(pbx.sent.length, 3);
    assert.equal(logger.lines.filter(({ message }) => message.includes('refused')).length, 1);
  });

  it('cannot send NOTIFYs at all: said once for all of its phones', async () => {
    const { push, pbx, clock, register, logger } = pushing();
    pbx.answer = () => null;
    for (const phone of [alice, bob]) register(phone);
    await clock.run(60_000, 1_000);
    assert.equal(logger.lines.filter(({ level }) => level === 'warn').length, 1);
    assert.deepEqual(
      push.list().map(({ state, reason, notifies }) => [state, reason, notifies]),
      Array(2).fill(['failed', 'not-writable', 0]),
    );
  });

  it('knows no contact any more: nothing is tried until the phone registers', async () => {
    const { pbx, clock, state, register } = await told();
    pbx.answer = () => refused('not-registered', 'nobody');
    state.feature(alice, 'dnd', true);
    await clock.run(60_000, 1_000);
    assert.equal(pbx.sent.length, 1);
    pbx.answer = null;
    register(alice);
    await clock.run(5_000);
    assert.equal(features(pbx.sent).filter((one) => one === 'dnd true').length, 2);
  });

  it('fails in a way nobody thought of: logged once, and the others are served', async () => {
    const { pbx, clock, register, logger } = pushing();
    pbx.answer = (phone) => {
      if (phone === alice) throw new Error('broken');
      return { ok: true, value: [] };
    };
    for (const phone of [alice, bob]) register(phone);
    await clock.run(60_000, 1_000);
    assert.equal(logger.lines.filter(({ level }) => level === 'error').length, 1);
    assert.ok(pbx.sent.length === 4 && pbx.sent.every(({ phone }) => phone === bob));
  });
});

describe('time', () => {
  it('repeats everything after the minutes asked for, as nobody says what got lost', async () => {
    const minutes = 60_000;
    const { pbx, clock } = await told([rule({ repeatMs: 5 * minutes })]);
    await clock.run(4 * minutes, 1_000);
    assert.deepEqual(pbx.sent, []);
    await clock.run(90_000, 1_000);
    assert.equal(pbx.sent.length, 4);
  });

  it('a stop leaves no timer, no listener, and sends nothing more', async () => {
    const { push, pbx, clock, state, register, links } = pushing();
    register(alice);
    pbx.hold = true;
    await clock.run(1_100);
    assert.equal(pbx.sent.length, 1);
    state.feature(alice, 'dnd', true);
    push.stop();
    pbx.release();
    await settle();
    await clock.run(60_000, 1_000);
    assert.equal(pbx.sent.length, 1);
    assert.equal(clock.pending, 0);
    assert.equal(state.listeners + links.size, 0);
  });

  it('without rules nothing is listened to', () => {
    const { state, links, clock } = pushing([]);
    assert.equal(state.listeners + links.size + clock.pending, 0);
  });
});

describe('versions', () => {
  it('never go back over a restart, whatever was sent since the last write', async () => {
    const store = new FakeVersionStore();
    let last = -1;
    for (let life = 0; life < 3; life += 1) {
      const { pbx, clock, register, push } = pushing([lampRule(['1002'], { repeatMs: 60_000 })], store);
      register(alice);
      await clock.run(10 * 60_000, 5_000);
      for (const version of pbx.sent.map(({ body }) => versionOf(body))) {
        assert.ok(version > last, `${version} after ${last}`);
        last = version;
      }
      push.stop();
    }
    assert.ok(store.writes <= 4, `${store.writes} writes`);
  });

  it('go on from memory where the disk is full, which is said once', async () => {
    const store = new FakeVersionStore();
    store.broken = true;
    const { pbx, clock, register, logger } = pushing([lampRule(['1002'])], store);
    register(alice);
    await clock.run(3_000);
    for (let turn = 0; turn < 250; turn += 1) {
      register(alice, 1 + (turn % 2));
      await clock.run(1_500, 100);
    }
    const versions = pbx.sent.map(({ body }) => versionOf(body));
    assert.ok(versions.length > 200);
    assert.deepEqual(
      versions,
      [...new Set(versions)].sort((a, b) => a - b),
    );
    assert.equal(logger.lines.filter(({ level }) => level === 'error').length, 1);
  });
});

describe('other rules while it runs', () => {
  it('leave phones alone that are told the same, and tell the others everything as after a registration', async () => {
    const { push, pbx, clock, state } = await told([rule(), lampRule(['2001'], { extensions: /^2000$/ })]);
    push.exchange([rule(), lampRule(['2002'], { extensions: /^2000$/ })], [alice]);
    await clock.run(5_000);
    assert.deepEqual(pbx.sent, []);
    push.exchange([rule({ packages: [messageSummary] })], [alice]);
    await clock.run(5_000);
    assert.deepEqual(
      pbx.sent.map(({ event }) => event),
      ['message-summary'],
    );
    state.feature(alice, 'dnd', true);
    await clock.run(5_000);
    assert.equal(pbx.sent.length, 1, 'the old rule is none any more');
  });

  it('begin where there were none, and end where there are none', async () => {
    const { push, pbx, clock, state, register } = pushing([]);
    register(alice);
    await clock.run(5_000);
    assert.deepEqual(pbx.sent, []);
    push.exchange([rule()], [alice]);
    await clock.run(5_000);
    assert.equal(pbx.sent.length, 4);
    push.exchange([], [alice]);
    state.feature(alice, 'dnd', true);
    register(alice);
    await clock.run(5_000);
    assert.equal(pbx.sent.length, 4);
    assert.deepEqual(push.list(), []);
    push.stop();
    assert.equal(clock.pending, 0);
  });
});
