import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { FakeFreeswitch } from '../support/freeswitch/fake-freeswitch.ts';

/** What a FreeSWITCH 1.11 was seen to answer, in its own words; the fake must not be kinder. */
const dialogue: readonly (readonly [command: string, reply: string])[] = [
  ['db insert/dnd/2002@lab.test/true', '+OK'],
  ['db select/dnd/2002@lab.test', 'true'],
  ['db select/dnd/nobody@lab.test', '-ERR no reply\n'],
  ['db exists/dnd/2002@lab.test', 'true'],
  ['db list/', 'dnd'],
  ['db list/dnd', '2002@lab.test'],
  ['db delete/dnd/2002@lab.test', '+OK'],
  ['db delete/dnd/2002@lab.test', '+OK'],
  ['db insert/cfwd/2002@lab.test/sip:a/b@c', '+OK'],
  ['db insert/cfwd/2002@lab.test/', '!err!'],
  ['db select/cfwd/2002@lab.test', 'sip:a/b@c'],
  ['hash insert/cfwd/2002/55', '+OK\n'],
  ['hash select/cfwd/2002', '55'],
  ['hash select/cfwd/none', '-ERR no reply\n'],
  ['hash delete/cfwd/2002', '+OK\n'],
  ['hash delete/cfwd/2002', '-ERR Not found\n'],
  ['user_data 2001@lab.test param password', 'clear'],
  ['user_data 2001@lab.test param a1-hash', '-ERR no reply\n'],
  ['user_data 2004@lab.test param a1-hash', '0123456789abcdef0123456789abcdef'],
  ['user_data 2001@lab.test var effective_caller_id_name', 'Ext 2001'],
  ['user_data 2001@lab.test var dnd', '-ERR no reply\n'],
  ['user_data 9999@lab.test param password', '-ERR no reply\n'],
  ['user_exists id 2001 lab.test', 'true'],
  ['user_exists id 9999 lab.test', 'false'],
  ['domain_exists lab.test', 'true'],
  ['sofia_contact */2001@lab.test', 'sofia/internal/sip:2001@127.0.0.1:5262,sofia/internal/sip:2001@127.0.0.1:5265'],
  ['sofia_contact 9999@lab.test', 'error/user_not_registered'],
  ['show channels as json', '{"row_count": 0}\n'],
  ['uuid_dump nope json', '-ERR No such channel!\n'],
  ['vm_boxcount 2001@lab.test', '0'],
  ['conference json_list', '[]'],
  ['nosuchcmd x', '-ERR nosuchcmd Command not found!\n'],
];

describe('a FreeSWITCH in small', () => {
  let pbx: FakeFreeswitch;
  beforeEach(async () => {
    pbx = new FakeFreeswitch();
    pbx.directory.add('2001', 'lab.test', { password: 'clear' });
    pbx.directory.add('2004', 'lab.test', { a1Hash: '0123456789abcdef0123456789abcdef' });
    await pbx.listen();
  });
  afterEach(() => pbx.close());

  test('answers each command as the real one did', async () => {
    pbx.register('2001@lab.test', 5262);
    pbx.register('2001@lab.test', 5265);
    for (const [command, reply] of dialogue) assert.equal(await ask(pbx, command), reply, command);
  });

  test('dies of a document beyond 1024 bytes, which is why nobody may send one', async () => {
    const phone = pbx.subscribeFeatures('2001@lab.test');
    const event = { profile: 'internal', user: '2001', host: 'lab.test', 'Feature-Event': 'DoNotDisturbEvent' };
    pbx.phones.feature({ ...event, doNotDisturbOn: 'true' });
    assert.deepEqual(phone.shown, { doNotDisturbOn: 'true' });
    assert.equal(pbx.crashed, null);
    pbx.phones.feature({ ...event, profile: 'external', device: 'd'.repeat(900) });
    assert.equal(pbx.crashed, null, 'nobody is subscribed there');
    pbx.phones.feature({ ...event, device: 'd'.repeat(900) });
    assert.match(pbx.crashed ?? '', /1024/);
  });

  test('leaves out a forward whose target is empty, and tells nobody of a subscription that has ended', () => {
    const phone = pbx.subscribeFeatures('2001@lab.test');
    const event = {
      profile: 'internal',
      user: '2001',
      host: 'lab.test',
      'Feature-Event': 'init',
      doNotDisturbOn: 'false',
    };
    pbx.phones.feature({
      ...event,
      forward_busy_enabled: 'false',
      forward_immediate: '0',
      forward_immediate_enabled: 'false',
    });
    assert.deepEqual(phone.shown, { forwardImmediate: 'false 0', doNotDisturbOn: 'false' });
    phone.unsubscribe();
    pbx.phones.feature({ ...event, doNotDisturbOn: 'true' });
    assert.equal(phone.shown['doNotDisturbOn'], 'false');
  });
});

/** One `api` on a connection of its own; the body of the answer. */
function ask({ esl }: FakeFreeswitch, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(esl.port, '127.0.0.1').setEncoding('utf8').on('error', reject);
    let text = '';
    socket.write(`auth ${esl.password}\n\napi ${command}\n\n`);
    socket.on('data', (more: string) => {
      text += more;
      const [, length = '', rest = ''] = /api\/response\nContent-Length: (\d+)\n\n(.*)$/s.exec(text) ?? [];
      if (length === '' || Buffer.byteLength(rest) < Number(length)) return;
      socket.destroy();
      resolve(rest);
    });
  });
}
