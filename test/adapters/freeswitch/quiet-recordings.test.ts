import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EslEvent } from '../../../adapters/freeswitch/esl-event.ts';
import { readEsl } from '../../../adapters/freeswitch/events.ts';
import { domains, feed, picture, play, recorded, told } from './recording.ts';

const custom = (subclass: string, more: EslEvent = {}): EslEvent => ({
  'Event-Name': 'CUSTOM',
  'Event-Subclass': subclass,
  'profile-name': 'internal',
  ...more,
});

/** mod_sofia asks for credentials before it knows who is there; the same is said of every SUBSCRIBE and INVITE. */
const preRegister = custom('sofia::pre_register', {
  'from-user': '203',
  'from-host': 'acme.example',
  contact: '"203" <sip:203@192.0.2.23:5060>',
  rpid: 'unknown',
  status: 'Registered(UDP)',
  expires: '600',
});

const probe = (to: string, more: EslEvent = {}): EslEvent => ({
  'Event-Name': 'PRESENCE_PROBE',
  proto: 'sip',
  login: 'internal',
  from: '203@acme.example',
  to,
  event_type: 'presence',
  alt_event_type: 'dialog',
  expires: '600',
  ...more,
});

const presence = (from: string, more: EslEvent = {}): EslEvent => ({
  'Event-Name': 'PRESENCE_IN',
  proto: 'sip',
  login: 'sip:mod_sofia@192.0.2.5:5060',
  from,
  status: 'Registered(UDP)',
  rpid: 'unknown',
  event_type: 'presence',
  alt_event_type: 'dialog',
  ...more,
});

/**
 * What a FreeSWITCH says while it serves its own lamps, and other talk. PRESENCE_IN is no proof of anything: a PUBLISH
 * makes one without a password.
 */
const scenarios: Readonly<Record<string, readonly EslEvent[]>> = {
  'a heartbeat': [
    { 'Event-Name': 'HEARTBEAT', 'Session-Count': '0', 'Up-Time': '0 years, 0 days, 0 hours, 9 minutes' },
  ],
  'db and hash commands of somebody else': [{ 'Event-Name': 'RELOADXML' }],
  'a phone subscribes to call-info': [preRegister],
  'a phone subscribes to a lamp of FreeSWITCH’s own': [
    preRegister,
    probe('202@acme.example'),
    presence('202@acme.example'),
  ],
  'a phone subscribes to a list': [preRegister, probe('202@acme.example')],
  'a phone subscribes to presence': [
    preRegister,
    probe('202@acme.example', { rpid: 'unknown', status: 'Registered' }),
    presence('202@acme.example'),
    presence('202@acme.example'),
  ],
  'a phone subscribes for five seconds': [preRegister, probe('202@acme.example', { expires: '5' })],
  'a phone subscribes to nobody': [preRegister, probe('7777@acme.example')],
  'a script lights its own dnd lamp': [
    preRegister,
    probe('dnd+201@acme.example', { proto: 'dnd' }),
    presence('201@acme.example', { proto: 'dnd', status: 'Active (1 waiting)', 'answer-state': 'confirmed' }),
    presence('201@acme.example', { proto: 'dnd', status: 'Active (1 waiting)', 'answer-state': 'terminated' }),
  ],
  'a script sends a NOTIFY of its own into a dialog': [
    { 'Event-Name': 'NOTIFY', 'event-string': 'as-feature-event', profile: 'internal', 'no-sub-state': 'true' },
  ],
};

describe('what FreeSWITCH says that is no news', () => {
  for (const [name, events] of Object.entries(scenarios)) {
    test(`${name}: no lamp, registration, mailbox or feature changes, and nothing is looked at anew`, () => {
      assert.deepEqual(feed(picture(), events), []);
      for (const event of events) assert.deepEqual(readEsl(event, domains), { facts: [] });
    });
  }

  test('in the middle of a call it disturbs nothing', () => {
    const call = recorded('call-hold-by-both');
    const noise = Object.values(scenarios).flat();
    const mixed = call.flatMap((event, index) => [event, noise[index % noise.length] ?? event]);
    assert.deepEqual(told(feed(picture(), mixed)).dialogs, play(call).dialogs);
  });
});
