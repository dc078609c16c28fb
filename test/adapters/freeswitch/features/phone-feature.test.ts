import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type KeyRequest, readNotice, readPhoneKey } from '../../../../adapters/freeswitch/features/phone-feature.ts';
import { scenarios } from './scenarios.ts';

const keys = scenarios('keys.jsonl');
const notices = scenarios('notices.jsonl');

/** What each recorded kind of SUBSCRIBE body is to us. */
const requests: Readonly<Record<string, KeyRequest>> = {
  'subscribe-initial': { ask: 'state' },
  'refresh-no-body': { ask: 'state' },
  unsubscribe: { ask: 'state' },
  'set-dnd-true': { ask: 'set', feature: 'dnd', enabled: true },
  'set-dnd-false': { ask: 'set', feature: 'dnd', enabled: false },
  'set-dnd-empty-device': { ask: 'set', feature: 'dnd', enabled: true },
  // FreeSWITCH does not understand it: it looks like a refresh, and the phone is told how things stand.
  'set-dnd-prefixed-namespace': { ask: 'state' },
  'set-fwd-immediate': { ask: 'set', feature: 'cfa', enabled: true, target: '2017' },
  'set-fwd-busy': { ask: 'set', feature: 'cfb', enabled: true, target: '2018' },
  'set-fwd-no-answer': { ask: 'set', feature: 'cfna', enabled: true, target: '2019', ringCount: 3 },
  // Off keeps the stored target, whatever the phone says.
  'set-fwd-immediate-off-with-dn': { ask: 'set', feature: 'cfa', enabled: false },
  'set-fwd-immediate-off-no-dn': { ask: 'some-forward' },
  'set-fwd-immediate-off-empty-dn': { ask: 'set', feature: 'cfa', enabled: false },
  'set-fwd-unknown-type': { ask: 'some-forward' },
  // FreeSWITCH passes on the first part only.
  'set-multipart': { ask: 'set', feature: 'dnd', enabled: true },
  'set-dnd-truncated': { ask: 'nonsense', why: 'no truth value' },
  'get-forwarding': { ask: 'state' },
};

describe('PHONE_FEATURE_SUBSCRIBE', () => {
  for (const [scenario, request] of Object.entries(requests)) {
    test(`${scenario} is read as ${JSON.stringify(request)}`, () => {
      const key = readPhoneKey(keys.get(scenario)!);
      assert.deepEqual(key?.request, request);
      assert.deepEqual(key.place, { profile: 'internal', user: '2001', host: 'pbx.example' });
      assert.equal(key.callId, 'fk-7d20ab91@192.0.2.21');
      assert.equal(key.expires, scenario === 'unsubscribe' ? 0 : 1800);
    });
  }

  test('each recorded scenario is tested', () => {
    assert.deepEqual(
      [...keys.keys()].filter((it) => !(it in requests)),
      ['fired-over-esl'],
    );
  });

  test('one that was fired over the event socket is no phone, whatever it says', () => {
    assert.equal(readPhoneKey(keys.get('fired-over-esl')!), null);
    assert.equal(readPhoneKey(notices.get('notify-dnd-true')!), null);
  });

  const plain = keys.get('set-fwd-no-answer')!;

  test('a user, host or profile that must not be repeated to FreeSWITCH leaves no place; the log gets no control characters', () => {
    for (const header of ['user', 'host', 'profile_name']) {
      for (const bad of ['', 'x'.repeat(900), 'a\n\nsendevent X', 'a b', "a';--", 'ä', 'a<b>', 'a%0ab']) {
        const key = readPhoneKey({ ...plain, [header]: bad });
        assert.equal(key?.place, null, `${header}: ${bad}`);
        assert.match(key.says, /^[\x20-\x7e]{0,120}…?$/);
      }
    }
  });

  test('a Call-ID that must not be repeated is dropped, the subscription is not', () => {
    for (const bad of ['a\n\napi db insert', 'x'.repeat(201), "a'b", 'a"b', 'a b', '']) {
      const key = readPhoneKey({ ...plain, 'call-id': bad });
      assert.equal(key?.callId, null, bad);
      assert.notEqual(key.place, null);
    }
    assert.equal(
      readPhoneKey({ ...plain, 'call-id': 'AbC-1.2!3*4_5@[2001:db8::7]' })?.callId,
      'AbC-1.2!3*4_5@[2001:db8::7]',
    );
  });

  test('the device is never read: 900 characters of it change nothing', () => {
    assert.deepEqual(readPhoneKey({ ...plain, device: 'd'.repeat(900) }), readPhoneKey(plain));
  });

  test('a target is left to the gate, unless it is longer than any gate looks at', () => {
    const target = (value: string) => readPhoneKey({ ...plain, 'Action-Value': value })?.request;
    const long = '5'.repeat(512);
    assert.deepEqual(target(long), { ask: 'set', feature: 'cfna', enabled: true, target: long, ringCount: 3 });
    assert.equal(target('5'.repeat(513))?.ask, 'nonsense');
    assert.deepEqual(target('2017\n\napi reload'), {
      ask: 'set',
      feature: 'cfna',
      enabled: true,
      target: '2017\n\napi reload',
      ringCount: 3,
    });
  });

  test('counts of rings: 1 to 20, more is 20, anything else is not said', () => {
    const rings = (ringCount: string) => {
      const request = readPhoneKey({ ...plain, ringCount })?.request;
      return request?.ask === 'set' ? request.ringCount : null;
    };
    assert.deepEqual(['1', '20', '21', '999999', '0', '-1', '3.5', '', 'x', '9'.repeat(40)].map(rings), [
      1,
      20,
      20,
      20,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('truth values are xsd:boolean in any case; names of actions are exactly those of FreeSWITCH', () => {
    const ask = (event: Record<string, string>) =>
      readPhoneKey({ ...keys.get('set-dnd-true')!, ...event })?.request.ask;
    assert.equal(ask({ 'Feature-Enabled': 'TRUE' }), 'set');
    assert.equal(ask({ 'Feature-Enabled': ' 0 ' }), 'set');
    assert.equal(ask({ 'Feature-Enabled': 'yes' }), 'nonsense');
    assert.equal(ask({ 'Feature-Action': 'setdonotdisturb' }), 'nonsense');
    assert.equal(ask({ 'Feature-Action': 'SetCallForward', 'Action-Name': '__proto__' }), 'nonsense');
  });

  test('a time that is none is an hour, and none is longer than a week', () => {
    const expires = (text: string) => readPhoneKey({ ...plain, expires: text })?.expires;
    assert.deepEqual(['60', 'x', '-1', '999999999'].map(expires), [60, 3600, 3600, 604_800]);
  });
});

describe('PHONE_FEATURE', () => {
  const on = { enabled: true, target: null, ringCount: null };
  const off = { ...on, enabled: false };
  const told: Readonly<Record<string, readonly (readonly [string, object])[]>> = {
    'notify-dnd-true': [['dnd', on]],
    'notify-dnd-no-device': [['dnd', off]],
    'notify-dnd-empty-device': [['dnd', off]],
    'notify-dnd-switch-event-name': [['dnd', on]],
    'notify-fwd-immediate': [['cfa', { ...on, target: '2017' }]],
    'notify-fwd-immediate-off-no-value': [['cfa', off]],
    'notify-fwd-immediate-off-empty-value': [['cfa', off]],
    'notify-fwd-no-answer': [['cfna', { enabled: true, target: '2019', ringCount: 3 }]],
    'notify-init-full': [
      ['dnd', on],
      ['cfa', { ...on, target: '2017' }],
      ['cfb', { ...off, target: '2018' }],
      ['cfna', { enabled: true, target: '2019', ringCount: 5 }],
    ],
    'notify-init-dnd-only': [['dnd', off]],
    'notify-other-event': [],
    'notify-no-feature-event': [],
    'notify-call-id': [['dnd', on]],
    'notify-call-id-unknown': [['dnd', on]],
    'notify-wrong-profile': [['dnd', on]],
    'notify-unknown-profile': [['dnd', on]],
    'notify-after-unsubscribe': [['dnd', on]],
    'notify-481': [['dnd', on]],
    'fusionpbx-off-placeholder': [['cfa', off]],
    'fusionpbx-off-blank': [['cfa', off]],
    own: [['dnd', on]],
  };

  for (const [scenario, event] of notices) {
    test(`${scenario} says ${JSON.stringify(told[scenario])}`, () => {
      const notice = readNotice(event);
      assert.deepEqual(
        notice?.reports.map(({ feature, value }) => [feature, value]),
        told[scenario],
      );
      assert.deepEqual([notice?.user, notice?.host], ['2001', 'pbx.example']);
      assert.equal(notice?.mark, scenario === 'own' ? '0f3b' : null);
    });
  }

  test('anything else is none', () => {
    assert.equal(readNotice(keys.get('set-dnd-true')!), null);
    assert.equal(readNotice({ 'Event-Name': 'Phone_Feature' }), null);
    assert.deepEqual(readNotice({ 'Event-Name': 'PHONE_FEATURE' })?.reports, []);
  });
});
