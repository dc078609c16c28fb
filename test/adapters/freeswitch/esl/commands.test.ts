import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  apiCommand,
  clean,
  eventCommand,
  isTrap,
  loginCommand,
  sendEventCommand,
} from '../../../../adapters/freeswitch/esl/commands.ts';
import { Fault } from '../../../../src/model/errors.ts';
import { anySign } from '../../../support/any-sign.ts';

const bug = (error: unknown) => error instanceof Fault && error.code === 'internal';

describe('what goes out to the event socket', () => {
  test('a command ends with one empty line', () => {
    assert.equal(apiCommand('show', 'channels as json'), 'api show channels as json\n\n');
    assert.equal(apiCommand('uptime'), 'api uptime\n\n');
    assert.equal(loginCommand('p w:1'), 'auth p w:1\n\n');
    assert.equal(loginCommand('pw:1', 'lamp@pbx.example'), 'userauth lamp@pbx.example:pw:1\n\n');
  });

  test('line breaks and other control characters inside a value are taken away: no second command can be smuggled in', () => {
    const value = '1001@pbx.example\n\napi db insert/dnd/1002@pbx.example/true\r\n\r\n\0\u0085\u2028';
    assert.equal(
      apiCommand('db', `select/dnd/${value}`),
      'api db select/dnd/1001@pbx.exampleapi db insert/dnd/1002@pbx.example/true\n\n',
    );
    assert.equal(
      sendEventCommand('PHONE_FEATURE', { user: '1001\n\napi shutdown', host: 'pbx.example\nprofile: other' }),
      'sendevent PHONE_FEATURE\nuser: 1001api shutdown\nhost: pbx.exampleprofile: other\n\n',
    );
    assert.equal(loginCommand('pw\n\napi shutdown'), 'auth pwapi shutdown\n\n');
  });

  test('whatever a value holds, the bytes are one command', () => {
    fc.assert(
      fc.property(fc.string({ unit: anySign }), fc.string({ unit: anySign }), (one, two) => {
        assert.ok(!/\p{Cc}/u.test(clean(one)));
        const lines = sendEventCommand('PHONE_FEATURE', { user: one, host: two }).split('\n');
        const filled = [one, two].filter((it) => clean(it) !== '').length;
        assert.equal(lines.length, 1 + filled + 2);
        assert.deepEqual(lines.slice(-2), ['', '']);
        assert.equal(apiCommand('db', one).split('\n').length, 3);
      }),
      { seed: 4021, numRuns: 500 },
    );
  });

  test('the body of an event may have lines and other letters: its length in bytes is told', () => {
    const body = 'first\nsecond: ü\n\nlast';
    const text = sendEventCommand('NOTIFY', { profile: 'internal' }, body);
    assert.equal(text, `sendevent NOTIFY\nprofile: internal\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`);
  });

  test('empty headers are left out, as FreeSWITCH would drop them', () => {
    assert.equal(
      sendEventCommand('PHONE_FEATURE', { user: '1001', device: '' }),
      'sendevent PHONE_FEATURE\nuser: 1001\n\n',
    );
  });

  test('CUSTOM and its subclasses come last, whatever the order they were given in, and nothing twice', () => {
    assert.equal(
      eventCommand(['CUSTOM', 'CHANNEL_CREATE', 'HEARTBEAT', 'CHANNEL_CREATE'], ['sofia::register', 'sofia::register']),
      'event json HEARTBEAT CHANNEL_CREATE CUSTOM sofia::register\n\n',
    );
    assert.equal(eventCommand(['CUSTOM'], []), 'event json HEARTBEAT\n\n');
    assert.ok(!/BACKGROUND_JOB|\ball\b/i.test(eventCommand(['CALL_UPDATE'], ['sofia::expire'])));
  });

  test('the words that make FreeSWITCH unload its event socket are known, in any case and order', () => {
    for (const text of ['unload mod_event_socket', 'x: MOD_EVENT_SOCKET\ny: Reload', 'mod_event_socketunload'])
      assert.ok(isTrap(text), text);
    for (const text of ['api db select/dnd/unload@pbx.example', 'mod_event_socket', 'un load mod_event_socket'])
      assert.ok(!isTrap(text), text);
  });

  test('words that only this adapter chooses are checked, not repaired', () => {
    assert.throws(() => apiCommand('db insert'), bug);
    assert.throws(() => apiCommand('db\n\napi shutdown'), bug);
    assert.throws(() => sendEventCommand('PHONE FEATURE', {}), bug);
    assert.throws(() => sendEventCommand('NOTIFY', { 'user: x\nhost': '1' }), bug);
    assert.throws(() => sendEventCommand('NOTIFY', { 'content-length': '5' }, 'abc'), bug);
    assert.throws(() => eventCommand(['CALL_UPDATE all'], []), bug);
    assert.throws(() => eventCommand([], ['sofia::register PRESENCE_IN']), bug);
  });
});
