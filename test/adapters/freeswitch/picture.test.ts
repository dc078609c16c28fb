import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Picture, type Reading } from '../../../adapters/freeswitch/picture.ts';
import { aorOf } from '../../../src/model/aor.ts';
import type { FeatureValue } from '../../../src/model/feature.ts';
import { acme, feed, globex, now, picture, told } from './recording.ts';

const on: FeatureValue = { enabled: true, target: null, ringCount: null };
const off: FeatureValue = { ...on, enabled: false };

function registration(subclass: string, callId: string, contact: string, more: Record<string, string> = {}) {
  return {
    'Event-Name': 'CUSTOM',
    'Event-Subclass': `sofia::${subclass}`,
    'profile-name': 'internal',
    'from-user': '201',
    'from-host': 'acme.example',
    'call-id': callId,
    contact,
    ...more,
  };
}

describe('registrations', () => {
  test('each device of a user counts', () => {
    const { contacts } = told(
      feed(picture(), [
        registration('register', 'desk', '<sip:201@192.0.2.11>'),
        registration('register', 'mobile', '<sip:201@192.0.2.12>'),
        registration('register', 'desk', '<sip:201@192.0.2.99>'),
        registration('unregister', 'desk', '<sip:201@192.0.2.99>'),
        registration('unregister', 'mobile', '<sip:201@192.0.2.12>'),
      ]),
    );
    // the third: where the desk phone is now
    assert.deepEqual(contacts, ['201 1', '201 2', '201 2', '201 1', '201 0']);
  });

  test('a contact is told as the URI of the phone, however FreeSWITCH writes it and without its own notes', () => {
    const written = [
      '"<sip:x@evil.example>" <sip:201@192.0.2.11:5060;transport=tcp;fs_nat=yes;fs_path=sip%3A201%40198.51.100.7%3A5060>',
      'sofia/internal/sip:201@192.0.2.12;ob',
      '<sips:201@[2001:db8::1]:5061;fs_path=x;line=7>',
      'nothing at all',
    ];
    const live = picture();
    feed(
      live,
      written.map((contact, at) => registration('register', `phone-${at}`, contact)),
    );
    const [told] = live.snapshot().registrations.filter(({ contacts }) => contacts > 0);
    assert.deepEqual(told?.uris, [
      'sip:201@192.0.2.11:5060;transport=tcp',
      'sip:201@192.0.2.12;ob',
      'sips:201@[2001:db8::1]:5061;line=7',
    ]);
    assert.equal(told?.contacts, 4, 'one that says no URI is counted all the same');
  });

  test('the phone behind a contact is told with its User-Agent and the way to it, which a refresh without one keeps', () => {
    const live = picture();
    const path = ';fs_path=sip%3A201%40198.51.100.7%3A5060%3Btransport%3Dtcp';
    feed(live, [
      registration('register', 'desk', `<sip:201@192.0.2.11:5060${path}>`, { 'user-agent': 'Desk Phone/2.1' }),
      registration('register', 'mobile', '<sip:201@192.0.2.12;fs_path=%ZZ>'),
      registration('register', 'desk', `<sip:201@192.0.2.11:5060${path}>`),
    ]);
    const devicesNow = () => live.snapshot().registrations.find(({ aor }) => aor === acme('201'))?.devices;
    assert.deepEqual(devicesNow(), [
      {
        uri: 'sip:201@192.0.2.11:5060',
        userAgent: 'Desk Phone/2.1',
        via: 'sip:201@198.51.100.7:5060;transport=tcp',
      },
      { uri: 'sip:201@192.0.2.12', userAgent: null },
    ]);
    feed(live, [registration('unregister', 'desk', '<sip:201@192.0.2.11:5060>')]);
    feed(live, [registration('register', 'desk', '<sip:201@192.0.2.11:5060>')]);
    assert.deepEqual(
      devicesNow()?.at(-1),
      { uri: 'sip:201@192.0.2.11:5060', userAgent: null },
      'it may be another one',
    );
  });

  test('a phone that started anew is not put out by the end of its old registration', () => {
    const { contacts } = told(
      feed(picture(), [
        registration('register', 'before', '<sip:201@192.0.2.11>'),
        registration('register', 'after', '<sip:201@192.0.2.11>'),
        registration('expire', 'before', '<sip:201@192.0.2.11>', { user: '201', host: 'acme.example' }),
        registration('expire', 'before', '<sip:201@192.0.2.11>', { user: '201', host: 'acme.example' }),
      ]),
    );
    assert.deepEqual(contacts, ['201 1', '201 2', '201 1']);
  });

  test('a phone that started anew takes its old contact back under another Call-ID', () => {
    const { contacts } = told(
      feed(picture(), [
        registration('register', 'before', '<sip:201@192.0.2.11>'),
        registration('unregister', 'after', '<sip:201@192.0.2.11>'),
      ]),
    );
    assert.deepEqual(contacts, ['201 1', '201 0']);
  });

  test('a phone of a forced domain is found by the realm', () => {
    const events = feed(picture(), [
      registration('register', 'x', '<sip:201@192.0.2.11>', { 'from-host': '198.51.100.1', realm: 'globex.example' }),
    ]);
    assert.deepEqual(told(events).contacts, ['201@globex.example 1']);
  });

  test('the same number of another tenant has its own', () => {
    const live = picture();
    feed(live, [registration('register', 'x', '<sip:201@192.0.2.11>', { 'from-host': 'globex.example' })]);
    const { registrations } = live.snapshot();
    assert.equal(registrations.find((it) => it.aor === acme('201'))?.contacts, 0);
    assert.equal(registrations.find((it) => it.aor === globex('201'))?.contacts, 1);
  });
});

describe('messages', () => {
  const waiting = (account: string, counts?: string, yes = 'yes') => ({
    'Event-Name': 'MESSAGE_WAITING',
    'MWI-Messages-Waiting': yes,
    'MWI-Message-Account': account,
    ...(counts === undefined ? {} : { 'MWI-Voice-Message': counts }),
  });

  test('a mailbox that says only that something waits has one message', () => {
    assert.deepEqual(told(feed(picture(), [waiting('sip:201@acme.example')])).mailboxes, ['201 1/0 (0/0)']);
  });

  test('counts that are none are no counts', () => {
    for (const counts of ['x', '-1/2', '99999999999999999999/0', '']) {
      assert.deepEqual(
        told(feed(picture(), [waiting('201@acme.example', counts, 'no')])).mailboxes,
        ['201 0/0 (0/0)'],
        counts,
      );
    }
  });

  test('urgent messages that are not counted light the lamp all the same', () => {
    const live = picture();
    assert.deepEqual(told(feed(live, [waiting('201@acme.example', '0/4')])).mailboxes, ['201 0/4 (1/0)']);
    assert.deepEqual(told(feed(live, [waiting('201@acme.example', '0/4 (3/0)')])).mailboxes, ['201 0/4 (3/0)']);
  });

  test('a mailbox that two users share is told to both, one that nobody has to nobody', () => {
    const mailbox = aorOf('team', 'acme.example');
    const users = [acme('201'), acme('202')].map((aor) => ({ aor, displayName: null, mailbox }));
    const live = new Picture(
      'main',
      { users, facts: [], lamps: [], lampKinds: [], gap: false, keyLamps: false },
      now,
      null,
    );
    assert.deepEqual(told(feed(live, [waiting('team@acme.example', '2/1')])).mailboxes, [
      '201 2/1 (0/0)',
      '202 2/1 (0/0)',
    ]);
    assert.deepEqual(feed(live, [waiting('201@acme.example', '2/1'), waiting('201@initech.example', '2/1')]), []);
    assert.deepEqual(live.snapshot().mailboxes.length, 2);
  });

  test('the totals of the voicemail module say the same again', () => {
    const total = {
      'Event-Name': 'CUSTOM',
      'Event-Subclass': 'vm::maintenance',
      'VM-Action': 'mwi-update',
      'VM-User': '201',
      'VM-Domain': 'acme.example',
      'VM-Total-New': '2',
      'VM-Total-Saved': '1',
    };
    const live = picture();
    assert.deepEqual(told(feed(live, [waiting('201@acme.example', '2/1'), total])).mailboxes, ['201 2/1 (0/0)']);
  });
});

describe('features', () => {
  test('a value is told once, without an origin, and only of users of the directory', () => {
    const live = picture();
    const fact = { fact: 'feature', aor: acme('201'), feature: 'dnd', value: on } as const;
    assert.deepEqual(live.apply(fact), [
      { source: 'main', type: 'feature', aor: acme('201'), feature: 'dnd', value: on },
    ]);
    assert.deepEqual(live.apply(fact), []);
    assert.deepEqual(live.feature(acme('201'), 'dnd'), on);
    assert.equal(live.feature(globex('201'), 'dnd'), undefined);
    assert.deepEqual(live.apply({ ...fact, aor: aorOf('999', 'acme.example') }), []);
  });
});

describe('lamps of feature keys', () => {
  const reading = (value: FeatureValue): Reading => ({
    users: [{ aor: acme('201'), displayName: 'Ann', mailbox: null }],
    facts: [{ fact: 'feature', aor: acme('201'), feature: 'dnd', value }],
    lamps: [],
    lampKinds: [],
    gap: false,
    keyLamps: true,
  });

  test('dnd+ is lit while the user wants no calls, and forward+ names where his calls go', () => {
    const live = new Picture('main', reading(on), now, null);
    const lamp = (name: string) => live.snapshot().dialogs.find((it) => it.aor === aorOf(name, 'acme.example'))?.legs;
    assert.equal(lamp('dnd+201')?.[0]?.phase, 'confirmed');
    assert.equal(lamp('forward+201'), undefined);
    const value = { enabled: true, target: '203', ringCount: null };
    live.apply({ fact: 'feature', aor: acme('201'), feature: 'cfa', value });
    assert.equal(lamp('forward+201')?.[0]?.remote.number, '203');
    live.apply({ fact: 'feature', aor: acme('201'), feature: 'cfa', value: { ...value, target: '204' } });
    assert.deepEqual(
      lamp('forward+201')?.map((it) => it.remote.number),
      ['204'],
    );
    const events = live.apply({ fact: 'feature', aor: acme('201'), feature: 'dnd', value: off });
    assert.deepEqual(
      events.map((it) => it.type),
      ['feature', 'dialogs'],
    );
    assert.equal(lamp('dnd+201'), undefined);
  });

  test('a lamp that goes on again is another dialog, and one that stays on is the same after a reading', () => {
    const live = new Picture('main', reading(on), now, null);
    const id = (it: Picture) => it.snapshot().dialogs[0]?.legs[0]?.id;
    const first = id(live);
    live.apply({ fact: 'feature', aor: acme('201'), feature: 'dnd', value: off });
    live.apply({ fact: 'feature', aor: acme('201'), feature: 'dnd', value: on });
    assert.notEqual(id(live), first);
    assert.equal(id(new Picture('main', reading(on), now, live)), id(live));
    assert.equal(id(new Picture('main', reading(off), now, live)), undefined);
  });

  test('they are extensions that have no features of their own, also while dark', () => {
    const { extensions } = new Picture('main', reading(off), now, null).snapshot();
    assert.deepEqual(extensions, [
      { aor: acme('201'), displayName: 'Ann' },
      { aor: aorOf('dnd+201', 'acme.example'), displayName: null, features: [], lamp: true },
      { aor: aorOf('forward+201', 'acme.example'), displayName: null, features: [], lamp: true },
    ]);
  });
});
