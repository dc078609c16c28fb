import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildNotice, type Features, longestXml } from '../../../../adapters/freeswitch/features/notice.ts';
import { readNotice } from '../../../../adapters/freeswitch/features/phone-feature.ts';
import { type FeatureName, featureNames } from '../../../../src/model/feature.ts';
import { featuresWith, on } from './views.ts';

const place = { profile: 'internal', user: '2001', host: 'pbx.example' };
const style = { emptyTarget: '0', mark: 'm1' };
const to = { ...place, device: '2001', Lamplighter: 'm1' };

function built(features: Features, scope: readonly FeatureName[], callId: string | null = null) {
  const notice = buildNotice(place, callId, features, scope, style);
  assert.ok(notice.ok);
  return notice.value;
}

describe('what FreeSWITCH is sent for its phones', () => {
  test('do-not-disturb is a document of its own', () => {
    assert.deepEqual(built(featuresWith({ dnd: on() }), ['dnd']), {
      ...to,
      'Feature-Event': 'DoNotDisturbEvent',
      doNotDisturbOn: 'true',
    });
  });

  test('each forward is a document of its own, with rings where it has them, and one phone by its Call-ID', () => {
    const features = featuresWith({ cfa: on('2017'), cfb: on('2018'), cfna: on('2019', 4) });
    assert.deepEqual(built(features, ['cfb'], 'c1@phone'), {
      ...to,
      'call-id': 'c1@phone',
      'Feature-Event': 'ForwardingEvent',
      forward_busy: '2018',
      forward_busy_enabled: 'true',
    });
    assert.deepEqual(built(features, ['cfna']), {
      ...to,
      'Feature-Event': 'ForwardingEvent',
      forward_no_answer: '2019',
      forward_no_answer_enabled: 'true',
      ringCount: '4',
    });
  });

  test('more than one feature is the whole picture, and a forward that is off keeps its number or gets a placeholder', () => {
    const features = featuresWith({ dnd: on(), cfb: { target: '2018' } });
    const whole = {
      ...to,
      'Feature-Event': 'init',
      doNotDisturbOn: 'true',
      forward_immediate: '0',
      forward_immediate_enabled: 'false',
      forward_busy: '2018',
      forward_busy_enabled: 'false',
      forward_no_answer: '0',
      forward_no_answer_enabled: 'false',
    };
    for (const scope of [featureNames, ['dnd', 'cfa'], []] as const) assert.deepEqual(built(features, scope), whole);
  });

  test('what a user does not have is left out of the whole picture, and is off where a phone asks for it', () => {
    const features = featuresWith({ cfa: { ...on('2017'), assigned: false }, dnd: { enabled: true, assigned: false } });
    const whole = built(features, featureNames);
    assert.ok(!('forward_immediate' in whole));
    assert.equal(whole['doNotDisturbOn'], 'false');
    assert.equal(built(features, ['cfa'])['forward_immediate_enabled'], 'false');
  });

  test('a target that FreeSWITCH must not be given is not: the lamp is right, the number is the placeholder', () => {
    const bad = ['5'.repeat(33), 'user/2002', 'a&b<c>', '20 17', '2017\n\napi reload', 'ü', "2'", '2%20'];
    for (const target of bad) {
      const notice = built(featuresWith({ cfa: on(target) }), ['cfa']);
      assert.equal(notice['forward_immediate'], '0', target);
      assert.equal(notice['forward_immediate_enabled'], 'true');
    }
    assert.equal(built(featuresWith({ cfa: on('5'.repeat(32)) }), ['cfa'])['forward_immediate'], '5'.repeat(32));
  });

  test('a user who cannot be named is told nothing', () => {
    for (const user of ['x'.repeat(33), 'a b', 'a<b>', 'a\nb', '']) {
      const notice = buildNotice({ ...place, user }, null, featuresWith(), ['dnd'], style);
      assert.equal(notice.ok ? '' : notice.refusal.code, 'unspeakable', user);
    }
  });

  test('no document comes near the 1,024 bytes that kill FreeSWITCH, and one that would is not sent', () => {
    const longest = { ...place, user: 'u'.repeat(32), profile: 'p'.repeat(64), host: 'h'.repeat(128) };
    const features = featuresWith({ cfna: on('5'.repeat(32), 20), cfa: on('6'.repeat(32)) });
    const notice = buildNotice(longest, 'c'.repeat(200), features, featureNames, style);
    assert.ok(notice.ok);
    assert.ok(longestXml(notice.value) < 450, String(longestXml(notice.value)));
    const huge = buildNotice(place, null, featuresWith(), ['cfa'], { ...style, emptyTarget: '0'.repeat(600) });
    assert.equal(huge.ok ? '' : huge.refusal.code, 'unspeakable');
  });

  test('what is written is read back as the same', () => {
    const features = featuresWith({ dnd: on(), cfa: on('2017'), cfna: on('2019', 7) });
    const notice = readNotice({
      'Event-Name': 'PHONE_FEATURE',
      Command: 'sendevent PHONE_FEATURE',
      ...built(features, featureNames),
    });
    assert.equal(notice?.mark, 'm1');
    for (const { feature, value } of notice.reports) {
      const { enabled, target, ringCount } = features[feature];
      assert.deepEqual(value, { enabled, target, ringCount }, feature);
    }
    assert.equal(notice.reports.length, 4);
  });
});
