import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Directory } from '../../../../adapters/freeswitch/features/native.ts';
import { NativePhones } from '../../../../adapters/freeswitch/features/native.ts';
import type { Features } from '../../../../adapters/freeswitch/features/notice.ts';
import { readNotice, readPhoneKey } from '../../../../adapters/freeswitch/features/phone-feature.ts';
import { contactAddress } from '../../../../adapters/freeswitch/features/words.ts';
import { type Aor, aorOf } from '../../../../src/model/aor.ts';
import type { FeatureName, FeatureValue } from '../../../../src/model/feature.ts';
import type { PbxEvent, PhoneKeyEvent } from '../../../../src/model/pbx-event.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/silent-logger.ts';
import { type Event, scenarios } from './scenarios.ts';
import { ScriptedEsl } from './scripted.ts';
import { featuresWith, on } from './views.ts';

const keys = scenarios('keys.jsonl');
const notices = scenarios('notices.jsonl');
const aor = aorOf('2001', 'pbx.example');

/** A second phone of the same user. */
const other = { 'call-id': 'other@192.0.2.22', contact: '<sip:2001@192.0.2.22:5060>' };

function stage(holds: Partial<Record<FeatureName, FeatureValue>> = {}) {
  const clock = new FakeClock();
  const esl = new ScriptedEsl();
  const logger = new RecordingLogger();
  const told: PhoneKeyEvent[] = [];
  const elsewhere: Aor[] = [];
  const contacts = new Map<string, readonly string[]>([
    ['2001@pbx.example', ['"" <sip:2001@192.0.2.21:5066;fs_nat=yes>', 'sip:2001@192.0.2.22']],
    ['2002@pbx.example', ['"" <sip:2002@192.0.2.30:5060>']],
    ['2003@pbx.example', []],
  ]);
  const directory: Directory = {
    aorOf: (user, host) => (['pbx.example', '192.0.2.1'].includes(host) ? aorOf(user, 'pbx.example') : null),
    has: (it) => contacts.has(it),
    contacts: (it) => contacts.get(it) ?? [],
    holders: (address) =>
      [...contacts].filter(([, all]) => all.some((it) => contactAddress(it) === address)).map(([it]) => it as Aor),
    value: (_, feature) => holds[feature] ?? null,
    places: () => [],
  };
  const native = new NativePhones({
    source: 'main',
    esl,
    clock,
    logger,
    directory,
    style: { emptyTarget: '0', mark: 'm1' },
    tell: (event: PbxEvent) => {
      assert.equal(event.type, 'phone-key');
      if (event.type === 'phone-key') told.push(structuredClone(event));
    },
    pressedElsewhere: (it) => elsewhere.push(it),
  });
  native.ready();
  const take = (scenario: string, more: Event = {}) => {
    const key = readPhoneKey({ ...keys.get(scenario)!, ...more });
    assert.ok(key);
    native.take(key);
    return told.at(-1)?.phone ?? '';
  };
  /** What was sent, without what is always the same. */
  const sent = (): readonly Readonly<Record<string, string | undefined>>[] =>
    esl.sent.map(({ name, headers }) => {
      assert.equal(name, 'PHONE_FEATURE');
      const { profile, user, host, device, Lamplighter: mark, 'Feature-Event': event, ...rest } = headers;
      assert.equal(mark, 'm1');
      assert.equal(device, user);
      return { to: `${profile} ${user}@${host}`, event, ...rest };
    });
  const tell = async (features: Features, phone: string | null) => {
    native.tellFeatures(aor, features, phone);
    await settle();
  };
  return { clock, esl, logger, told, elsewhere, contacts, native, take, sent, tell };
}

const dndOn = { to: 'internal 2001@pbx.example', event: 'DoNotDisturbEvent', doNotDisturbOn: 'true' };

describe('a phone that stays subscribed to FreeSWITCH', () => {
  test('is answered each time it subscribes, by the whole picture, for itself alone', async () => {
    const { take, told, tell, sent } = stage();
    const phone = take('subscribe-initial');
    assert.deepEqual(told, [{ source: 'main', type: 'phone-key', aor, wishes: [], phone }]);
    await tell(featuresWith({ dnd: on() }), phone);
    await tell(featuresWith({ dnd: on() }), take('refresh-no-body'));
    assert.equal(sent().length, 2);
    for (const it of sent()) {
      assert.deepEqual([it['to'], it['event'], it['doNotDisturbOn']], ['internal 2001@pbx.example', 'init', 'true']);
      assert.equal(it['call-id'], 'fk-7d20ab91@192.0.2.21');
    }
  });

  test('presses a key: a wish of its user, from its profile', () => {
    const { take, told } = stage();
    take('set-fwd-no-answer');
    const origin = { kind: 'phone', who: '2001', from: 'freeswitch:internal', userAgent: null };
    assert.deepEqual(told[0]?.wishes, [{ aor, feature: 'cfna', enabled: true, target: '2019', ringCount: 3, origin }]);
  });

  test('all phones of a user are told what changed, in one event, and nobody is told it twice', async () => {
    const { take, tell, sent } = stage();
    const phone = take('set-dnd-true');
    take('subscribe-initial', other);
    await tell(featuresWith(), null);
    await tell(featuresWith({ dnd: on() }), null);
    await tell(featuresWith({ dnd: on() }), phone);
    await tell(featuresWith({ dnd: on() }), null);
    assert.deepEqual(
      sent().map((it) => it['event']),
      ['init', 'DoNotDisturbEvent'],
    );
    assert.deepEqual(sent()[1], dndOn);
  });

  test('whose wish changed nothing is told the truth all the same, about that feature, alone', async () => {
    const { take, tell, sent } = stage();
    await tell(featuresWith(), null);
    take('subscribe-initial', other);
    await tell(featuresWith(), null);
    const before = sent().length;
    await tell(featuresWith(), take('set-dnd-true'));
    assert.deepEqual(sent().slice(before), [
      { ...dndOn, doNotDisturbOn: 'false', 'call-id': 'fk-7d20ab91@192.0.2.21' },
    ]);
  });

  test('presses a second key before the first is answered: neither is answered with the state before it', async () => {
    const { take, tell, sent } = stage();
    await tell(featuresWith(), take('subscribe-initial'));
    const before = sent().length;
    const first = take('set-dnd-true');
    const second = take('set-fwd-immediate');
    await tell(featuresWith({ dnd: on() }), null);
    await tell(featuresWith({ dnd: on() }), first);
    await tell(featuresWith({ dnd: on(), cfa: on('2017') }), null);
    await tell(featuresWith({ dnd: on(), cfa: on('2017') }), second);
    assert.deepEqual(
      sent()
        .slice(before)
        .map((it) => [it['doNotDisturbOn'], it['forward_immediate']]),
      // The first time all are told everything; it is the answer to both that nobody repeats.
      [
        ['true', '0'],
        [undefined, '2017'],
      ],
    );
  });

  test('asks often while FreeSWITCH is slow: one answer to all it asked', async () => {
    const { take, tell, sent, esl } = stage();
    const first = take('subscribe-initial');
    esl.held = true;
    await tell(featuresWith(), first);
    for (let time = 0; time < 20; time++) await tell(featuresWith({ dnd: on() }), take('refresh-no-body'));
    esl.held = false;
    esl.release();
    await settle();
    assert.deepEqual(
      sent().map((it) => it['doNotDisturbOn']),
      ['false', 'true'],
    );
  });

  test('several changes at once go out as the whole picture', async () => {
    const { take, tell, sent } = stage();
    take('subscribe-initial');
    await tell(featuresWith({ dnd: on() }), null);
    await tell(featuresWith({ cfa: on('2017') }), null);
    assert.equal(sent()[1]?.['event'], 'init');
  });

  test('changes that come faster than FreeSWITCH answers are told once, as they are then; no timer is set', async () => {
    const { take, tell, sent, esl, clock } = stage();
    take('subscribe-initial');
    await tell(featuresWith(), null);
    esl.held = true;
    for (let time = 0; time < 100; time++) await tell(featuresWith(time % 2 === 0 ? { dnd: on() } : {}), null);
    await tell(featuresWith({ dnd: on() }), null);
    esl.held = false;
    esl.release();
    await settle();
    assert.deepEqual(sent().slice(1), [dndOn]);
    assert.equal(clock.pending, 0);
  });

  test('is left alone while its feature goes back and forth, then told everything, once, at the latest after 10 s', async () => {
    const { take, tell, sent, clock, logger } = stage();
    take('subscribe-initial');
    await tell(featuresWith(), null);
    for (let flip = 0; flip < 5; flip++) await tell(featuresWith(flip % 2 === 0 ? { dnd: on() } : {}), null);
    assert.equal(sent().length, 6, 'a few changes are told at once');
    const flips = async (count: number) => {
      for (let flip = 0; flip < count; flip++) {
        await tell(featuresWith(flip % 2 === 0 ? {} : { dnd: on() }), null);
        await clock.run(1_000);
      }
    };
    await flips(4);
    assert.equal(sent().length, 6);
    await clock.run(1_000);
    assert.deepEqual(sent().at(-1)?.['event'], 'init');
    assert.equal(sent().at(-1)?.['doNotDisturbOn'], 'true');
    assert.equal(sent().length, 7);
    assert.equal(logger.lines.length, 1);
    assert.equal(clock.pending, 0);
    await flips(10);
    assert.equal(sent().length, 8, 'never quiet, and told all the same');
  });

  test('that was left alone when the PBX went is told when it is back', async () => {
    const { take, tell, sent, clock, native } = stage();
    take('subscribe-initial');
    await tell(featuresWith(), null);
    for (let flip = 0; flip < 7; flip++) await tell(featuresWith(flip % 2 === 0 ? { dnd: on() } : {}), null);
    assert.equal(clock.pending, 1);
    native.away();
    assert.equal(clock.pending, 0);
    native.ready();
    await clock.run(3_000);
    assert.equal(sent().length, 7);
    assert.equal(sent().at(-1)?.['doNotDisturbOn'], 'true');
  });

  test('keeps the names FreeSWITCH gave it, where its domain has another one', async () => {
    const { take, tell, sent, told } = stage();
    take('subscribe-initial', { host: '192.0.2.1', profile_name: 'forced' });
    assert.equal(told[0]?.aor, aor);
    take('subscribe-initial', other);
    await tell(featuresWith(), null);
    assert.deepEqual(
      sent()
        .map((it) => it['to'])
        .sort(),
      ['forced 2001@192.0.2.1', 'internal 2001@pbx.example'],
    );
  });

  test('is not told any more when its time is over or it has gone', async () => {
    const { take, tell, sent, clock } = stage();
    const gone = take('subscribe-initial');
    take('unsubscribe');
    const late = take('subscribe-initial', { ...other, expires: '60' });
    clock.advance(66_000);
    for (const phone of [gone, late]) await tell(featuresWith(), phone);
    await tell(featuresWith(), null);
    assert.deepEqual(sent(), []);
  });

  test('has at most 32 others beside it: the oldest are forgotten', async () => {
    const { take, tell, sent } = stage();
    const first = take('subscribe-initial');
    for (let count = 0; count < 32; count++) take('subscribe-initial', { ...other, 'call-id': `c${count}` });
    await tell(featuresWith(), first);
    assert.deepEqual(sent(), []);
  });

  test('says off without a number: the one forward that is on is meant, and else it is told how things stand', () => {
    const one = stage({ cfa: { enabled: false, target: '2017', ringCount: null }, cfb: on('2018') });
    one.take('set-fwd-immediate-off-no-dn');
    assert.deepEqual(
      one.told[0]?.wishes.map(({ feature, enabled }) => [feature, enabled]),
      [['cfb', false]],
    );
    for (const holds of [{}, { cfa: on('2017'), cfna: on('2019') }]) {
      const none = stage(holds);
      none.take('set-fwd-immediate-off-no-dn');
      assert.deepEqual(none.told[0]?.wishes, []);
    }
  });
});

describe('what the phones of FreeSWITCH are not believed', () => {
  const said = (logger: RecordingLogger) =>
    logger.lines.map(({ level, fields }) => [level, (fields as { code?: string }).code]);

  test('another user’s phone in this user’s name: refused, said, and told nothing of him from then on', async () => {
    const { take, told, tell, sent, logger } = stage();
    take('subscribe-initial');
    await tell(featuresWith(), null);
    const before = told.length;
    take('set-dnd-true', { 'call-id': 'thief', contact: '"x" <sip:2002@192.0.2.30:5060>' });
    assert.equal(told.length, before);
    assert.deepEqual(said(logger), [['warn', 'spoofed']]);
    await tell(featuresWith({ dnd: on() }), null);
    // FreeSWITCH would tell all who subscribed in this name, so each phone is told by itself.
    assert.deepEqual(sent().slice(1), [{ ...dndOn, 'call-id': 'fk-7d20ab91@192.0.2.21' }]);
  });

  test('a user nobody knows, as with As-Feature-Event of a stranger: nothing is done, and it is said once a minute', async () => {
    const { take, told, logger, clock, esl } = stage();
    for (let time = 0; time < 50; time++) take('set-dnd-true', { user: '9999' });
    take('set-dnd-true', { host: 'elsewhere.example' });
    assert.equal(told.length, 0);
    assert.deepEqual(esl.sent, []);
    assert.deepEqual(said(logger), [['warn', 'unknown-user']]);
    clock.advance(60_000);
    take('set-dnd-true', { user: '9999' });
    assert.equal(logger.lines.length, 2);
  });

  test('a user without a registered phone: his keys are refused, and he is told when he registers', async () => {
    const { take, told, logger, contacts, native } = stage();
    const third = { user: '2003', contact: '<sip:2003@192.0.2.40>' };
    take('set-dnd-true', third);
    take('subscribe-initial', third);
    assert.equal(told.length, 0);
    assert.deepEqual(said(logger), [['warn', 'unregistered']]);
    contacts.set('2003@pbx.example', ['<sip:2003@192.0.2.40>']);
    native.registered(aorOf('2003', 'pbx.example'));
    assert.deepEqual(
      told.map(({ aor: it, wishes }) => [it, wishes.length]),
      [['2003@pbx.example', 0]],
    );
  });

  test('names that would be commands: no byte of them goes out, and the log has no control characters', async () => {
    const { take, told, esl, logger } = stage();
    for (const header of ['user', 'host', 'profile_name']) {
      take('set-dnd-true', { [header]: '2001\n\napi db insert/x/y/z' });
      take('set-dnd-true', { [header]: 'x'.repeat(900) });
    }
    assert.equal(told.length, 0);
    assert.deepEqual(esl.sent, []);
    assert.ok(logger.lines.every(({ fields }) => !/\\n|\\u00/.test(JSON.stringify(fields))));
    assert.deepEqual(said(logger), [['warn', 'unusable']]);
  });

  test('a key without meaning is said, and the phone is told how things stand', async () => {
    const { take, told, logger } = stage();
    take('set-dnd-truncated');
    assert.deepEqual(told[0]?.wishes, []);
    assert.deepEqual(said(logger), [['warn', 'nonsense']]);
  });
});

describe('native mode and the rest of the world', () => {
  test('its own words that come back are nobody else’s', async () => {
    const { native, esl, take, tell } = stage();
    await tell(featuresWith(), take('subscribe-initial'));
    for (const { name, headers } of esl.sent) {
      native.noticed(readNotice({ 'Event-Name': name, Command: `sendevent ${name}`, ...headers })!);
    }
    assert.equal(native.mode, 'native');
  });

  test('a foreign script that tells phones too: said once, with the cure, and only observed from then on', async () => {
    const { native, take, told, tell, sent, logger, elsewhere } = stage();
    const phone = take('subscribe-initial');
    const before = told.length;
    native.noticed(readNotice(notices.get('fusionpbx-off-placeholder')!)!);
    native.noticed(readNotice(notices.get('notify-dnd-true')!)!);
    assert.equal(native.mode, 'observe');
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ['error'],
    );
    assert.match(logger.lines[0]?.message ?? '', /lua\.conf\.xml/);
    take('set-dnd-true');
    take('subscribe-initial');
    await tell(featuresWith({ dnd: on() }), null);
    await tell(featuresWith({ dnd: on() }), phone);
    assert.equal(told.length, before);
    assert.deepEqual(sent(), []);
    assert.deepEqual(elsewhere, [aor]);
  });

  test('a second Lamplighter is complained of, and changes nothing', () => {
    const { native, logger } = stage();
    native.noticed(readNotice(notices.get('own')!)!);
    assert.equal(native.mode, 'native');
    assert.equal(logger.lines.length, 1);
  });

  test('who could not be told while the PBX was away is told everything when it is back', async () => {
    const { native, take, tell, sent, esl } = stage();
    take('subscribe-initial');
    await tell(featuresWith(), null);
    esl.broken = true;
    native.away();
    await tell(featuresWith({ dnd: on() }), null);
    esl.broken = false;
    native.ready();
    await settle();
    assert.deepEqual(
      sent().map((it) => [it['event'], it['doNotDisturbOn']]),
      [
        ['init', 'false'],
        ['init', 'true'],
      ],
    );
  });

  test('what could not be told is never told late: the newest stands', async () => {
    const { native, take, tell, sent, esl } = stage();
    take('subscribe-initial');
    await tell(featuresWith(), null);
    esl.broken = true;
    await tell(featuresWith({ dnd: on() }), null);
    esl.broken = false;
    await tell(featuresWith({ cfa: on('2017') }), null);
    native.ready();
    await settle();
    assert.deepEqual(
      sent().map((it) => [it['doNotDisturbOn'], it['forward_immediate']]),
      [
        ['false', '0'],
        ['false', '2017'],
      ],
    );
  });

  test('keys that come while the PBX is being read wait for it', () => {
    const { native, take, told } = stage();
    native.away();
    take('set-dnd-true');
    take('subscribe-initial', other);
    assert.equal(told.length, 0);
    native.ready();
    assert.deepEqual(
      told.map(({ wishes }) => wishes.length),
      [1, 0],
    );
  });

  test('a key that waited when the connection was lost is not pressed when it is back: its phone is told how things stand', () => {
    const { native, take, told } = stage();
    native.away();
    take('set-dnd-true');
    native.lost();
    assert.equal(told.length, 0);
    native.ready();
    assert.deepEqual(
      told.map(({ wishes }) => wishes),
      [[]],
    );
  });

  test('a restarted FreeSWITCH knows no subscription, so nobody is told until he subscribes again', async () => {
    const { native, take, tell, sent } = stage();
    take('subscribe-initial');
    native.away(true);
    native.ready();
    await tell(featuresWith({ dnd: on() }), null);
    assert.deepEqual(sent(), []);
    take('subscribe-initial');
    await tell(featuresWith({ dnd: on() }), null);
    assert.equal(sent().length, 1);
  });
});

test('contacts are compared by user, host and port, however they are written', () => {
  for (const [contact, address] of [
    ['"user" <sip:2001@192.0.2.21:5066>', '2001@192.0.2.21:5066'],
    ['"" <sip:2001@192.0.2.21:5066;fs_nat=yes;fs_path=sip%3A2001%40198.51.100.1%3A1024>', '2001@192.0.2.21:5066'],
    ['sofia/internal/sip:2001@192.0.2.21', '2001@192.0.2.21:5060'],
    ['<sips:2001@[2001:DB8::7]:5061>', '2001@[2001:db8::7]:5061'],
    ['<sip:192.0.2.21:5066>', null],
    ['', null],
  ] as const) {
    assert.equal(contactAddress(contact), address, contact);
  }
});
